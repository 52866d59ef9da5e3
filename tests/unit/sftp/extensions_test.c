/* Which extensions are announced to whom: each row of EXTENSION_MAP. */
#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"
#include "sftp/request_map.h"

/* What follows the name in a request that succeeds. */
enum body {
    NOTHING,
    PATH,
    TWO_PATHS,
    PATH_ATTRS,
    PATH_CHECK,
    PATH_MD5,
    COPY_PATHS,
    OPEN_FILE,
    OPEN_TO_WRITE,
    READ_CHECK,
    READ_MD5,
    READ_LINE,
    TWO_HANDLES,
    IDS,
    NOT_SENT /* what is there to be asked is in other tests */
};

#define NOTHING_AT_ALL SALLY_MAY_SYMLINK /* of what extensions need */

/* clang-format off */
static const struct row {
    const char *name;
    uint32_t needs; /* each of these bits */
    enum body body;
} rows[] = {
    {"posix-rename@openssh.com",       SALLY_MAY_RENAME | SALLY_MAY_REMOVE, TWO_PATHS},
    {"statvfs@openssh.com",            SALLY_MAY_STAT,                      PATH},
    {"fstatvfs@openssh.com",           SALLY_MAY_STAT,                      OPEN_FILE},
    {"hardlink@openssh.com",           SALLY_MAY_LINK,                      TWO_PATHS},
    {"fsync@openssh.com",              SALLY_MAY_WRITE,                     OPEN_TO_WRITE},
    {"lsetstat@openssh.com",           SALLY_MAY_SETSTAT,                   PATH_ATTRS},
    {"limits@openssh.com",             0,                                   NOTHING},
    {"expand-path@openssh.com",        0,                                   PATH},
    {"copy-data",                      SALLY_MAY_READ | SALLY_MAY_WRITE,    TWO_HANDLES},
    {"home-directory",                 0,                                   PATH},
    {"users-groups-by-id@openssh.com", SALLY_MAY_STAT,                      IDS},
    {"check-file-handle",              SALLY_MAY_READ,                      READ_CHECK},
    {"check-file-name",                SALLY_MAY_READ,                      PATH_CHECK},
    {"md5-hash",                       SALLY_MAY_READ,                      PATH_MD5},
    {"md5-hash-handle",                SALLY_MAY_READ,                      READ_MD5},
    {"space-available",                SALLY_MAY_STAT,                      PATH},
    {"copy-file",                      SALLY_MAY_READ | SALLY_MAY_WRITE | SALLY_MAY_CREATE, COPY_PATHS},
    {"get-temp-folder",                0,                                   NOTHING},
    {"make-temp-folder",               SALLY_MAY_MKDIR,                     NOTHING},
    {"text-seek",                      SALLY_MAY_READ,                      READ_LINE},
    {"filename-translation-control",   0,                                   NOT_SENT},
    {"vendor-id",                      0,                                   NOT_SENT},
    {"version-select",                 0,                                   NOT_SENT},
    {"check-file",                     SALLY_MAY_READ,                      READ_CHECK},
};

/* The versions in the pairs of VERSION; NULL: it is no pair. */
static const char *const versions[] = {
#define VERSION(id, on_wire, name, version, kind, needs, handle) version,
    EXTENSION_MAP(VERSION)
#undef VERSION
};
/* clang-format on */

static void every_row_is_here(void **state)
{
    (void)state;
    static const char *const names[] = {
#define NAME(id, on_wire, name, version, kind, needs, handle) on_wire,
        EXTENSION_MAP(NAME)
#undef NAME
    };
    assert_int_equal(COUNT_OF(rows), COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(rows[i].name, names[i]);
}

static struct peer *begin(uint32_t version, uint32_t permissions)
{
    return peer_new(&(struct peer_options){
        .version = version, .permissions = permissions, .filename_charset = "UTF-8"});
}

/* ---- What VERSION says ---- */

/* The value of a pair in the VERSION reply that was taken last; NULL data: there is none. */
static struct slice pair_of(const struct peer *p, const char *name)
{
    struct cursor c = p->reply.body;
    get_u32(&c);
    while (cursor_left(&c)) {
        struct slice key = get_string(&c), value = get_string(&c);
        assert_false(c.bad);
        if (slice_is(key, name))
            return value;
    }
    return (struct slice){.data = NULL};
}

static bool is_among_names(struct slice supported, uint32_t version, const char *name)
{
    struct cursor c = cursor_of_slice(supported);
    bool found = false;
    cursor_read(&c, version == 6 ? 32 : 20); /* the fields before the names */
    while (cursor_left(&c))
        found |= slice_is(get_string(&c), name);
    assert_true(cursor_done(&c));
    return found;
}

static void expect_announced(const struct row *row, uint32_t permissions, bool announced)
{
    const char *pair = versions[row - rows];
    for (uint32_t version = 3; version <= 6; version++) {
        struct peer *p = peer_new(&(struct peer_options){
            .permissions = permissions, .filename_charset = "UTF-8", .no_init = true});
        peer_init(p, version);
        if (pair)
            assert_int_equal(pair_of(p, row->name).data != NULL, announced);
        if (version >= 5)
            assert_int_equal(is_among_names(pair_of(p, version == 5 ? "supported" : "supported2"),
                                            version, row->name),
                             announced);
        peer_free(p);
    }
}

static void they_are_announced_to_those_who_may(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        expect_announced(row, SALLY_MAY_ALL, true);
        expect_announced(row, row->needs | NOTHING_AT_ALL, true);
        for (uint32_t bit = 1; bit <= row->needs; bit <<= 1)
            if (row->needs & bit)
                expect_announced(row, SALLY_MAY_ALL & ~bit, false);
    }
}

/* ---- That it is true ---- */

/* A file open for both, or for what may be. */
static struct handle open_file(struct peer *p, const char *path, uint32_t permissions)
{
    uint32_t flags = SSH_FXF_TEXT;
    flags |= permissions & SALLY_MAY_READ ? SSH_FXF_READ : 0;
    flags |= permissions & SALLY_MAY_WRITE ? SSH_FXF_WRITE : 0;
    return peer_open(p, path, flags);
}

static void put_check(struct peer *p)
{
    put_text(&p->out, "md5");
    put_u64(&p->out, 0);
    put_u64(&p->out, 0);
    put_u32(&p->out, 0);
}

static void put_md5(struct peer *p)
{
    put_u64(&p->out, 0);
    put_u64(&p->out, 0);
    put_text(&p->out, "");
}

static void put_body(struct peer *p, const struct row *row, struct handle from, struct handle to)
{
    if (row->body >= OPEN_FILE && row->body <= TWO_HANDLES)
        put_string(&p->out, from.bytes, from.size);
    else if (row->body != NOTHING && row->body != IDS)
        put_text(&p->out, strcmp(row->name, "home-directory") == 0 ? "" : "/hello");
    switch (row->body) {
    case TWO_PATHS:
        put_text(&p->out, "/new");
        break;
    case PATH_ATTRS:
        put_u32(&p->out, 0);
        put_u8(&p->out, SALLY_TYPE_REGULAR);
        break;
    case PATH_CHECK:
    case READ_CHECK:
        put_check(p);
        break;
    case PATH_MD5:
    case READ_MD5:
        put_md5(p);
        break;
    case COPY_PATHS:
        put_text(&p->out, "/new");
        put_bool(&p->out, false);
        break;
    case READ_LINE:
        put_u64(&p->out, 0);
        break;
    case TWO_HANDLES:
        put_u64(&p->out, 0);
        put_u64(&p->out, 0);
        put_string(&p->out, to.bytes, to.size);
        put_u64(&p->out, 0);
        break;
    case IDS:
        put_text(&p->out, "");
        put_text(&p->out, "");
        break;
    default:
        break;
    }
}

/* Whether the request was not denied: it then succeeds. */
static bool succeeds(const struct row *row, uint32_t permissions)
{
    struct peer *p = begin(4, permissions);
    store_add(&p->store, "/other", SALLY_TYPE_REGULAR, "x", 1);
    struct handle from = {.size = 0}, to = {.size = 0};
    if (row->body >= OPEN_FILE && row->body <= TWO_HANDLES) {
        from = open_file(p, "/hello", permissions);
        to = open_file(p, "/other", permissions);
    }
    uint32_t id = peer_begin_extended(p, row->name);
    put_body(p, row, from, to);
    peer_end(p);
    peer_go(p);
    struct reply *r = peer_take(p);
    assert_int_equal(r->id, id);
    uint32_t status = r->type == SSH_FXP_STATUS ? get_u32(&r->body) : SALLY_OK;
    if (status != SALLY_OK)
        assert_int_equal(status, SALLY_PERMISSION_DENIED);
    peer_free(p);
    return status == SALLY_OK;
}

static void they_fail_for_those_who_may_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        if (row->body == NOT_SENT)
            continue;
        bool by_handle = row->body >= OPEN_FILE && row->body <= TWO_HANDLES;
        assert_true(succeeds(row, SALLY_MAY_ALL));
        assert_true(succeeds(row, row->needs | NOTHING_AT_ALL | (by_handle ? SALLY_MAY_READ : 0)));
        for (uint32_t bit = 1; bit <= row->needs; bit <<= 1)
            if (row->needs & bit)
                assert_false(succeeds(row, SALLY_MAY_ALL & ~bit));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_here),
        cmocka_unit_test(they_are_announced_to_those_who_may),
        cmocka_unit_test(they_fail_for_those_who_may_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
