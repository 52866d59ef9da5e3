#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

static void put_check(struct peer *p, const char *algorithms, uint64_t offset, uint64_t length,
                      uint32_t block)
{
    put_text(&p->out, algorithms);
    put_u64(&p->out, offset);
    put_u64(&p->out, length);
    put_u32(&p->out, block);
    peer_end(p);
}

static uint32_t by_name(struct peer *p, const char *path, uint64_t offset, uint64_t length,
                        uint32_t block)
{
    uint32_t id = peer_begin_extended(p, "check-file-name");
    put_text(&p->out, path);
    put_check(p, "sha1,md5", offset, length, block);
    return id;
}

static uint32_t by_handle(struct peer *p, const char *name, struct handle h)
{
    uint32_t id = peer_begin_extended(p, name);
    put_string(&p->out, h.bytes, h.size);
    put_check(p, "md5", 0, 0, 0);
    return id;
}

static size_t expect_digests(struct peer *p, uint32_t id)
{
    struct reply *r = peer_expect(p, SSH_FXP_EXTENDED_REPLY, id);
    assert_true(slice_is(get_string(&r->body), "check-file"));
    assert_true(slice_is(get_string(&r->body), "md5"));
    return cursor_left(&r->body);
}

static void digests_by_name_and_handle(void **state)
{
    (void)state;
    static const char data[1000];
    struct peer *p = peer_new(NULL);
    store_add(&p->store, "/t", SALLY_TYPE_REGULAR, data, sizeof data);
    store_add(&p->store, "/empty", SALLY_TYPE_REGULAR, "", 0);
    struct handle h = peer_open(p, "/t", SSH_FXF_READ);
    uint32_t a = by_name(p, "/t", 0, 0, 0), b = by_name(p, "/t", 0, 0, 256),
             c = by_name(p, "/t", 500, 0, 65537), d = by_name(p, "/empty", 0, 0, 0),
             e = by_handle(p, "check-file-handle", h), f = by_handle(p, "check-file", h);
    peer_go(p);
    assert_int_equal(expect_digests(p, a), 16);
    assert_int_equal(expect_digests(p, b), 64);
    assert_int_equal(expect_digests(p, c), 16);
    assert_int_equal(expect_digests(p, d), 16);
    assert_int_equal(expect_digests(p, e), 16);
    assert_int_equal(expect_digests(p, f), 16);
    peer_free(p);
}

static void what_is_refused(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.version = 6});
    struct peer *q = peer_new(&(struct peer_options){.version = 4});
    struct handle blind = peer_open(q, "/hello", SSH_FXF_WRITE), dir = peer_opendir(q, "/many"),
                  bad = {.size = 2};
    uint32_t a = by_name(p, "/hello", 0, 0, 255), b = by_name(p, "/hello", 1, UINT64_MAX, 0),
             c = by_name(p, "/none", 0, 0, 0), d = peer_begin_extended(p, "check-file-name");
    put_text(&p->out, "/hello");
    put_check(p, "sha3", 0, 0, 0);
    uint32_t e = peer_begin_extended(p, "check-file-name");
    put_text(&p->out, "/hello");
    peer_end(p);
    peer_go(p);
    peer_expect_status(p, a, SALLY_INVALID_PARAMETER);
    peer_expect_status(p, b, SALLY_INVALID_PARAMETER);
    peer_expect_status(p, c, SALLY_NO_SUCH_FILE);
    peer_expect_status(p, d, SALLY_UNSUPPORTED);
    peer_expect_status(p, e, SALLY_BAD_MESSAGE);
    a = by_handle(q, "check-file-handle", blind);
    b = by_handle(q, "check-file-handle", dir);
    c = by_handle(q, "check-file-handle", bad);
    peer_go(q);
    peer_expect_status(q, a, SALLY_PERMISSION_DENIED);
    peer_expect_status(q, b, SALLY_INVALID_HANDLE);
    peer_expect_status(q, c, SALLY_INVALID_HANDLE);
    peer_free(q);
    peer_free(p);
    p = peer_new(&(struct peer_options){.without = SALLY_OP_BIT(SALLY_OP_HASH)});
    a = by_name(p, "/hello", 0, 0, 0);
    peer_go(p);
    peer_expect_status(p, a, SALLY_UNSUPPORTED);
    peer_free(p);
    p = peer_new(&(struct peer_options){.permissions = SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_READ});
    a = by_name(p, "/hello", 0, 0, 0);
    peer_go(p);
    peer_expect_status(p, a, SALLY_PERMISSION_DENIED);
    peer_free(p);
}

static uint32_t md5(struct peer *p, const char *path, const struct handle *h, const void *quick,
                    size_t quick_size)
{
    uint32_t id = peer_begin_extended(p, h ? "md5-hash-handle" : "md5-hash");
    if (h)
        put_string(&p->out, h->bytes, h->size);
    else
        put_text(&p->out, path);
    put_u64(&p->out, 0);
    put_u64(&p->out, 0);
    put_string(&p->out, quick, quick_size);
    peer_end(p);
    return id;
}

static void expect_md5(struct peer *p, uint32_t id, const void *digest, size_t size)
{
    struct reply *r = peer_expect(p, SSH_FXP_EXTENDED_REPLY, id);
    assert_true(slice_is(get_string(&r->body), "md5-hash"));
    struct slice hash = get_string(&r->body);
    assert_true(cursor_done(&r->body));
    assert_int_equal(hash.size, size);
    if (size)
        assert_memory_equal(hash.data, digest, size);
}

static void the_quick_check_saves_work(void **state)
{
    (void)state;
    char data[5000];
    memset(data, 1, sizeof data);
    uint8_t quick[16], whole[16];
    memset(quick, 128, sizeof quick);                /* 2048 ones in 16 columns */
    memset(whole, (5000 / 16) & 0xff, sizeof whole); /* all of them ... */
    for (size_t i = 0; i < 5000 % 16; i++)
        whole[i]++; /* ... and the rest of the last row */
    for (int late = 0; late < 2; late++) {
        struct peer *p = peer_new(NULL);
        store_add(&p->store, "/t", SALLY_TYPE_REGULAR, data, sizeof data);
        struct handle h = peer_open(p, "/t", SSH_FXF_READ);
        p->store.late_kinds = late ? SALLY_OP_BIT(SALLY_OP_HASH) : 0;
        uint32_t a = md5(p, "/t", NULL, quick, 16), b = md5(p, "/t", NULL, whole, 16),
                 c = md5(p, "/t", NULL, NULL, 0), d = md5(p, NULL, &h, quick, 16),
                 e = md5(p, "/t", NULL, quick, 15);
        peer_go(p);
        while (p->store.late_count) {
            store_finish(&p->store, 0);
            peer_pump(p);
        }
        expect_md5(p, a, whole, 16);
        expect_md5(p, b, NULL, 0);
        expect_md5(p, c, whole, 16);
        expect_md5(p, d, whole, 16);
        peer_expect_status(p, e, SALLY_BAD_MESSAGE);
        assert_int_equal(p->store.calls[SALLY_OP_HASH], 6);
        assert_int_equal(p->credit, p->sent);
        p->store.late_kinds = 0;
        peer_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_by_name_and_handle),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(the_quick_check_saves_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
