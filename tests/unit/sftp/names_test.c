/* With a charset made for it: Latin 1 of which only some bytes are letters, and one that writes é
 * as two bytes. */
#include "cmocka_all.h"

#include "alloc_failure.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/path.h"
#include "sftp/names.h"
#include "sftp/peer.h"

#define E_ACUTE "\xc3\xa9" /* in UTF-8 */
#define EURO    "\xe2\x82\xac"
#define UNKNOWN "\xef\xbf\xbd"

/* e9 is é; f0 is é too, but é is written as e9; "\xe3\x81" is another letter, ü; "\xc3\xa9" and all
 * else is nothing. */
static bool to_utf8(struct slice in, struct buf *out)
{
    for (size_t i = 0; i < in.size; i++) {
        uint8_t byte = in.data[i];
        if (byte < 0x80) {
            put_u8(out, byte);
        } else if (byte == 0xe9 || byte == 0xf0) {
            put_bytes(out, E_ACUTE, 2);
        } else if (byte == 0xe3 && i + 1 < in.size && in.data[i + 1] == 0x81) {
            put_bytes(out, "\xc3\xbc", 2);
            i++;
        } else {
            return false;
        }
    }
    return !out->failed;
}

static bool from_utf8(struct slice in, struct buf *out)
{
    uint32_t code = 0;
    for (size_t i = 0, size; i < in.size; i += size) {
        size = utf8_at(in.data + i, in.size - i, &code);
        if (size && code < 0x80)
            put_u8(out, (uint8_t)code);
        else if (size && code == 0xe9)
            put_u8(out, 0xe9);
        else if (size && code == 0xfc)
            put_bytes(out, "\xe3\x81", 2);
        else
            return false;
    }
    return !out->failed;
}

static bool convert(struct charset *c, enum charset_way way, struct slice in, struct buf *out)
{
    (void)c;
    size_t before = out->size;
    bool good = way == CHARSET_TO_UTF8 ? to_utf8(in, out) : from_utf8(in, out);
    if (!good)
        buf_truncate(out, before);
    return good;
}

static struct charset odd = {convert};

static const struct naming utf8 = {NULL, true}, off = {&odd, false}, on = {&odd, true};

static void expect_taken(const struct naming *n, const char *raw, const char *there)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(names_to_storage(n, slice_of(raw), &b),
                     there ? SALLY_OK : SALLY_INVALID_FILENAME);
    if (there) {
        assert_int_equal(b.size, strlen(there));
        if (b.size)
            assert_memory_equal(buf_head(&b), there, b.size);
    }
    buf_clear(&b);
}

static void expect_shown(const struct naming *n, const char *there, const char *shown, bool exact)
{
    struct buf room;
    bool is_exact;
    buf_init(&room, 0);
    const char *text = names_to_client(n, there, &room, &is_exact);
    assert_string_equal(text, shown);
    assert_int_equal(is_exact, exact);
    buf_clear(&room);
}

static void names_go_there_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *there, *shown;
    } cases[] = {
        {"", ""},           {"/", "/"},
        {"plain", "plain"}, {"/a/b/../c//", "/a/b/../c//"},
        {"\xe9", E_ACUTE},  {"/x\xe9/y/\xe3\x81", "/x" E_ACUTE "/y/\xc3\xbc"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_shown(&on, cases[i].there, cases[i].shown, true);
        expect_taken(&on, cases[i].shown, cases[i].there);
        expect_shown(&off, cases[i].there, cases[i].there, true);
        expect_taken(&off, cases[i].there, cases[i].there);
    }
}

static void what_has_no_translation_stays_reachable_or_is_not_shown_as_another(void **state)
{
    (void)state;
    /* No UTF-8, and nothing in the charset: it is shown and taken as it is. */
    expect_shown(&on, "a\xff/\xe9", "a\xff/" E_ACUTE, false);
    expect_taken(&on, "a\xff/" E_ACUTE, "a\xff/\xe9");
    /* Bytes that are UTF-8 of another name: shown as neither. */
    expect_shown(&on, E_ACUTE, UNKNOWN UNKNOWN, false);
    expect_taken(&on, UNKNOWN UNKNOWN, NULL);
    /* A second spelling of é does not hide behind the first. */
    expect_shown(&on, "\xf0", "\xf0", false);
    expect_taken(&on, "\xf0", "\xf0");
    /* No UTF-8, but the charset's bytes: only the one right way is taken. */
    expect_taken(&on, "\xe9", NULL);
    /* Not in the charset. */
    expect_taken(&on, "a/" EURO, NULL);
    /* A storage in UTF-8: bytes are passed on, and the client is told. */
    expect_shown(&utf8, E_ACUTE, E_ACUTE, true);
    expect_shown(&utf8, "\xe9", "\xe9", false);
    expect_taken(&utf8, "\xe9", "\xe9");
}

static void bounds_are_kept(void **state)
{
    (void)state;
    struct buf b;
    static uint8_t many[8 * PATH_MAX_BYTES];
    memset(many, 0xe9, sizeof many);
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 2; i++) {
        const struct naming *n = i ? &on : &utf8;
        struct slice raw = {many, 4 * PATH_MAX_BYTES + 1};
        assert_int_equal(names_to_storage(n, raw, &b), SALLY_INVALID_FILENAME);
        raw.size = 4;
        many[2] = 0;
        assert_int_equal(names_to_storage(n, raw, &b), SALLY_INVALID_FILENAME);
        many[2] = 0xe9;
    }
    buf_clear(&b);
    buf_init(&b, 10);
    assert_int_equal(names_to_storage(&on, slice_of("aaaaaaaaaaaa"), &b), SALLY_FAILURE);
    buf_clear(&b);
}

static void memory_may_be_short(void **state)
{
    (void)state;
    bool struck = true;
    for (unsigned nth = 1; struck; nth++) {
        struct buf b;
        bool exact;
        buf_init(&b, 1000);
        alloc_fail_at(nth);
        sally_status status = names_to_storage(&on, slice_of("/x" E_ACUTE "/\xff"), &b);
        struck = alloc_failed();
        assert_int_equal(status, struck ? SALLY_FAILURE : SALLY_OK);
        buf_clear(&b);
        buf_init(&b, 0);
        alloc_fail_at(nth);
        const char *shown = names_to_client(&on, "/x\xe9/\xff", &b, &exact);
        bool also = alloc_failed();
        assert_true(also == (shown == NULL));
        struck |= also;
        buf_clear(&b);
    }
}

/* --- over the wire --- */

static struct peer *begin(uint32_t version, const char *name, struct charset *charset)
{
    struct peer *p = peer_new(
        &(struct peer_options){.version = version, .filename_charset = name, .charset = charset});
    store_add(&p->store, "/\xe9", SALLY_TYPE_REGULAR, "latin", 5);
    return p;
}

static void control(struct peer *p, bool translate, uint32_t status)
{
    uint32_t id = peer_begin_extended(p, "filename-translation-control");
    put_bool(&p->out, translate);
    peer_end(p);
    peer_go(p);
    peer_expect_status(p, id, status);
}

static bool can_stat(struct peer *p, const char *path)
{
    uint32_t id = peer_path_request(p, SSH_FXP_LSTAT, path);
    peer_go(p);
    struct reply *r = peer_take(p);
    assert_int_equal(r->id, id);
    return r->type == SSH_FXP_ATTRS;
}

static void the_client_decides(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        struct peer *p = begin(version, "odd", &odd);
        assert_int_equal(can_stat(p, "/" E_ACUTE), version > 3); /* UTF-8 from version 4 on */
        assert_int_equal(can_stat(p, "/\xe9"), version == 3);
        control(p, false, SALLY_OK);
        assert_true(can_stat(p, "/\xe9"));
        assert_false(can_stat(p, "/" E_ACUTE));
        control(p, true, SALLY_OK);
        assert_true(can_stat(p, "/" E_ACUTE));
        assert_int_equal(p->credit, p->sent);
        /* Without its argument. */
        uint32_t id = peer_begin_extended(p, "filename-translation-control");
        peer_end(p);
        peer_go(p);
        peer_expect_status(p, id, SALLY_BAD_MESSAGE);
        peer_free(p);
    }
    struct peer *p = begin(6, NULL, NULL);
    control(p, true, SALLY_UNSUPPORTED); /* as nothing was announced */
    assert_true(can_stat(p, "/\xe9"));
    peer_free(p);
}

static void every_request_with_a_path_is_translated(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        uint32_t from, to; /* versions */
        bool two;          /* a second path, without which there is nothing more */
    } rows[] = {
        {SSH_FXP_STAT, 4, 6, false},     {SSH_FXP_OPENDIR, 4, 6, false},
        {SSH_FXP_REMOVE, 4, 6, false},   {SSH_FXP_RMDIR, 4, 6, false},
        {SSH_FXP_READLINK, 4, 6, false}, {SSH_FXP_RENAME, 4, 4, true},
        {SSH_FXP_SYMLINK, 4, 5, true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (uint32_t version = rows[i].from; version <= rows[i].to; version++) {
            struct peer *p = begin(version, "odd", &odd);
            peer_begin(p, rows[i].type);
            put_text(&p->out, "/x" E_ACUTE);
            if (rows[i].two)
                put_text(&p->out, "/y" E_ACUTE);
            peer_end(p);
            uint32_t id = peer_begin(p, rows[i].type);
            put_text(&p->out, rows[i].two ? "/x" : "/x" EURO);
            if (rows[i].two)
                put_text(&p->out, "/y" EURO);
            peer_end(p);
            peer_go(p);
            peer_take(p);
            peer_expect_status(p, id, version < 6 ? SALLY_BAD_MESSAGE : SALLY_INVALID_FILENAME);
            bool link = rows[i].type == SSH_FXP_SYMLINK;
            assert_string_equal(p->store.last_path, link ? "/y\xe9" : "/x\xe9");
            if (rows[i].type == SSH_FXP_RENAME)
                assert_string_equal(p->store.last_to, "/y\xe9");
            peer_free(p);
        }
    }
}

/* The first name of a reply, and what its attributes say of it. */
static struct slice name_of(struct peer *p, uint32_t id, struct slice *untranslated, bool *error)
{
    struct reply *r = peer_expect(p, SSH_FXP_NAME, id);
    *untranslated = (struct slice){NULL, 0};
    *error = false;
    assert_int_equal(get_u32(&r->body), 1);
    struct slice name = get_string(&r->body);
    uint32_t flags = get_u32(&r->body);
    get_u8(&r->body);
    if (flags & SSH_FILEXFER_ATTR_SIZE)
        get_u64(&r->body);
    if (flags & SSH_FILEXFER_ATTR_OWNERGROUP) {
        get_string(&r->body);
        get_string(&r->body);
    }
    if (flags & SSH_FILEXFER_ATTR_PERMISSIONS)
        get_u32(&r->body);
    if (flags & SSH_FILEXFER_ATTR_ACCESSTIME)
        get_u64(&r->body);
    if (flags & SSH_FILEXFER_ATTR_MODIFYTIME)
        get_u64(&r->body);
    if (flags & SSH_FILEXFER_ATTR_BITS)
        *error = get_u32(&r->body) & get_u32(&r->body) & SSH_FILEXFER_ATTR_FLAGS_TRANSLATION_ERR;
    if (flags & SSH_FILEXFER_ATTR_UNTRANSLATED_NAME)
        *untranslated = get_string(&r->body);
    assert_false(r->body.bad);
    return name;
}

static uint32_t realpath(struct peer *p, const char *path)
{
    uint32_t id = peer_path_request(p, SSH_FXP_REALPATH, path);
    peer_go(p);
    return id;
}

static void names_in_replies_are_translated(void **state)
{
    (void)state;
    struct slice original;
    bool error;
    struct peer *p = begin(6, "odd", &odd);
    uint32_t id = realpath(p, "/x" E_ACUTE);
    assert_true(slice_is(name_of(p, id, &original, &error), "/x" E_ACUTE));
    assert_true(!error && original.size == 0);
    id = realpath(p, "/x" E_ACUTE "/\xff");
    assert_true(slice_is(name_of(p, id, &original, &error), "/x" E_ACUTE "/\xff"));
    assert_true(error && slice_is(original, "/x\xe9/\xff"));
    control(p, false, SALLY_OK);
    id = realpath(p, "/x\xe9/\xff");
    assert_true(slice_is(name_of(p, id, &original, &error), "/x\xe9/\xff"));
    assert_true(!error && original.size == 0);
    control(p, true, SALLY_OK);
    /* A link's text. */
    store_add(&p->store, "/link", SALLY_TYPE_SYMLINK, "to/\xe9", 4);
    id = peer_path_request(p, SSH_FXP_READLINK, "/link");
    peer_go(p);
    assert_true(slice_is(name_of(p, id, &original, &error), "to/" E_ACUTE));
    peer_free(p);
    /* A storage in UTF-8, and a name that is not. */
    p = begin(6, "UTF-8", NULL);
    id = realpath(p, "/\xe9");
    assert_true(slice_is(name_of(p, id, &original, &error), "/\xe9"));
    assert_true(error && slice_is(original, "/\xe9"));
    peer_free(p);
}

static void entries_are_translated(void **state)
{
    (void)state;
    static const struct {
        const char *name, *shown;
        bool exact;
    } cases[] = {
        {"a\xe9", "a" E_ACUTE, true}, {"a\xff", "a\xff", false}, {E_ACUTE, UNKNOWN UNKNOWN, false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (int plain = 0; plain < 2; plain++) {
            struct slice original;
            bool error;
            char path[32] = "/home/joe/";
            struct peer *p = begin(6, "odd", &odd);
            p->store.plain_names = plain;
            strcat(path, cases[i].name);
            store_add(&p->store, path, SALLY_TYPE_REGULAR, "x", 1);
            struct handle h = peer_opendir(p, "/home/joe");
            uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
            peer_go(p);
            assert_true(slice_is(name_of(p, id, &original, &error), cases[i].shown));
            assert_int_equal(error, !cases[i].exact);
            if (error)
                assert_true(slice_is(original, cases[i].name));
            peer_close_handle(p, h);
            peer_free(p);
        }
    }
}

static void it_is_announced(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        for (int which = 0; which < 3; which++) {
            struct peer *p =
                peer_new(&(struct peer_options){.no_init = true,
                                                .max_version = version,
                                                .filename_charset = which ? "odd" : NULL,
                                                .deny = which == 2 ? "version-select" : NULL});
            put_u32(&p->out, 5);
            put_u8(&p->out, SSH_FXP_INIT);
            put_u32(&p->out, version);
            peer_go(p);
            struct reply *r = peer_take(p);
            bool found = false;
            get_u32(&r->body);
            while (cursor_left(&r->body)) {
                struct slice key = get_string(&r->body), value = get_string(&r->body);
                if (slice_is(key, "filename-charset")) {
                    assert_true(slice_is(value, "odd"));
                    found = true;
                }
            }
            assert_int_equal(found, which && version > 3);
            peer_free(p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_there_and_back),
        cmocka_unit_test(what_has_no_translation_stays_reachable_or_is_not_shown_as_another),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(memory_may_be_short),
        cmocka_unit_test(the_client_decides),
        cmocka_unit_test(every_request_with_a_path_is_translated),
        cmocka_unit_test(names_in_replies_are_translated),
        cmocka_unit_test(entries_are_translated),
        cmocka_unit_test(it_is_announced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
