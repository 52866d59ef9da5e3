#include "cmocka_all.h"

#include "core/file.h"
#include "core/fs.h"
#include "core/session_internal.h"
#include "core/test_host.h"

static sally_status fine(sally_fs *fs, sally_op *op)
{
    (void)fs;
    (void)op;
    return SALLY_OK;
}

static sally_status copied(sally_fs *fs, sally_op *op)
{
    (void)fs;
    op->u.copy.done = op->u.copy.length;
    return op->u.copy.from_offset == 1 ? SALLY_QUOTA_EXCEEDED : SALLY_OK;
}

struct bench {
    struct test_host host;
    sally_fs *fs;
    sally_session *session;
    sally_file *file;
    bool gone;
    struct local_account memory;
};

static void on_closed(void *user_data)
{
    ((struct bench *)user_data)->gone = true;
}

static void opened(struct op *op)
{
    ((struct bench *)op->owner)->file = op->pub.file;
    op_free(op);
}

static void begin(struct bench *b, uint32_t flags)
{
    static const sally_attrs none;
    sally_fs_methods m = {.struct_size = sizeof m, .open = fine, .write = fine, .copy = copied};
    *b = (struct bench){0};
    test_host_start(&b->host, 0);
    assert_int_equal(sally_fs_new(&b->fs, &m, NULL), SALLY_E_OK);
    struct session_options o = {.fs = b->fs,
                                .permissions = SALLY_MAY_ALL,
                                .max_operations = 4,
                                .max_bytes = 1 << 20,
                                .memory = &b->memory};
    assert_int_equal(session_new(&b->session, &b->host.host, &o), SALLY_E_OK);
    struct op *op = op_new(b->session, SALLY_OP_OPEN);
    op->owner = b;
    op->on_done = opened;
    op->pub.u.open.flags = flags;
    op->pub.u.open.attrs = &none;
    assert_int_equal(op_set_raw_path(op, slice_of("f")), SALLY_OK);
    op_submit(op);
    assert_non_null(b->file);
}

static void end(struct bench *b)
{
    session_close(b->session, SALLY_CLOSED_LOST, on_closed, b);
    assert_true(b->gone);
    assert_int_equal(b->memory.used, 0);
    sally_fs_unref(b->fs);
    test_host_stop(&b->host);
}

static void write_at(struct bench *b, uint64_t offset, uint32_t length)
{
    static char data[1000];
    struct op *op = op_new(b->session, SALLY_OP_WRITE);
    op->on_done = op_free;
    op_use_file(op, b->file);
    op->pub.u.io = (sally_op_io){.offset = offset, .data = data, .length = length};
    op_submit(op);
}

static void expect(const struct bench *b, uint64_t written, uint64_t highest, uint64_t gaps)
{
    sally_file_facts facts;
    sally_file_get_facts(b->file, &facts);
    assert_int_equal(facts.bytes_written, written);
    assert_int_equal(facts.highest_offset, highest);
    assert_int_equal(facts.gap_bytes, gaps);
}

static void gaps_close_in_any_order(void **state)
{
    struct bench b;
    begin(&b, SALLY_OPEN_WRITE);
    write_at(&b, 100, 100);
    expect(&b, 100, 200, 100);
    write_at(&b, 300, 50);
    expect(&b, 150, 350, 200);
    write_at(&b, 200, 100); /* joins both */
    expect(&b, 250, 350, 100);
    write_at(&b, 50, 100); /* overlaps */
    expect(&b, 350, 350, 50);
    write_at(&b, 0, 50);
    expect(&b, 400, 350, 0);
    write_at(&b, 10, 0);
    expect(&b, 400, 350, 0);
    end(&b);
    (void)state;
}

static void too_many_ranges_err_on_the_low_side(void **state)
{
    struct bench b;
    begin(&b, SALLY_OPEN_WRITE);
    for (uint64_t i = 0; i < 40; i++)
        write_at(&b, 1000 + i * 20, 10);
    sally_file_facts facts;
    sally_file_get_facts(b.file, &facts);
    assert_int_equal(facts.highest_offset, 1000 + 39 * 20 + 10);
    assert_true(facts.gap_bytes >= 1000 && facts.gap_bytes <= 1000 + 39 * 10);
    write_at(&b, UINT64_MAX - 5, 10); /* would wrap around: left to the storage */
    sally_file_get_facts(b.file, &facts);
    assert_int_equal(facts.highest_offset, 1000 + 39 * 20 + 10);
    end(&b);
    (void)state;
}

static void appending_has_no_gaps(void **state)
{
    struct bench b;
    begin(&b, SALLY_OPEN_WRITE | SALLY_OPEN_APPEND);
    write_at(&b, 5000, 100);
    write_at(&b, 0, 100);
    expect(&b, 200, 200, 0);
    end(&b);
    (void)state;
}

static void copies_count(void **state)
{
    struct bench b;
    sally_file_facts facts;
    begin(&b, SALLY_OPEN_READ | SALLY_OPEN_WRITE);
    sally_file *from = b.file;
    struct op *op = op_new(b.session, SALLY_OP_OPEN);
    static const sally_attrs none;
    op->owner = &b;
    op->on_done = opened;
    op->pub.u.open = (sally_op_open){.flags = SALLY_OPEN_WRITE, .attrs = &none};
    assert_int_equal(op_set_raw_path(op, slice_of("g")), SALLY_OK);
    op_submit(op);
    assert_ptr_not_equal(b.file, from);
    for (uint64_t i = 0; i < 2; i++) {
        op = op_new(b.session, SALLY_OP_COPY);
        op->on_done = op_free;
        op_use_file(op, from);
        op->pub.u.copy =
            (sally_op_copy){.to = b.file, .from_offset = i, .to_offset = 100, .length = 50};
        op_submit(op);
        sally_file_get_facts(from, &facts);
        assert_int_equal(facts.bytes_read, 50);
        assert_int_equal(facts.worst, i ? SALLY_QUOTA_EXCEEDED : SALLY_OK);
        sally_file_get_facts(b.file, &facts);
        assert_int_equal(facts.worst, i ? SALLY_QUOTA_EXCEEDED : SALLY_OK);
        expect(&b, 50, 150, 100);
    }
    end(&b);
    (void)state;
}

static void fill_open(void *user_data, sally_op *op)
{
    static const sally_attrs none;
    (void)user_data;
    op->u.open = (sally_op_open){.flags = SALLY_OPEN_READ, .attrs = &none};
}

static void own_opened(void *user_data, sally_op *op, sally_status status)
{
    assert_int_equal(status, SALLY_OK);
    ((struct bench *)user_data)->file = op->file;
}

static void the_programs_own_files_are_told_apart(void **state)
{
    struct bench b;
    sally_file_facts facts;
    begin(&b, SALLY_OPEN_READ);
    sally_file *clients = b.file;
    sally_file_get_facts(clients, &facts);
    assert_int_equal(facts.internal, 0);
    assert_int_equal(
        sally_session_submit(b.session, SALLY_OP_OPEN, "/own", fill_open, own_opened, &b),
        SALLY_E_OK);
    test_host_pump(&b.host);
    assert_ptr_not_equal(b.file, clients);
    sally_file_get_facts(b.file, &facts);
    assert_int_equal(facts.internal, 1);
    end(&b);
    (void)state;
}

static void names_that_wait_are_charged(void **state)
{
    struct bench b;
    begin(&b, SALLY_OPEN_READ);
    uint64_t before = b.memory.used;
    for (int i = 0; i < 1000; i++)
        put_text(&b.file->stale_names, "a name that waits to be looked up again");
    file_charge_names(b.file);
    assert_true(b.memory.used >= before + 1000 * 40);
    buf_clear(&b.file->stale_names);
    file_charge_names(b.file);
    assert_int_equal(b.memory.used, before);
    put_text(&b.file->carry, "the next one");
    file_charge_names(b.file);
    end(&b);
    (void)state;
}

static void what_the_storage_has_told(void **state)
{
    struct bench b;
    uint64_t device = 1, number = 2;
    (void)state;
    begin(&b, SALLY_OPEN_WRITE);
    assert_false(sally_file_get_identity(b.file, &device, &number));
    assert_false(sally_file_get_identity(NULL, &device, &number));
    assert_int_equal(device, 1);
    assert_int_equal(number, 2);
    sally_file_set_identity(b.file, 7, UINT64_MAX);
    assert_true(sally_file_get_identity(b.file, &device, &number));
    assert_int_equal(device, 7);
    assert_int_equal(number, UINT64_MAX);
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_close_in_any_order),
        cmocka_unit_test(too_many_ranges_err_on_the_low_side),
        cmocka_unit_test(appending_has_no_gaps),
        cmocka_unit_test(copies_count),
        cmocka_unit_test(the_programs_own_files_are_told_apart),
        cmocka_unit_test(names_that_wait_are_charged),
        cmocka_unit_test(what_the_storage_has_told),
    };
    return cmocka_run_group_tests_name("core/file", tests, NULL, NULL);
}
