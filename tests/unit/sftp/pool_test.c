#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/pool.h"

static void count(void *user_data)
{
    ++*(int *)user_data;
}

static void blocks_are_used_again(void **state)
{
    (void)state;
    int releases = 0;
    struct pool *p = pool_new(count, &releases);
    static const size_t sizes[] = {
        0, 1, 4096, 4097, 32768 + 13, 65536, 65536 + 13, 255 * 1024 + 13, 300000, 5000000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct block *b = pool_get(p, sizes[i]);
        assert_non_null(b);
        assert_true(b->capacity >= sizes[i]);
        assert_int_equal((uintptr_t)b->bytes % 16, 0);
        memset(b->bytes, 1, b->capacity);
        pool_put(b);
        size_t cached = p->cached;
        struct block *again = pool_get(p, sizes[i]);
        if (sizes[i] <= 270336)
            assert_ptr_equal(again, b);
        pool_put(again);
        assert_int_equal(p->cached, cached);
    }
    pool_put(NULL);
    assert_int_equal(releases, 0);
    pool_free(p);
}

static void not_too_much_is_kept(void **state)
{
    (void)state;
    int releases = 0;
    struct pool *p = pool_new(count, &releases);
    struct block *blocks[40];
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        blocks[i] = pool_get(p, 255 * 1024);
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        pool_put(blocks[i]);
    assert_true(p->cached <= (size_t)8 * 1024 * 1024);
    pool_put(pool_get(p, 100));
    pool_trim(p, 300 * 1024);
    assert_true(p->cached <= 300 * 1024 && p->cached > 0);
    pool_trim(p, 0);
    assert_int_equal(p->cached, 0);
    pool_free(p);
}

static void the_last_chunk_takes_the_pool_along(void **state)
{
    (void)state;
    int releases = 0;
    struct pool *p = pool_new(count, &releases);
    struct block *a = pool_get(p, 100), *b = pool_get(p, 100);
    a->backlog = p->backlog = 4096;
    struct chunk *c = pool_chunk(a, 10, 50), *d = pool_chunk(b, 0, 100);
    assert_ptr_equal(c->data, a->bytes + 10);
    assert_int_equal(c->size, 50);
    c->release(c);
    assert_int_equal(releases, 1);
    assert_int_equal(p->backlog, 0);
    pool_free(p);
    d->release(d);
    assert_int_equal(releases, 1); /* nobody is there to hear of it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_used_again),
        cmocka_unit_test(not_too_much_is_kept),
        cmocka_unit_test(the_last_chunk_takes_the_pool_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
