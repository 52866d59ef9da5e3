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

static void on_gone(void *user_data)
{
    ((struct bench *)user_data)->gone = true;
}

static void end(struct bench *b)
{
    op_free(b->op);
    session_close(b->session, SALLY_CLOSED_BY_CLIENT, on_gone, b);
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

static void no_file_is_asked_in_vain(void **state)
{
    (void)state;
    sally_file_facts facts = {.bytes_read = 1};
    sally_file_get_facts(NULL, &facts);
    assert_int_equal(facts.bytes_read, 0);
    assert_null(sally_file_get(NULL, NULL));
    assert_null(sally_file_path(NULL));
    assert_int_equal(sally_file_id(NULL), 0);
    assert_int_equal(sally_file_set(NULL, NULL, NULL), SALLY_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_an_answer_too),
        cmocka_unit_test(a_message_is_taken_back),
        cmocka_unit_test(a_message_is_clean_and_short),
        cmocka_unit_test(no_file_is_asked_in_vain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
