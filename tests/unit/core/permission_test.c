/* What permissions and handles refuse before the storage is asked. */
#include "cmocka_all.h"

#include "core/scripted.h"

static void permissions_come_before_the_storage(void **state)
{
    struct scripted b = {0};
    scripted_start(&b, 0, 0, false, SALLY_MAY_VIEW | SALLY_MAY_RENAME);
    op_submit(scripted_op(&b, SALLY_OP_REMOVE, "a"));
    assert_null(scripted_open(&b, "f", SALLY_OPEN_WRITE));
    assert_null(scripted_open(&b, "f", SALLY_OPEN_READ | SALLY_OPEN_CREATE));
    assert_null(scripted_open(&b, "f", SALLY_OPEN_READ | SALLY_OPEN_BLOCK_WRITE));
    struct op *rename = scripted_op(&b, SALLY_OP_RENAME, "a");
    assert_int_equal(op_set_raw_to(rename, slice_of("b")), SALLY_OK);
    rename->pub.u.rename.flags = SALLY_RENAME_OVERWRITE; /* also removes */
    op_submit(rename);
    assert_string_equal(b.done, "remove=3 open=3 open=3 open=3 rename=3 ");
    assert_string_equal(b.script.trace, "");
    sally_file *file = scripted_open(&b, "f", SALLY_OPEN_READ);
    assert_non_null(file);
    scripted_io(&b, SALLY_OP_WRITE, file, 0);
    assert_non_null(strstr(b.done, "write=3"));
    scripted_stop(&b);
    (void)state;
}

static void a_file_opened_to_write_cannot_be_read(void **state)
{
    struct scripted b = {0};
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    sally_file *file = scripted_open(&b, "f", SALLY_OPEN_WRITE);
    scripted_io(&b, SALLY_OP_READ, file, 0);
    assert_non_null(strstr(b.done, "read=9"));
    assert_null(strstr(b.script.trace, "read"));
    scripted_stop(&b);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permissions_come_before_the_storage),
        cmocka_unit_test(a_file_opened_to_write_cannot_be_read),
    };
    return cmocka_run_group_tests_name("core/permission", tests, NULL, NULL);
}
