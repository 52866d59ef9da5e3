/* COPY by READs and WRITEs. */
#include "core/layers.h"

#include <string.h>

#include "core/file.h"
#include "core/handoff.h"

static const int router[] = {1, -1, -1}, router_also[] = {2, -1, -1};

static struct op *copy(struct layers *x, sally_file *from, sally_file *to, uint64_t length)
{
    struct op *op = layers_op(x, SALLY_OP_COPY, from);
    op->pub.u.copy = (sally_op_copy){.to = to, .length = length};
    return op;
}

/* From one storage of a router into the other: its copy slot passes the COPY to the source's. */
static void across_storages(void **state)
{
    (void)state;
    for (int workers = 0; workers < 2; workers++) {
        struct layers x;
        layers_start(&x, workers, 0, 3, router, router_also);
        sally_file *from = layers_open(&x, SALLY_OPEN_READ);
        x.layer[0].second = SALLY_OP_BIT(SALLY_OP_OPEN) | SALLY_OP_BIT(SALLY_OP_WRITE);
        sally_file *to = layers_open(&x, SALLY_OPEN_WRITE);
        x.trace[0] = 0;
        assert_int_equal(layers_do(&x, copy(&x, from, to, 100)), SALLY_OK);
        assert_string_equal(x.trace, "0.copy 0.fstat 1.fstat 0.read 1.read 0.write 2.write ");
        sally_file_facts facts;
        sally_file_get_facts(to, &facts);
        assert_int_equal(facts.bytes_written, 100); /* once */
        x.layer[0].second = 0;
        assert_int_equal(layers_do(&x, layers_op(&x, SALLY_OP_CLOSE, from)), SALLY_OK);
        x.layer[0].second = SALLY_OP_BIT(SALLY_OP_CLOSE);
        assert_int_equal(layers_do(&x, layers_op(&x, SALLY_OP_CLOSE, to)), SALLY_OK);
        layers_stop(&x);
    }
}

/* Both are the storage's: it gets the COPY. */
static void within_a_storage(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 0, 0, 3, router, router_also);
    sally_file *from = layers_open(&x, SALLY_OPEN_READ);
    sally_file *to = layers_open(&x, SALLY_OPEN_WRITE);
    x.trace[0] = 0;
    assert_int_equal(layers_do(&x, copy(&x, from, to, 100)), SALLY_OK);
    assert_string_equal(x.trace, "0.copy 1.copy ");
    layers_stop(&x);
}

/* The target is a hook's, the source the storage's; and the other way round. */
static void with_a_hooks_file(void **state)
{
    (void)state;
    for (int target = 0; target < 2; target++) {
        struct layers x;
        layers_start(&x, 0, 0, 1, NULL, NULL);
        layers_add_hooks(&x, 1);
        sally_file *storages = layers_open(&x, SALLY_OPEN_READ | SALLY_OPEN_WRITE);
        x.hook[0].take = SALLY_OP_BIT(SALLY_OP_OPEN);
        sally_file *hooks = layers_open(&x, SALLY_OPEN_READ | SALLY_OPEN_WRITE);
        x.hook[0].take = SALLY_OP_BIT(SALLY_OP_WRITE);
        x.trace[0] = 0;
        sally_status status = target ? layers_do(&x, copy(&x, storages, hooks, 64))
                                     : layers_do(&x, copy(&x, hooks, storages, 64));
        if (target) {
            assert_int_equal(status, SALLY_OK);
            assert_string_equal(x.trace, "0.fstat 0.read a>write a>copy ");
        } else { /* the hook says nothing to READ */
            assert_int_equal(status, SALLY_INVALID_HANDLE);
        }
        layers_stop(&x);
    }
}

/* A storage in the middle copies by operations of its own: those above see the COPY alone. */
static void by_a_storage_itself(void **state)
{
    (void)state;
    static const int chain[] = {1, 2, -1, -1}, also[] = {-1, 3, -1, -1};
    for (int workers = 0; workers < 2; workers++) {
        struct layers x;
        layers_start(&x, workers, 0, 4, chain, also);
        layers_add_hooks(&x, 1);
        sally_file *from = layers_open(&x, SALLY_OPEN_READ);
        x.layer[1].second = SALLY_OP_BIT(SALLY_OP_OPEN) | SALLY_OP_BIT(SALLY_OP_WRITE);
        sally_file *to = layers_open(&x, SALLY_OPEN_WRITE);
        x.layer[1].copies = true;
        x.trace[0] = 0;
        assert_int_equal(layers_do(&x, copy(&x, from, to, 300000)), SALLY_OK);
        assert_string_equal(x.trace, "0.copy 1.copy 1.fstat 2.fstat 1.read 2.read 1.write 3.write "
                                     "1.read 2.read 1.write 3.write a>copy ");
        sally_file_facts facts;
        sally_file_get_facts(to, &facts);
        assert_int_equal(facts.bytes_written, 300000); /* once, as the COPY's */
        sally_file_get_facts(from, &facts);
        assert_int_equal(facts.bytes_read, 300000);
        /* Whatever fails. */
        x.layer[3].fail = SALLY_OP_BIT(SALLY_OP_WRITE);
        assert_int_equal(layers_do(&x, copy(&x, from, to, 10)), SALLY_NO_SUCH_FILE);
        x.layer[3].fail = 0;
        assert_int_equal(layers_do(&x, copy(&x, from, to, UINT64_MAX)), SALLY_INVALID_PARAMETER);
        x.layer[1].refuse = SALLY_OP_BIT(SALLY_OP_COPY); /* in its on_done */
        assert_int_equal(layers_do(&x, copy(&x, from, to, 10)), SALLY_PERMISSION_DENIED);
        x.layer[1].second = 0;
        layers_do(&x, layers_op(&x, SALLY_OP_CLOSE, from));
        x.layer[1].second = SALLY_OP_BIT(SALLY_OP_CLOSE);
        layers_stop(&x);
    }
}

/* No one wants it any longer. */
static void by_a_storage_until_cancelled(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 0, 0, 1, NULL, NULL);
    sally_file *from = layers_open(&x, SALLY_OPEN_READ);
    sally_file *to = layers_open(&x, SALLY_OPEN_WRITE);
    x.layer[0].copies = true;
    x.layer[0].late = SALLY_OP_BIT(SALLY_OP_WRITE);
    struct op *op = copy(&x, from, to, 0);
    op_submit(op);
    while (x.layer[0].waiting_count == 0)
        test_host_pump(&x.host);
    op_cancel(op);
    layers_finish(&x.layer[0], SALLY_OK);
    layers_wait(&x, 3);
    assert_int_equal(x.status, SALLY_FAILURE);
    layers_stop(&x);
    assert_int_equal(layers_count(&x, "0.write "), 1);
}

static void by_io_of_something_else(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 0, 0, 1, NULL, NULL);
    struct op *op = layers_op(&x, SALLY_OP_STAT, NULL);
    assert_int_equal(sally_fs_copy_by_io(x.layer[0].fs, &op->pub, NULL, NULL), SALLY_FAILURE);
    op_free(op);
    layers_stop(&x);
}

/* The source is endless, and the storage never waits: others get a turn, and the client may go. */
static void turns(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 0, SALLY_FS_NONBLOCKING, 3, router, router_also);
    x.host.host.yields = true;
    sally_file *from = layers_open(&x, SALLY_OPEN_READ);
    x.layer[0].second = SALLY_OP_BIT(SALLY_OP_OPEN) | SALLY_OP_BIT(SALLY_OP_WRITE);
    sally_file *to = layers_open(&x, SALLY_OPEN_WRITE);
    op_submit(copy(&x, from, to, 0));
    int first = layers_count(&x, "2.write ");
    assert_in_range(first, 1, 64);
    assert_int_equal(x.answers, 2);
    test_host_pump_one(&x.host);
    assert_in_range(layers_count(&x, "2.write "), first + 1, 128);
    session_drain(x.session); /* what changes something goes on */
    test_host_pump_one(&x.host);
    assert_int_equal(x.answers, 2);
    x.layer[0].second = SALLY_OP_BIT(SALLY_OP_CLOSE);
    x.layer[1].open_files = x.layer[2].open_files =
        0; /* the CLOSEs do not find their storage here */
    x.layer[0].inner[1] = NULL;
    layers_stop(&x); /* cancelled */
    assert_int_equal(x.answers, 3);
    assert_int_equal(x.status, SALLY_FAILURE);
}

static void failures(void **state)
{
    (void)state;
    static const uint32_t kinds[] = {SALLY_OP_READ, SALLY_OP_WRITE};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct layers x;
        layers_start(&x, 1, 0, 3, router, router_also);
        sally_file *from = layers_open(&x, SALLY_OPEN_READ);
        x.layer[0].second = SALLY_OP_BIT(SALLY_OP_OPEN) | SALLY_OP_BIT(SALLY_OP_WRITE);
        sally_file *to = layers_open(&x, SALLY_OPEN_WRITE);
        x.layer[i + 1].fail = SALLY_OP_BIT(kinds[i]);
        assert_int_equal(layers_do(&x, copy(&x, from, to, 10)), SALLY_NO_SUCH_FILE);
        struct op *huge = copy(&x, from, to, UINT64_MAX);
        assert_int_equal(layers_do(&x, huge), SALLY_INVALID_PARAMETER);
        x.layer[0].second = 0;
        layers_do(&x, layers_op(&x, SALLY_OP_CLOSE, from));
        x.layer[0].second = SALLY_OP_BIT(SALLY_OP_CLOSE);
        layers_stop(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(across_storages),
        cmocka_unit_test(within_a_storage),
        cmocka_unit_test(with_a_hooks_file),
        cmocka_unit_test(turns),
        cmocka_unit_test(failures),
        cmocka_unit_test(by_a_storage_itself),
        cmocka_unit_test(by_a_storage_until_cancelled),
        cmocka_unit_test(by_io_of_something_else),
    };
    return cmocka_run_group_tests_name("core/copy", tests, NULL, NULL);
}
