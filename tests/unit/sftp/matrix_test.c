/* Every request of every version: good, about what is missing, denied, and malformed at each byte.
 * Those with attributes: matrix_attrs_test.c. */
#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

#define NO_HANDLE "\xff\xff\xff\xff\0\0\0\1"

struct subject {
    const char *path;   /* of requests by path */
    struct handle file; /* of those by handle */
    struct handle dir;
};

/* What follows the id, in each version. */
static void put_body(struct peer *p, uint8_t type, uint32_t version, const struct subject *on)
{
    switch (type) {
    case SSH_FXP_OPEN:
        put_text(&p->out, on->path);
        put_u32(&p->out, version < 5 ? SSH_FXF_READ : ACE4_READ_DATA);
        if (version >= 5)
            put_u32(&p->out, SSH_FXF_OPEN_EXISTING);
        peer_put_no_attrs(p);
        break;
    case SSH_FXP_READ:
        peer_put_handle(p, &on->file);
        put_u64(&p->out, 0);
        put_u32(&p->out, 5);
        break;
    case SSH_FXP_WRITE:
        peer_put_handle(p, &on->file);
        put_u64(&p->out, 0);
        put_text(&p->out, "abc");
        break;
    case SSH_FXP_LSTAT:
    case SSH_FXP_STAT:
        put_text(&p->out, on->path);
        break;
    case SSH_FXP_CLOSE:
    case SSH_FXP_FSTAT:
        peer_put_handle(p, &on->file);
        break;
    case SSH_FXP_SETSTAT:
        put_text(&p->out, on->path);
        peer_put_no_attrs(p);
        break;
    case SSH_FXP_FSETSTAT:
        peer_put_handle(p, &on->file);
        peer_put_no_attrs(p);
        break;
    case SSH_FXP_READDIR:
        peer_put_handle(p, &on->dir);
        break;
    case SSH_FXP_MKDIR:
        put_text(&p->out, *on->path ? "/new" : "");
        peer_put_no_attrs(p);
        break;
    case SSH_FXP_RENAME:
        put_text(&p->out, on->path);
        put_text(&p->out, "/new");
        if (version >= 5)
            put_u32(&p->out, 0);
        break;
    case SSH_FXP_SYMLINK:
        put_text(&p->out, "target");
        put_text(&p->out, "/new");
        break;
    case SSH_FXP_LINK:
        put_text(&p->out, "/new");
        put_text(&p->out, on->path);
        put_bool(&p->out, false);
        break;
    case SSH_FXP_BLOCK:
    case SSH_FXP_UNBLOCK:
        peer_put_handle(p, &on->file);
        put_u64(&p->out, 0);
        put_u64(&p->out, 1);
        if (type == SSH_FXP_BLOCK)
            put_u32(&p->out, SSH_FXF_BLOCK_WRITE);
        break;
    default: /* a path alone */
        put_text(&p->out, on->path);
    }
}

#define ALL_VERSIONS 0x78u
#define ONLY_6       0x40u
#define UP_TO_5      0x38u
#define NEVER_FAILS  0xffu

/* clang-format off */
static const struct row {
    uint8_t type;
    uint8_t versions;    /* 1 << version */
    const char *subject; /* of the good request */
    uint8_t reply;       /* to it */
    uint32_t may;        /* without this permission it is denied; 0: cannot be */
    uint8_t missing;     /* status in version 6 when its subject is missing */
    uint64_t kind;       /* that reaches the storage */
} rows[] = {
    {SSH_FXP_OPEN,     ALL_VERSIONS, "/hello", SSH_FXP_HANDLE, SALLY_MAY_READ,    SALLY_NO_SUCH_FILE,   SALLY_OP_OPEN},
    {SSH_FXP_CLOSE,    ALL_VERSIONS, "/hello", SSH_FXP_STATUS, 0,                 SALLY_INVALID_HANDLE, SALLY_OP_CLOSE},
    {SSH_FXP_READ,     ALL_VERSIONS, "/hello", SSH_FXP_DATA,   0,                 SALLY_INVALID_HANDLE, SALLY_OP_READ},
    {SSH_FXP_WRITE,    ALL_VERSIONS, "/hello", SSH_FXP_STATUS, 0,                 SALLY_INVALID_HANDLE, SALLY_OP_WRITE},
    {SSH_FXP_LSTAT,    ALL_VERSIONS, "/hello", SSH_FXP_ATTRS,  SALLY_MAY_STAT,    SALLY_NO_SUCH_FILE,   SALLY_OP_STAT},
    {SSH_FXP_STAT,     ALL_VERSIONS, "/hello", SSH_FXP_ATTRS,  SALLY_MAY_STAT,    SALLY_NO_SUCH_FILE,   SALLY_OP_STAT},
    {SSH_FXP_FSTAT,    ALL_VERSIONS, "/hello", SSH_FXP_ATTRS,  SALLY_MAY_STAT,    SALLY_INVALID_HANDLE, SALLY_OP_FSTAT},
    {SSH_FXP_SETSTAT,  ALL_VERSIONS, "/hello", SSH_FXP_STATUS, SALLY_MAY_SETSTAT, SALLY_NO_SUCH_FILE,   SALLY_OP_SETSTAT},
    {SSH_FXP_FSETSTAT, ALL_VERSIONS, "/hello", SSH_FXP_STATUS, SALLY_MAY_SETSTAT, SALLY_INVALID_HANDLE, SALLY_OP_FSETSTAT},
    {SSH_FXP_OPENDIR,  ALL_VERSIONS, "/many",  SSH_FXP_HANDLE, SALLY_MAY_LIST,    SALLY_NO_SUCH_FILE,   SALLY_OP_OPENDIR},
    {SSH_FXP_READDIR,  ALL_VERSIONS, "/many",  SSH_FXP_NAME,   0,                 SALLY_INVALID_HANDLE, SALLY_OP_READDIR},
    {SSH_FXP_REMOVE,   ALL_VERSIONS, "/hello", SSH_FXP_STATUS, SALLY_MAY_REMOVE,  SALLY_NO_SUCH_FILE,   SALLY_OP_REMOVE},
    {SSH_FXP_MKDIR,    ALL_VERSIONS, "/hello", SSH_FXP_STATUS, SALLY_MAY_MKDIR,   NEVER_FAILS,          SALLY_OP_MKDIR},
    {SSH_FXP_RMDIR,    ALL_VERSIONS, "/many",  SSH_FXP_STATUS, SALLY_MAY_RMDIR,   SALLY_NO_SUCH_FILE,   SALLY_OP_RMDIR},
    {SSH_FXP_REALPATH, ALL_VERSIONS, "/hello", SSH_FXP_NAME,   0,                 NEVER_FAILS,          0},
    {SSH_FXP_RENAME,   ALL_VERSIONS, "/hello", SSH_FXP_STATUS, SALLY_MAY_RENAME,  SALLY_NO_SUCH_FILE,   SALLY_OP_RENAME},
    {SSH_FXP_READLINK, ALL_VERSIONS, "/link",  SSH_FXP_NAME,   SALLY_MAY_STAT,    SALLY_NO_SUCH_FILE,   SALLY_OP_READLINK},
    {SSH_FXP_SYMLINK,  UP_TO_5,      "/hello", SSH_FXP_STATUS, SALLY_MAY_SYMLINK, NEVER_FAILS,          SALLY_OP_SYMLINK},
    {SSH_FXP_LINK,     ONLY_6,       "/hello", SSH_FXP_STATUS, SALLY_MAY_LINK,    SALLY_NO_SUCH_FILE,   SALLY_OP_LINK},
    {SSH_FXP_BLOCK,    ONLY_6,       "/hello", SSH_FXP_STATUS, SALLY_MAY_LOCK,    SALLY_INVALID_HANDLE, SALLY_OP_LOCK},
    {SSH_FXP_UNBLOCK,  ONLY_6,       "/hello", SSH_FXP_STATUS, SALLY_MAY_LOCK,    SALLY_INVALID_HANDLE, SALLY_OP_UNLOCK},
};
/* clang-format on */

static uint32_t status_in(uint32_t version, uint32_t status)
{
    return version == 3 && status > SALLY_UNSUPPORTED ? SALLY_FAILURE : status;
}

/* Version 3 has no word for it, and OpenSSH two. */
static uint32_t lost_handle_in(uint32_t version, uint8_t type)
{
    return version == 3 && type == SSH_FXP_CLOSE ? SALLY_NO_SUCH_FILE
                                                 : status_in(version, SALLY_INVALID_HANDLE);
}

/* One row in one version, with a session of its own. */
struct fixture {
    const struct row *row;
    uint32_t version;
    struct peer *p;
    struct subject on; /* what is there */
};

static void start(struct fixture *f, uint32_t permissions)
{
    struct peer *p = f->p =
        peer_new(&(struct peer_options){.version = f->version, .permissions = permissions});
    p->store.many = 3;
    store_add(&p->store, "/link", SALLY_TYPE_SYMLINK, "/hello", 6);
    f->on = (struct subject){
        .path = f->row->subject, .file = peer_open_both(p, "/hello"), .dir = {.size = 8}};
    if (permissions & SALLY_MAY_LIST)
        f->on.dir = peer_opendir(p, "/many");
}

static bool is_known(const struct fixture *f)
{
    return f->row->versions >> f->version & 1;
}

static void in_each_version(void (*check)(struct fixture *f))
{
    for (uint32_t version = 3; version <= 6; version++)
        for (size_t i = 0; i < COUNT_OF(rows); i++)
            check(&(struct fixture){.row = &rows[i], .version = version});
}

static uint32_t send_about(struct fixture *f, const struct subject *on)
{
    uint32_t id = peer_begin(f->p, f->row->type);
    put_body(f->p, f->row->type, f->version, on);
    peer_end(f->p);
    peer_go(f->p);
    return id;
}

static uint64_t calls(const struct fixture *f)
{
    return f->p->store.calls[f->row->kind];
}

/* ---- Good ---- */

static void check_good(struct fixture *f)
{
    const struct row *row = f->row;
    bool known = is_known(f);
    start(f, SALLY_MAY_ALL);
    uint64_t before = calls(f);
    uint32_t id = send_about(f, &f->on);
    struct reply *r = peer_expect(f->p, known ? row->reply : SSH_FXP_STATUS, id);
    if (r->type == SSH_FXP_STATUS)
        assert_int_equal(get_u32(&r->body), known ? SALLY_OK : SALLY_UNSUPPORTED);
    if (row->kind)
        assert_int_equal(calls(f) - before, known);
    peer_free(f->p);
}

static void good_ones(void **state)
{
    (void)state;
    in_each_version(check_good);
}

/* ---- About what is missing ---- */

static bool takes_any_handle(const struct row *row)
{
    return row->kind == SALLY_OP_CLOSE || row->kind == SALLY_OP_FSTAT ||
           row->kind == SALLY_OP_FSETSTAT;
}

static void check_missing(struct fixture *f)
{
    const struct row *row = f->row;
    bool by_handle = row->missing == SALLY_INVALID_HANDLE;
    if (!is_known(f) || row->missing == NEVER_FAILS)
        return;
    start(f, SALLY_MAY_ALL);
    struct subject missing = {.path = "/none", .file = {.size = 8}};
    memcpy(missing.file.bytes, NO_HANDLE, 8);
    missing.dir = missing.file;
    uint32_t lost = lost_handle_in(f->version, row->type);
    peer_expect_status(f->p, send_about(f, &missing),
                       by_handle ? lost : status_in(f->version, row->missing));
    /* A handle of the wrong kind, and one that is closed. */
    if (by_handle && !takes_any_handle(row)) {
        missing.file = f->on.dir;
        missing.dir = f->on.file;
        peer_expect_status(f->p, send_about(f, &missing),
                           status_in(f->version, SALLY_INVALID_HANDLE));
    }
    peer_close_handle(f->p, f->on.file);
    peer_close_handle(f->p, f->on.dir);
    if (by_handle)
        peer_expect_status(f->p, send_about(f, &f->on), lost);
    peer_free(f->p);
}

static void missing_ones(void **state)
{
    (void)state;
    in_each_version(check_missing);
}

/* ---- Denied ---- */

static void check_denied_by_permission(struct fixture *f)
{
    const struct row *row = f->row;
    if (!is_known(f) || !row->may || row->type == SSH_FXP_OPEN)
        return;
    start(f, SALLY_MAY_ALL & ~row->may);
    uint64_t before = calls(f);
    peer_expect_status(f->p, send_about(f, &f->on), SALLY_PERMISSION_DENIED);
    assert_int_equal(calls(f), before);
    peer_free(f->p);
}

static void check_denied_by_storage(struct fixture *f)
{
    const struct row *row = f->row;
    if (!is_known(f) || !row->kind)
        return;
    start(f, SALLY_MAY_ALL);
    f->p->store.fail = SALLY_PERMISSION_DENIED;
    peer_expect_status(f->p, send_about(f, &f->on), SALLY_PERMISSION_DENIED);
    if (row->kind == SALLY_OP_CLOSE)
        f->p->store.open_files--; /* it counts as closed */
    peer_free(f->p);
}

static void denied_ones(void **state)
{
    (void)state;
    in_each_version(check_denied_by_permission);
    in_each_version(check_denied_by_storage);
}

/* ---- Malformed ---- */

/* Cut off at every byte: one answer, which is no crash; the session goes on. */
static void check_malformed(struct fixture *f)
{
    const size_t head = 9; /* length, type, id */
    if (!is_known(f))
        return;
    start(f, SALLY_MAY_ALL);
    struct buf *out = &f->p->out;
    size_t size = 0, whole;
    do {
        uint32_t id = peer_begin(f->p, f->row->type);
        put_body(f->p, f->row->type, f->version, &f->on);
        whole = out->size - head;
        buf_truncate(out, head + size);
        peer_end(f->p);
        peer_go(f->p);
        peer_expect_status(f->p, id, SALLY_BAD_MESSAGE);
    } while (++size < whole);
    uint32_t id = peer_path_request(f->p, SSH_FXP_STAT, "/hello");
    peer_go(f->p);
    peer_expect(f->p, SSH_FXP_ATTRS, id);
    peer_free(f->p);
}

static void malformed_ones(void **state)
{
    (void)state;
    in_each_version(check_malformed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones),
        cmocka_unit_test(missing_ones),
        cmocka_unit_test(denied_ones),
        cmocka_unit_test(malformed_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
