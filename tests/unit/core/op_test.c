/* What programs say of an operation, also when they have nothing to say. */
#include "cmocka_all.h"

#include "core/test_host.h"

struct bench {
    struct test_host host;
    sally_fs *fs;
    sally_session *session;
    struct op *op;
    bool gone;
};

static void begin(struct bench *b, uint32_t kind)
{
    *b = (struct bench){.gone = false};
    test_host_start(&b->host, 0);
    sally_fs_methods none = {.struct_size = sizeof none};
    assert_int_equal(sally_fs_new(&b->fs, &none, NULL), SALLY_E_OK);
    struct session_options o = {
        .fs = b->fs, .permissions = SALLY_MAY_ALL, .max_operations = 4, .max_bytes = 1000};
    assert_int_equal(session_new(&b->session, &b->host.host, &o), SALLY_E_OK);
    b->op = op_new(b->session, kind);
    assert_non_null(b->op);
}

static void on_closed(void *user_data)
{
    ((struct bench *)user_data)->gone = true;
}

static void end(struct bench *b)
{
    op_free(b->op);
    session_close(b->session, SALLY_CLOSED_BY_CLIENT, on_closed, b);
    test_host_pump_until(&b->host, &b->gone);
    test_host_stop(&b->host);
    sally_fs_unref(b->fs);
}

static void nothing_is_an_answer_too(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, SALLY_OP_RENAME);
    sally_op *op = &b.op->pub;
    assert_null(sally_op_strdup(op, NULL));
    assert_int_equal(sally_op_add_unknown_name(op, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_op_set_path(op, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_op_set_to(op, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_op_set_result(op, NULL), SALLY_FAILURE);
    assert_true(sally_op_add_entry(op, NULL, NULL));
    assert_true(sally_op_add_entry(op, "", NULL));
    assert_null(b.op->unknown);
    assert_null(op->path);
    end(&b);
    begin(&b, SALLY_OP_READ);
    assert_int_equal(sally_op_read_from(&b.op->pub, NULL, 0), SALLY_EOF);
    end(&b);
}

static void a_message_is_taken_back(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, SALLY_OP_STAT);
    assert_int_equal(sally_op_set_message(&b.op->pub, NULL), SALLY_E_OK);
    assert_null(b.op->message);
    assert_int_equal(sally_op_set_message(&b.op->pub, "not now"), SALLY_E_OK);
    assert_string_equal(b.op->message, "not now");
    assert_int_equal(sally_op_set_message(&b.op->pub, NULL), SALLY_E_OK);
    assert_null(b.op->message);
    end(&b);
}

static void a_message_is_clean_and_short(void **state)
{
    (void)state;
    struct bench b;
    char text[300];
    begin(&b, SALLY_OP_STAT);
    assert_int_equal(sally_op_set_message(&b.op->pub, "bad \xff\xfe utf8\n\x1b[31m"), SALLY_E_OK);
    assert_string_equal(b.op->message, "bad ?? utf8??[31m");
    memset(text, 'x', sizeof text);
    memcpy(text + 253, "\xe2\x82\xac", 3); /* the euro sign would end at 256 */
    text[299] = '\0';
    assert_int_equal(sally_op_set_message(&b.op->pub, text), SALLY_E_OK);
    assert_int_equal(strlen(b.op->message), 253);
    end(&b);
}

static void a_lock_holder_is_copied(void **state)
{
    (void)state;
    struct bench b;
    begin(&b, SALLY_OP_STAT);
    sally_op *op = &b.op->pub;
    char user[] = "ann", path[] = "/file";
    sally_lock_holder who = {.struct_size = sizeof who,
                             .session_id = 7,
                             .connection_id = 8,
                             .user = user,
                             .path = path,
                             .offset = 9,
                             .length = 10,
                             .flags = SALLY_OPEN_BLOCK_WRITE,
                             .is_range = 1};
    assert_null(sally_op_lock_holder(op));
    assert_int_equal(sally_op_set_lock_holder(op, &who), SALLY_E_OK);
    user[0] = path[0] = '?';
    const sally_lock_holder *told = sally_op_lock_holder(op);
    assert_non_null(told);
    assert_int_equal(told->struct_size, sizeof who);
    assert_true(told->session_id == 7 && told->connection_id == 8);
    assert_true(told->offset == 9 && told->length == 10);
    assert_true(told->flags == SALLY_OPEN_BLOCK_WRITE && told->is_range == 1);
    assert_string_equal(told->user, "ann");
    assert_string_equal(told->path, "/file");

    /* A storage of a later version may know more, but not say more than we do. */
    struct {
        sally_lock_holder known;
        uint64_t more;
    } later = {.known = {.struct_size = sizeof later}};
    assert_int_equal(sally_op_set_lock_holder(op, &later.known), SALLY_E_OK);
    assert_string_equal(sally_op_lock_holder(op)->user, "");
    assert_string_equal(sally_op_lock_holder(op)->path, "");
    later.more = 1;
    assert_int_equal(sally_op_set_lock_holder(op, &later.known), SALLY_E_INVALID);
    assert_int_equal(sally_op_set_lock_holder(op, NULL), SALLY_E_OK);
    assert_null(sally_op_lock_holder(op));
    assert_int_equal(sally_op_set_lock_holder(NULL, &who), SALLY_E_INVALID);
    assert_null(sally_op_lock_holder(NULL));
    end(&b);
}

static void no_file_is_asked_in_vain(void **state)
{
    (void)state;
    sally_file_facts facts = {.bytes_read = 1};
    sally_file_get_facts(NULL, &facts);
    assert_int_equal(facts.bytes_read, 0);
    assert_null(sally_file_data(NULL, NULL));
    assert_null(sally_file_path(NULL));
    assert_int_equal(sally_file_id(NULL), 0);
    assert_int_equal(sally_file_set_data(NULL, NULL, NULL, NULL), SALLY_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_an_answer_too),     cmocka_unit_test(a_message_is_taken_back),
        cmocka_unit_test(a_message_is_clean_and_short), cmocka_unit_test(a_lock_holder_is_copied),
        cmocka_unit_test(no_file_is_asked_in_vain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
