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

static void put_no_attrs(struct peer *p, uint32_t version)
{
    put_u32(&p->out, 0);
    if (version > 3)
        put_u8(&p->out, SALLY_TYPE_REGULAR);
}

static void put_handle(struct peer *p, const struct handle *h)
{
    put_string(&p->out, h->bytes, h->size);
}

/* What follows the id, in each version. */
static void put_body(struct peer *p, uint8_t type, uint32_t version, const struct subject *on)
{
    switch (type) {
    case SSH_FXP_OPEN:
        put_text(&p->out, on->path);
        put_u32(&p->out, version < 5 ? SSH_FXF_READ : ACE4_READ_DATA);
        if (version >= 5)
            put_u32(&p->out, SSH_FXF_OPEN_EXISTING);
        put_no_attrs(p, version);
        break;
    case SSH_FXP_READ:
        put_handle(p, &on->file);
        put_u64(&p->out, 0);
        put_u32(&p->out, 5);
        break;
    case SSH_FXP_WRITE:
        put_handle(p, &on->file);
        put_u64(&p->out, 0);
        put_text(&p->out, "abc");
        break;
    case SSH_FXP_LSTAT:
    case SSH_FXP_STAT:
        put_text(&p->out, on->path);
        break;
    case SSH_FXP_CLOSE:
    case SSH_FXP_FSTAT:
        put_handle(p, &on->file);
        break;
    case SSH_FXP_SETSTAT:
        put_text(&p->out, on->path);
        put_no_attrs(p, version);
        break;
    case SSH_FXP_FSETSTAT:
        put_handle(p, &on->file);
        put_no_attrs(p, version);
        break;
    case SSH_FXP_READDIR:
        put_handle(p, &on->dir);
        break;
    case SSH_FXP_MKDIR:
        put_text(&p->out, *on->path ? "/new" : "");
        put_no_attrs(p, version);
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
        put_handle(p, &on->file);
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

static struct handle open_rw(struct peer *p, uint32_t version)
{
    uint32_t id = peer_begin(p, SSH_FXP_OPEN);
    put_text(&p->out, "/hello");
    put_u32(&p->out, version < 5 ? SSH_FXF_READ | SSH_FXF_WRITE : ACE4_READ_DATA | ACE4_WRITE_DATA);
    if (version >= 5)
        put_u32(&p->out, SSH_FXF_OPEN_EXISTING);
    put_no_attrs(p, version);
    peer_end(p);
    peer_go(p);
    struct slice s = get_string(&peer_expect(p, SSH_FXP_HANDLE, id)->body);
    struct handle h = {.size = s.size};
    memcpy(h.bytes, s.data, s.size);
    return h;
}

static struct peer *begin(uint32_t version, uint32_t permissions, struct subject *on)
{
    struct peer *p =
        peer_new(&(struct peer_options){.version = version, .permissions = permissions});
    p->store.many = 3;
    store_add(&p->store, "/link", SALLY_TYPE_SYMLINK, "/hello", 6);
    on->file = open_rw(p, version);
    on->dir = (struct handle){.size = 8};
    if (permissions & SALLY_MAY_LIST || !permissions)
        on->dir = peer_opendir(p, "/many");
    return p;
}

static uint32_t send_row(struct peer *p, const struct row *row, uint32_t version,
                         const struct subject *on)
{
    uint32_t id = peer_begin(p, row->type);
    put_body(p, row->type, version, on);
    peer_end(p);
    peer_go(p);
    return id;
}

static void good_ones(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            const struct row *row = &rows[i];
            struct subject on = {.path = row->subject};
            struct peer *p = begin(version, 0, &on);
            uint64_t before = p->store.calls[row->kind];
            uint32_t id = send_row(p, row, version, &on);
            bool known = row->versions >> version & 1;
            struct reply *r = peer_expect(p, known ? row->reply : SSH_FXP_STATUS, id);
            if (r->type == SSH_FXP_STATUS)
                assert_int_equal(get_u32(&r->body), known ? SALLY_OK : SALLY_UNSUPPORTED);
            if (row->kind)
                assert_int_equal(p->store.calls[row->kind] - before, known);
            peer_free(p);
        }
    }
}

static void missing_ones(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            const struct row *row = &rows[i];
            struct subject on, missing = {.path = "/none"};
            if (!(row->versions >> version & 1) || row->missing == NEVER_FAILS)
                continue;
            struct peer *p = begin(version, 0, &on);
            memcpy(missing.file.bytes, NO_HANDLE, 8);
            missing.file.size = 8;
            missing.dir = missing.file;
            peer_expect_status(p, send_row(p, row, version, &missing),
                               row->missing == SALLY_INVALID_HANDLE
                                   ? lost_handle_in(version, row->type)
                                   : status_in(version, row->missing));
            /* A handle of the wrong kind, and one that is closed. */
            if (row->missing == SALLY_INVALID_HANDLE && row->kind != SALLY_OP_CLOSE &&
                row->kind != SALLY_OP_FSTAT && row->kind != SALLY_OP_FSETSTAT) {
                missing.file = on.dir;
                missing.dir = on.file;
                peer_expect_status(p, send_row(p, row, version, &missing),
                                   status_in(version, SALLY_INVALID_HANDLE));
            }
            peer_close_handle(p, on.file);
            peer_close_handle(p, on.dir);
            if (row->missing == SALLY_INVALID_HANDLE)
                peer_expect_status(p, send_row(p, row, version, &on),
                                   lost_handle_in(version, row->type));
            peer_free(p);
        }
    }
}

static void denied_ones(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            const struct row *row = &rows[i];
            struct subject on = {.path = row->subject};
            if (!(row->versions >> version & 1))
                continue;
            for (int how = 0; how < 2; how++) {
                /* By the session's permissions, and by the storage. */
                bool by_permission = how == 0;
                if (by_permission && (!row->may || row->type == SSH_FXP_OPEN))
                    continue;
                struct peer *p = begin(version, by_permission ? SALLY_MAY_ALL & ~row->may : 0, &on);
                uint64_t before = p->store.calls[row->kind];
                p->store.fail = by_permission || !row->kind ? SALLY_OK : SALLY_PERMISSION_DENIED;
                uint32_t id = send_row(p, row, version, &on);
                if (by_permission) {
                    peer_expect_status(p, id, SALLY_PERMISSION_DENIED);
                    assert_int_equal(p->store.calls[row->kind], before);
                } else if (row->kind) {
                    peer_expect_status(p, id, SALLY_PERMISSION_DENIED);
                }
                if (row->kind == SALLY_OP_CLOSE && how)
                    p->store.open_files--; /* it counts as closed */
                peer_free(p);
            }
        }
    }
}

/* Cut off at every byte: one answer, which is no crash; the session goes on. */
static void malformed_ones(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            const struct row *row = &rows[i];
            struct subject on = {.path = row->subject};
            struct peer *p = begin(version, 0, &on);
            if (!(row->versions >> version & 1)) {
                peer_free(p);
                continue;
            }
            uint32_t id = peer_begin(p, row->type);
            put_body(p, row->type, version, &on);
            size_t whole = p->out.size - 9;
            for (size_t size = 0; size < whole; size++) {
                buf_truncate(&p->out, 9 + size);
                buf_reset(&p->out);
                id = peer_begin(p, row->type);
                put_body(p, row->type, version, &on);
                buf_truncate(&p->out, 9 + size);
                peer_end(p);
                peer_go(p);
                struct reply *r = peer_take(p);
                assert_int_equal(r->id, id);
                /* REALPATH of version 6 may end after its path; READLINK and others have no less.
                 */
                assert_int_equal(r->type, SSH_FXP_STATUS);
                assert_int_equal(get_u32(&r->body), SALLY_BAD_MESSAGE);
            }
            buf_reset(&p->out);
            id = peer_path_request(p, SSH_FXP_STAT, "/hello");
            peer_go(p);
            peer_expect(p, SSH_FXP_ATTRS, id);
            peer_free(p);
        }
    }
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
