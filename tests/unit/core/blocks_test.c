/* The pool of blocks: what is used again, what is kept, and who ends with whom. */
#include "cmocka_all.h"

#include "base/mem.h"
#include "core/blocks.h"
#include "core/session.h"
#include "test_host.h"

static void count(void *user_data)
{
    ++*(int *)user_data;
}

static void blocks_are_used_again(void **state)
{
    (void)state;
    int releases = 0;
    struct blocks *p = blocks_new(count, &releases, NULL, NULL);
    static const size_t sizes[] = {
        0, 1, 4096, 4097, 32768 + 13, 65536, 65536 + 13, 255 * 1024 + 13, 300000, 5000000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct block *b = blocks_get(p, sizes[i]);
        assert_non_null(b);
        assert_true(b->capacity >= sizes[i]);
        assert_int_equal((uintptr_t)b->bytes % 16, 0);
        memset(b->bytes, 1, b->capacity);
        blocks_put(b);
        size_t cached = p->cached;
        struct block *again = blocks_get(p, sizes[i]);
        if (sizes[i] <= 270336)
            assert_ptr_equal(again, b);
        blocks_put(again);
        assert_int_equal(p->cached, cached);
    }
    blocks_put(NULL);
    assert_int_equal(releases, 0);
    blocks_free(p);
}

static void not_too_much_is_kept(void **state)
{
    (void)state;
    int releases = 0;
    struct blocks *p = blocks_new(count, &releases, NULL, NULL);
    struct block *blocks[40];
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        blocks[i] = blocks_get(p, 255 * 1024);
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        blocks_put(blocks[i]);
    assert_true(p->cached <= (size_t)8 * 1024 * 1024);
    blocks_put(blocks_get(p, 100));
    blocks_trim(p, 300 * 1024);
    assert_true(p->cached <= 300 * 1024 && p->cached > 0);
    blocks_trim(p, 0);
    assert_int_equal(p->cached, 0);
    blocks_free(p);
}

/* In use or kept, it is memory that was taken; and little is kept when there is little left. */
static void blocks_are_charged(void **state)
{
    (void)state;
    int releases = 0;
    struct account all;
    account_init(&all, NULL, "all");
    account_set_limit(&all, 1024 * 1024);
    struct local_account memory = {.shared = &all, .setting = "connection"};
    struct blocks *p = blocks_new(count, &releases, NULL, &memory);
    struct block *blocks[4];
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        blocks[i] = blocks_get(p, 255 * 1024);
    assert_true(memory.used >= COUNT_OF(blocks) * 255 * 1024);
    blocks_put(blocks[0]); /* hardly anything is left: it is not kept */
    assert_int_equal(p->cached, 0);
    blocks_put(blocks[1]);
    assert_true(p->cached > 0);
    uint64_t used = memory.used;
    blocks_put(blocks_get(p, 255 * 1024)); /* the one that was kept */
    assert_int_equal(memory.used, used);
    blocks_trim(p, 0);
    assert_true(memory.used < used);
    struct chunk *c = blocks_chunk(blocks[2], 0, 10);
    blocks_put(blocks[3]);
    blocks_free(p);
    assert_true(memory.used >= 255 * 1024); /* no one has taken it yet */
    c->release(c);
    assert_int_equal(memory.used, 0);
    local_account_settle(&memory);
    assert_int_equal(account_used(&all), 0);
}

static void the_last_chunk_takes_the_pool_along(void **state)
{
    (void)state;
    int releases = 0;
    struct blocks *p = blocks_new(count, &releases, NULL, NULL);
    struct block *a = blocks_get(p, 100), *b = blocks_get(p, 100);
    a->backlog = p->backlog = 4096;
    struct chunk *c = blocks_chunk(a, 10, 50), *d = blocks_chunk(b, 0, 100);
    assert_ptr_equal(c->data, a->bytes + 10);
    assert_int_equal(c->size, 50);
    c->release(c);
    assert_int_equal(releases, 1);
    assert_int_equal(p->backlog, 0);
    blocks_free(p);
    d->release(d);
    assert_int_equal(releases, 1); /* no one is there to learn of it */
}

static void small_text_takes_no_page(void **state)
{
    (void)state;
    int releases = 0;
    struct blocks *p = blocks_new(count, &releases, NULL, NULL);
    struct block *b = blocks_get(p, 80);
    assert_true(b->capacity < 1024);
    struct block *piece = blocks_get(p, (size_t)128 * 1024); /* of scp */
    assert_true(piece->capacity < (size_t)160 * 1024);
    assert_int_equal(p->used, 2);
    blocks_put(piece);
    blocks_put(b);
    assert_int_equal(p->used, 0);
    blocks_free(p);
}

static void gone(void *user_data)
{
    *(bool *)user_data = true;
}

static sally_session *open_session(struct test_host *host)
{
    static const sally_fs_methods none = {.struct_size = sizeof none};
    sally_session *session;
    sally_fs *fs;
    test_host_start(host, 0);
    assert_int_equal(sally_fs_new(&fs, &none, NULL), SALLY_E_OK);
    const struct session_options o = {.fs = fs, .max_operations = 4};
    assert_int_equal(session_new(&session, &host->host, &o), SALLY_E_OK);
    sally_fs_unref(fs);
    return session;
}

static void an_operation_ends_with_its_block(void **state)
{
    (void)state;
    struct test_host host;
    sally_session *session = open_session(&host);
    bool is_gone = false;
    int releases = 0;
    struct blocks *p = blocks_new(count, &releases, NULL, NULL);
    struct block *blocks[3];
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        blocks[i] = blocks_get(p, 100);
        blocks[i]->op = op_new(session, SALLY_OP_READ);
        assert_non_null(blocks[i]->op);
    }
    struct chunk *sent = blocks_chunk(blocks[0], 0, 60);
    blocks_lend(sent);
    assert_int_equal(p->lent, 60);
    sent->release(sent);
    assert_int_equal(p->lent, 0);

    struct chunk *later = blocks_chunk(blocks[1], 0, 70);
    blocks_lend(later);
    blocks_end_ops(p); /* the data is still with the receiver */
    assert_null(blocks[1]->op);
    assert_null(blocks[2]->op);
    assert_int_equal(p->lent, 70);
    blocks_put(blocks[2]);
    blocks_free(p);
    later->release(later);
    assert_int_equal(releases, 1);

    session_close(session, SALLY_CLOSED_LOST, gone, &is_gone); /* all operations were freed */
    assert_true(is_gone);
    test_host_stop(&host);
}

static void data_without_an_operation_is_not_lent(void **state)
{
    (void)state;
    int releases = 0;
    struct blocks *p = blocks_new(count, &releases, NULL, NULL);
    struct chunk *c = blocks_chunk(blocks_get(p, 100), 0, 100);
    blocks_lend(c);
    assert_int_equal(p->lent, 0);
    c->release(c);
    blocks_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_used_again),
        cmocka_unit_test(not_too_much_is_kept),
        cmocka_unit_test(blocks_are_charged),
        cmocka_unit_test(the_last_chunk_takes_the_pool_along),
        cmocka_unit_test(small_text_takes_no_page),
        cmocka_unit_test(an_operation_ends_with_its_block),
        cmocka_unit_test(data_without_an_operation_is_not_lent),
    };
    return cmocka_run_group_tests_name("core/blocks", tests, NULL, NULL);
}
