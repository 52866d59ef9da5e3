#include "sftp/open_flags.h"

#include "cmocka_all.h"
#include "sallyport/op.h"
#include "sftp/protocol.h"

static void test_both_ways(void **state)
{
    static const struct {
        uint32_t version, flags, wire;
        uint32_t left; /* what cannot be sent */
    } rows[] = {
        {5, 0, SSH_FXF_OPEN_EXISTING, 0},
        {5, SALLY_OPEN_CREATE, SSH_FXF_OPEN_OR_CREATE, 0},
        {5, SALLY_OPEN_TRUNCATE, SSH_FXF_TRUNCATE_EXISTING, 0},
        {5, SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE, SSH_FXF_CREATE_TRUNCATE, 0},
        {5, SALLY_OPEN_CREATE | SALLY_OPEN_EXCLUSIVE, SSH_FXF_CREATE_NEW, 0},
        {5, SALLY_OPEN_APPEND, SSH_FXF_OPEN_EXISTING | SSH_FXF_APPEND_DATA, 0},
        {5, SALLY_OPEN_APPEND | SALLY_OPEN_APPEND_ATOMIC,
         SSH_FXF_OPEN_EXISTING | SSH_FXF_APPEND_DATA_ATOMIC, 0},
        {5, SALLY_OPEN_APPEND_ATOMIC, SSH_FXF_OPEN_EXISTING, SALLY_OPEN_APPEND_ATOMIC},
        {5, SALLY_OPEN_EXCLUSIVE, SSH_FXF_OPEN_EXISTING, SALLY_OPEN_EXCLUSIVE},
        {5, SALLY_OPEN_NOFOLLOW, SSH_FXF_OPEN_EXISTING, SALLY_OPEN_NOFOLLOW},
        {6, SALLY_OPEN_NOFOLLOW, SSH_FXF_OPEN_EXISTING | SSH_FXF_NOFOLLOW, 0},
        {6, SALLY_OPEN_TEXT | SALLY_OPEN_DELETE_ON_CLOSE,
         SSH_FXF_OPEN_EXISTING | SSH_FXF_TEXT_MODE | SSH_FXF_DELETE_ON_CLOSE, 0},
        {6, SALLY_OPEN_BLOCK_READ | SALLY_OPEN_BLOCK_ADVISORY,
         SSH_FXF_OPEN_EXISTING | SSH_FXF_BLOCK_READ | SSH_FXF_BLOCK_ADVISORY, 0},
        {6, SALLY_OPEN_EXACT_MODE, SSH_FXF_OPEN_EXISTING, SALLY_OPEN_EXACT_MODE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t left = rows[i].flags, back = 0;
        assert_int_equal(open_flags_to_wire(rows[i].version, &left), rows[i].wire);
        assert_int_equal(left, rows[i].left);
        assert_int_equal(open_flags_of_wire(rows[i].version, rows[i].wire, &back), SALLY_OK);
        assert_int_equal(back, rows[i].flags & ~rows[i].left);
    }
}

static void test_new_files_are_empty(void **state)
{
    uint32_t left = SALLY_OPEN_CREATE | SALLY_OPEN_EXCLUSIVE | SALLY_OPEN_TRUNCATE;
    (void)state;
    assert_int_equal(open_flags_to_wire(6, &left), SSH_FXF_CREATE_NEW);
    assert_int_equal(left, 0);
}

static void test_what_is_unknown(void **state)
{
    uint32_t flags, blocks = SSH_FXF_BLOCK_READ | SSH_FXF_BLOCK_ADVISORY | 0x4000;
    (void)state;
    assert_int_equal(open_flags_of_wire(6, 5, &flags), SALLY_INVALID_PARAMETER);
    assert_int_equal(open_flags_of_wire(6, SSH_FXF_LAST << 1, &flags), SALLY_INVALID_PARAMETER);
    assert_int_equal(open_flags_of_wire(6, SSH_FXF_LAST, &flags), SALLY_UNSUPPORTED);
    assert_int_equal(open_flags_of_wire(5, SSH_FXF_NOFOLLOW, &flags), SALLY_UNSUPPORTED);
    assert_int_equal(block_flags_of_wire(&blocks),
                     SALLY_OPEN_BLOCK_READ | SALLY_OPEN_BLOCK_ADVISORY);
    assert_int_equal(blocks, 0x4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_new_files_are_empty),
        cmocka_unit_test(test_what_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
