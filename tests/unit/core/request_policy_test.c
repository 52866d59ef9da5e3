/* What lists of requests leave to other protocols. */
#include "cmocka_all.h"

#include <stdio.h>

#include "base/mem.h"
#include "core/request_policy.h"
#include "sallyport/op.h"
#include "sallyport/session.h"

#define K(kind) SALLY_OP_BIT(SALLY_OP_##kind)

static const struct row {
    const char *name;
    uint64_t kinds;
    uint32_t permissions;
} rows[] = {
    {"open", K(OPEN), SALLY_MAY_READ | SALLY_MAY_WRITE | SALLY_MAY_CREATE},
    {"read", K(READ), SALLY_MAY_READ},
    {"write", K(WRITE), SALLY_MAY_WRITE | SALLY_MAY_CREATE},
    {"opendir", K(OPENDIR), SALLY_MAY_LIST},
    {"readdir", K(READDIR), SALLY_MAY_LIST},
    {"stat", K(STAT) | K(FSTAT), SALLY_MAY_STAT},
    {"setstat", K(SETSTAT), SALLY_MAY_SETSTAT},
    {"fsetstat", K(FSETSTAT), SALLY_MAY_SETSTAT},
    {"remove", K(REMOVE), SALLY_MAY_REMOVE},
    {"mkdir", K(MKDIR), SALLY_MAY_MKDIR},
    {"rmdir", K(RMDIR), SALLY_MAY_RMDIR},
    {"rename", K(RENAME), SALLY_MAY_RENAME},
    {"symlink", K(SYMLINK), SALLY_MAY_SYMLINK},
    {"statvfs", K(STATVFS), 0},
    {"statvfs@openssh.com", K(STATVFS), 0},
    {"lstat", 0, 0},
    {"fstat", 0, 0},
    {"close", 0, 0},
    {"realpath", 0, 0},
    {"theirs@example.com", 0, 0},
};

static void without_lists_all_is_allowed(void **state)
{
    (void)state;
    const struct request_policy p = {NULL, NULL}, empty = {NULL, ""};
    assert_int_equal(request_policy_permissions(&p), SALLY_MAY_ALL);
    assert_int_equal(request_policy_permissions(&empty), SALLY_MAY_ALL);
    assert_true(request_policy_denied_kinds(&p) == 0);
    assert_true(request_policy_allows(&p, slice_of("open")));
    assert_true(request_policy_allows(&empty, slice_of("open")));
}

static void what_each_denied_request_takes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char list[64];
        snprintf(list, sizeof list, "limits,,%s,", rows[i].name);
        const struct request_policy p = {NULL, list};
        assert_int_equal(request_policy_permissions(&p), SALLY_MAY_ALL & ~rows[i].permissions);
        assert_true(request_policy_denied_kinds(&p) == rows[i].kinds);
        assert_false(request_policy_allows(&p, slice_of(rows[i].name)));
        assert_true(request_policy_allows(&p, slice_of("open@example.com")));
    }
}

/* Two requests may need the same permission: both must be allowed. */
static void what_an_allow_list_leaves(void **state)
{
    (void)state;
    struct request_policy p = {"open,read,stat,close", NULL};
    assert_int_equal(request_policy_permissions(&p) &
                         (SALLY_MAY_READ | SALLY_MAY_WRITE | SALLY_MAY_STAT | SALLY_MAY_LIST |
                          SALLY_MAY_MKDIR | SALLY_MAY_SETSTAT | SALLY_MAY_CREATE),
                     SALLY_MAY_READ | SALLY_MAY_STAT);
    assert_true((request_policy_denied_kinds(&p) & (K(OPEN) | K(READ) | K(STAT) | K(WRITE))) ==
                K(WRITE));
    assert_true(request_policy_denied_kinds(&p) & K(STATVFS));
    assert_false(request_policy_allows(&p, slice_of("write")));
    assert_true(request_policy_allows(&p, slice_of("read")));

    p.allow = "opendir";
    assert_false(request_policy_permissions(&p) & SALLY_MAY_LIST);
    p.allow = "opendir,readdir";
    assert_true(request_policy_permissions(&p) & SALLY_MAY_LIST);
    p.deny = "readdir"; /* stronger */
    assert_false(request_policy_permissions(&p) & SALLY_MAY_LIST);
    p = (struct request_policy){"statvfs@openssh.com", NULL};
    assert_false(request_policy_denied_kinds(&p) & K(STATVFS));
    p = (struct request_policy){"", NULL};
    assert_false(request_policy_allows(&p, slice_of("open")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_lists_all_is_allowed),
        cmocka_unit_test(what_each_denied_request_takes),
        cmocka_unit_test(what_an_allow_list_leaves),
    };
    return cmocka_run_group_tests_name("core/request_policy", tests, NULL, NULL);
}
