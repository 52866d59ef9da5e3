#include "fs/cases.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "core/fs.h"

struct bench {
    struct driver d;
    sally_fs *inner, *fs;
};

static void start(struct bench *b, enum driver_style style)
{
    struct driver filler;
    assert_int_equal(sally_fs_memory(&b->inner, 0), SALLY_E_OK);
    driver_start(&filler, b->inner, DRIVER_INLINE);
    make_file(&filler, "/f", "0123456789");
    make_file(&filler, "/g", "g");
    driver_stop(&filler);
    assert_int_equal(sally_fs_fault(&b->fs, b->inner), SALLY_E_OK);
    driver_start(&b->d, b->fs, style);
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    start(b, DRIVER_INLINE);
    *state = b;
    return 0;
}

static int setup_trying(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    start(b, DRIVER_TRYING);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    driver_stop(&b->d);
    sally_fs_unref(b->fs);
    sally_fs_unref(b->inner);
    free(b);
    return 0;
}

static void add(struct bench *b, sally_fault fault)
{
    fault.struct_size = sizeof(fault);
    assert_int_equal(sally_fs_fault_add(b->fs, &fault), SALLY_E_OK);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void fails(void **state)
{
    struct bench *b = *state;
    add(b, (sally_fault){.kinds = SALLY_OP_BIT(SALLY_OP_STAT) | SALLY_OP_BIT(SALLY_OP_REMOVE),
                         .action = SALLY_FAULT_FAIL,
                         .status = SALLY_QUOTA_EXCEEDED});
    for (int i = 0; i < 3; i++)
        assert_int_equal(do_stat(&b->d, "/f", 0, NULL), SALLY_QUOTA_EXCEEDED);
    assert_int_equal(do_path(&b->d, SALLY_OP_REMOVE, "/f"), SALLY_QUOTA_EXCEEDED);
    assert_int_equal(do_mkdir(&b->d, "/d", 0755), SALLY_OK);
    sally_fs_fault_clear(b->fs);
    assert_int_equal(do_stat(&b->d, "/f", 0, NULL), SALLY_OK); /* was not removed */
}

static void counts_and_paths(void **state)
{
    struct bench *b = *state;
    add(b, (sally_fault){.kinds = SALLY_OP_BIT(SALLY_OP_STAT),
                         .action = SALLY_FAULT_FAIL,
                         .status = SALLY_FAILURE,
                         .skip = 2,
                         .times = 2,
                         .path = "/f"});
    add(b, (sally_fault){.kinds = SALLY_OP_ALL,
                         .action = SALLY_FAULT_FAIL,
                         .status = SALLY_NO_MEDIA,
                         .path = "/g",
                         .times = 1});
    static const sally_status wanted[] = {SALLY_OK,      SALLY_OK, SALLY_FAILURE,
                                          SALLY_FAILURE, SALLY_OK, SALLY_OK};
    assert_int_equal(do_stat(&b->d, "/g", 0, NULL), SALLY_NO_MEDIA);
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_int_equal(do_stat(&b->d, "/f", 0, NULL), wanted[i]);
        assert_int_equal(do_stat(&b->d, "/g", 0, NULL), SALLY_OK);
    }
    /* Files are known by the path that they were opened by. */
    sally_file *file;
    char data[4];
    uint32_t got = 4;
    assert_int_equal(do_open(&b->d, "/f", SALLY_OPEN_READ, &file), SALLY_OK);
    add(b, (sally_fault){.kinds = SALLY_OP_BIT(SALLY_OP_READ),
                         .action = SALLY_FAULT_FAIL,
                         .status = SALLY_FILE_CORRUPT,
                         .path = "/f"});
    assert_int_equal(do_read(&b->d, file, 0, data, &got), SALLY_FILE_CORRUPT);
    assert_int_equal(do_close(&b->d, file), SALLY_OK);
}

static void short_reads(void **state)
{
    struct bench *b = *state;
    sally_file *file;
    char data[16];
    uint32_t got = 10;
    add(b, (sally_fault){.kinds = SALLY_OP_BIT(SALLY_OP_READ) | SALLY_OP_BIT(SALLY_OP_STAT),
                         .action = SALLY_FAULT_SHORT,
                         .amount = 3});
    assert_int_equal(do_open(&b->d, "/f", SALLY_OPEN_READ, &file), SALLY_OK);
    assert_int_equal(do_read(&b->d, file, 4, data, &got), SALLY_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(data, "456", 3);
    got = 2;
    assert_int_equal(do_read(&b->d, file, 0, data, &got), SALLY_OK);
    assert_int_equal(got, 2);
    assert_int_equal(do_stat(&b->d, "/f", 0, NULL), SALLY_OK); /* means nothing to others */
    assert_int_equal(do_close(&b->d, file), SALLY_OK);
}

static void fails_after(void **state)
{
    struct bench *b = *state;
    sally_file *file;
    add(b, (sally_fault){.kinds = SALLY_OP_BIT(SALLY_OP_REMOVE) | SALLY_OP_BIT(SALLY_OP_OPEN) |
                                  SALLY_OP_BIT(SALLY_OP_OPENDIR) | SALLY_OP_BIT(SALLY_OP_CLOSE),
                         .action = SALLY_FAULT_FAIL_AFTER,
                         .status = SALLY_CONNECTION_LOST});
    assert_int_equal(do_path(&b->d, SALLY_OP_REMOVE, "/g"), SALLY_CONNECTION_LOST);
    assert_int_equal(do_stat(&b->d, "/g", 0, NULL), SALLY_NO_SUCH_FILE);
    /* What it opened does not stay open: the leak checker would see the handle. */
    assert_int_equal(do_open(&b->d, "/new", SALLY_OPEN_WRITE | SALLY_OPEN_CREATE, &file),
                     SALLY_CONNECTION_LOST);
    assert_int_equal(do_opendir(&b->d, "/", &file), SALLY_CONNECTION_LOST);
    assert_int_equal(do_open(&b->d, "/none", SALLY_OPEN_READ, &file), SALLY_CONNECTION_LOST);
    sally_fs_fault_clear(b->fs);
    assert_int_equal(do_stat(&b->d, "/new", 0, NULL), SALLY_OK);
}

static void delays(void **state)
{
    struct bench *b = *state;
    uint64_t before = now_ms();
    add(b, (sally_fault){
               .kinds = SALLY_OP_BIT(SALLY_OP_STAT), .action = SALLY_FAULT_DELAY, .amount = 45});
    assert_int_equal(do_stat(&b->d, "/f", 0, NULL), SALLY_OK);
    assert_true(now_ms() - before >= 45);
}

static void answers_late(void **state)
{
    struct bench *b = *state;
    add(b, (sally_fault){.kinds = SALLY_OP_ALL, .action = SALLY_FAULT_LATE, .amount = 1});
    uint64_t before = now_ms();
    char text[TEXT_SIZE];
    assert_int_equal(do_stat(&b->d, "/f", 0, NULL), SALLY_OK);
    assert_true(now_ms() - before >= 1);
    assert_int_equal(do_stat(&b->d, "/none", 0, NULL), SALLY_NO_SUCH_FILE);
    assert_string_equal(file_text(&b->d, "/f", text), "0123456789");
    make_file(&b->d, "/new", "new");
    assert_int_equal(do_text(&b->d, SALLY_OP_REALPATH, "/new", 0, text), SALLY_OK);
    assert_string_equal(text, "/new");
}

static void answers_late_in_their_order(void **state)
{
    struct bench *b = *state;
    enum { OPS = 12 };
    bool done[OPS] = {false};
    struct op *ops[OPS];
    sally_file *file;
    char data[OPS];
    assert_int_equal(do_open(&b->d, "/f", SALLY_OPEN_READ, &file), SALLY_OK);
    for (int i = 0; i < OPS; i++)
        add(b, (sally_fault){.kinds = SALLY_OP_BIT(SALLY_OP_READ),
                             .action = SALLY_FAULT_LATE,
                             .amount = (uint64_t)(OPS - i) * 3,
                             .times = 1});
    for (int i = 0; i < OPS; i++) {
        ops[i] = driver_file_op(&b->d, SALLY_OP_READ, file);
        ops[i]->pub.u.io = (sally_op_io){.offset = (uint64_t)i, .data = &data[i], .length = 1};
        driver_begin(&b->d, ops[i], &done[i]);
    }
    for (int i = 0; i < OPS; i++)
        driver_wait(&b->d, &done[i]);
    for (int i = 0; i < OPS; i++) {
        assert_int_equal(ops[i]->pub.status, i < 10 ? SALLY_OK : SALLY_EOF);
        op_free(ops[i]);
    }
    assert_memory_equal(data, "0123456789", 10);
    assert_int_equal(do_close(&b->d, file), SALLY_OK);
}

/* The end of a session does not wait an hour, and the file that was opened late is closed. */
static void late_answers_can_be_hurried(void **state)
{
    struct bench *b = *state;
    bool done;
    sally_attrs attrs = {0};
    add(b, (sally_fault){.kinds = SALLY_OP_BIT(SALLY_OP_OPEN),
                         .action = SALLY_FAULT_LATE,
                         .amount = UINT64_MAX});
    uint64_t before = now_ms();
    struct op *op = driver_op(&b->d, SALLY_OP_OPEN, "/f");
    op->pub.u.open.flags = SALLY_OPEN_READ;
    op->pub.u.open.attrs = &attrs;
    driver_begin(&b->d, op, &done);
    assert_false(done);
    session_close(b->d.session, SALLY_CLOSED_LOST, NULL, NULL);
    driver_wait(&b->d, &done);
    op_free(op);
    assert_true(now_ms() - before < 30000);
    driver_start(&b->d, b->fs, DRIVER_INLINE); /* for the teardown */
}

/* The last reference goes in the thread that answers late: the storage must not wait for itself. */
struct last {
    sally_fs *fault;
    bool destroyed;
};

static void note_destroyed(void *user_data)
{
    ((struct last *)user_data)->destroyed = true;
}

static sally_status fine(sally_fs *fs, sally_op *op)
{
    (void)fs;
    (void)op;
    return SALLY_OK;
}

static sally_status let_go(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct last *last = context;
    (void)fs;
    (void)op;
    sally_fs_unref(last->fault);
    assert_true(last->destroyed);
    return status;
}

static sally_status ask_and_let_go(sally_fs *fs, sally_op *op)
{
    struct last *last = sally_fs_data(fs);
    return sally_fs_call(fs, last->fault, op, let_go, last);
}

static void dies_in_its_own_thread(void **state)
{
    (void)state;
    struct last last = {NULL, false};
    sally_fs_methods below = {
        .struct_size = sizeof(below), .remove = fine, .destroy = note_destroyed};
    sally_fs_methods above = {.struct_size = sizeof(above), .remove = ask_and_let_go};
    sally_fs *inner, *outer;
    sally_fault fault = {.struct_size = sizeof(fault),
                         .kinds = SALLY_OP_ALL,
                         .action = SALLY_FAULT_LATE,
                         .amount = 2};
    assert_int_equal(sally_fs_new(&inner, &below, &last), SALLY_E_OK);
    assert_int_equal(sally_fs_fault(&last.fault, inner), SALLY_E_OK);
    sally_fs_unref(inner);
    assert_int_equal(sally_fs_fault_add(last.fault, &fault), SALLY_E_OK);
    assert_int_equal(sally_fs_new(&outer, &above, &last), SALLY_E_OK);
    struct driver d;
    driver_start(&d, outer, DRIVER_INLINE);
    assert_int_equal(do_path(&d, SALLY_OP_REMOVE, "/x"), SALLY_OK);
    driver_stop(&d);
    sally_fs_unref(outer);
    assert_true(last.destroyed);
}

static void declines_what_it_is_to_try(void **state)
{
    struct bench *b = *state;
    assert_int_equal(do_stat(&b->d, "/f", 0, NULL), SALLY_OK);
    assert_int_equal(b->d.offloaded, 0); /* memory never waits */
    add(b, (sally_fault){.kinds = SALLY_OP_BIT(SALLY_OP_STAT),
                         .action = SALLY_FAULT_DELAY,
                         .amount = 1,
                         .skip = 1,
                         .times = 1});
    assert_int_equal(do_stat(&b->d, "/f", 0, NULL), SALLY_OK);
    assert_int_equal(do_stat(&b->d, "/f", 0, NULL), SALLY_OK);
    assert_int_equal(b->d.offloaded, 2); /* nothing is counted twice */
    assert_int_equal(do_stat(&b->d, "/f", 0, NULL), SALLY_OK);
    assert_int_equal(b->d.offloaded, 2);
}

static void bad_arguments(void **state)
{
    struct bench *b = *state;
    sally_fs *fs;
    sally_fault fault = {.struct_size = sizeof(fault), .action = SALLY_FAULT_FAIL};
    assert_int_equal(sally_fs_fault(&fs, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_fs_fault_add(b->inner, &fault), SALLY_E_INVALID);
    assert_int_equal(sally_fs_fault_add(NULL, &fault), SALLY_E_INVALID);
    assert_int_equal(sally_fs_fault_add(b->fs, NULL), SALLY_E_INVALID);
    fault.action = 0;
    assert_int_equal(sally_fs_fault_add(b->fs, &fault), SALLY_E_INVALID);
    fault.action = 99;
    assert_int_equal(sally_fs_fault_add(b->fs, &fault), SALLY_E_INVALID);
    fault.action = SALLY_FAULT_FAIL;
    fault.status = SALLY_PENDING;
    assert_int_equal(sally_fs_fault_add(b->fs, &fault), SALLY_E_INVALID);
    fault.struct_size = 4;
    assert_int_equal(sally_fs_fault_add(b->fs, &fault), SALLY_E_INVALID);
}

/* Without faults it is as if it were not there; with only late answers, just slower. */
static sally_fs *make_quiet(void)
{
    sally_fs *inner, *fs;
    assert_int_equal(sally_fs_memory(&inner, 0), SALLY_E_OK);
    assert_int_equal(sally_fs_fault(&fs, inner), SALLY_E_OK);
    sally_fs_unref(inner);
    return fs;
}

static sally_fs *make_late(void)
{
    sally_fs *fs = make_quiet();
    sally_fault fault = {
        .struct_size = sizeof(fault), .kinds = SALLY_OP_ALL, .action = SALLY_FAULT_LATE};
    assert_int_equal(sally_fs_fault_add(fs, &fault), SALLY_E_OK);
    return fs;
}

int main(void)
{
    static const struct storage_maker makers[] = {
        {"no fault", make_quiet, NULL, DRIVER_TRYING, NULL},
        {"everything late", make_late, NULL, DRIVER_TRYING, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fails, setup, teardown),
        cmocka_unit_test_setup_teardown(counts_and_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(short_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(fails_after, setup, teardown),
        cmocka_unit_test_setup_teardown(delays, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_late, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_late_in_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(late_answers_can_be_hurried, setup, teardown),
        cmocka_unit_test(dies_in_its_own_thread),
        cmocka_unit_test_setup_teardown(declines_what_it_is_to_try, setup_trying, teardown),
        cmocka_unit_test_setup_teardown(bad_arguments, setup, teardown),
    };
    return run_storage_cases(makers, COUNT_OF(makers)) + cmocka_run_group_tests(tests, NULL, NULL);
}
