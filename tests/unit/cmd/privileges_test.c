/* Becoming another user for good. Most of it takes root. */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cmd/in_child.h"
#include "common/privileges.h"

#define NOBODY 65534

static const struct {
    const char *text, *why;
} mistakes[] = {
    {"", "USER:GROUP"},
    {":nogroup", "USER:GROUP"},
    {"nobody:", "USER:GROUP"},
    {"no-such-user", "unknown user \"no-such-user\""},
    {"nobody:no-such-group", "unknown group \"no-such-group\""},
    {"54321", "a group is required"},
    {"-1", "unknown user"},
    {"4294967295:0", "unknown user"}, /* (uid_t)-1: setresuid() would change nothing */
    {"nobody:4294967295", "unknown group"},
    {"root", "root"},
    {"0", "root"},
    {"root:nogroup", "root"},
    {"0:54321", "root"},
};

static void names_that_will_not_do_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct identity user;
        char why[256] = "";
        if (privileges_find(&user, mistakes[i].text, why, sizeof why) ||
            !strstr(why, mistakes[i].why))
            fail_msg("\"%s\": \"%s\"", mistakes[i].text, why);
    }
}

static void users_and_groups_are_found(void **state)
{
    (void)state;
    struct identity user;
    char why[256];
    const struct passwd *nobody = getpwuid(NOBODY);
    if (!nobody)
        skip();
    gid_t first = nobody->pw_gid;
    assert_true(privileges_find(&user, "nobody", why, sizeof why));
    assert_int_equal(user.uid, NOBODY);
    assert_int_equal(user.gid, first);
    free(user.groups);
    assert_true(privileges_find(&user, "65534", why, sizeof why));
    assert_string_equal(user.name, "nobody");
    free(user.groups);
    assert_true(privileges_find(&user, "nobody:4321", why, sizeof why));
    assert_int_equal(user.gid, 4321);
    assert_int_equal(user.group_count, 0);
    assert_true(privileges_find(&user, "54321:4321", why, sizeof why)); /* no account needed */
    assert_int_equal(user.uid, 54321);
    assert_int_equal(user.gid, 4321);
}

/* ---- In a child: 0, or which step went wrong ---- */

static bool has_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0)
        return true;
    return (data[0].effective | data[1].effective | data[0].permitted | data[1].permitted |
            data[0].inheritable | data[1].inheritable) != 0;
}

static int become(const void *argument)
{
    const struct identity *user = argument;
    char why[256] = "";
    gid_t groups[8];
    if (!privileges_become(user, why, sizeof why)) {
        print_error("%s\n", why);
        return 1;
    }
    if (getuid() != user->uid || geteuid() != user->uid || getgid() != user->gid ||
        getegid() != user->gid)
        return 2;
    int count = getgroups(8, groups);
    if (count < 0 || (size_t)count != user->group_count)
        return 3;
    for (int i = 0; i < count; i++) {
        if (groups[i] != user->groups[i])
            return 4;
    }
    if (has_capabilities() || prctl(PR_CAPBSET_READ, CAP_SETUID, 0, 0, 0) != 0)
        return 5;
    if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 || setgroups(0, NULL) == 0 ||
        open("/etc/shadow", O_RDONLY) >= 0)
        return 6;
    return 0;
}

static void there_is_no_way_back(void **state)
{
    (void)state;
    gid_t others[] = {1234, 5678};
    const struct identity with_groups = {
        .name = "nobody", .uid = NOBODY, .gid = 4321, .groups = others, .group_count = 2};
    const struct identity alone = {.name = "nobody", .uid = NOBODY, .gid = 4321};
    if (!privileges_are_roots()) {
        print_message("only root can become somebody else\n");
        skip();
    }
    assert_int_equal(in_child(become, &alone), 0);
    assert_int_equal(in_child(become, &with_groups), 0);
}

static int become_without_right(const void *argument)
{
    const struct identity user = {.name = "nobody", .uid = NOBODY, .gid = 4321};
    char why[256] = "";
    (void)argument;
    if (privileges_are_roots() && (setgid(1234) != 0 || setuid(1234) != 0))
        return 1;
    return !privileges_become(&user, why, sizeof why) && *why && getuid() != NOBODY ? 0 : 2;
}

static void others_than_root_cannot(void **state)
{
    (void)state;
    assert_int_equal(in_child(become_without_right, NULL), 0);
}

static bool has(int capability)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    return syscall(SYS_capget, &header, data) == 0 &&
           ((data[0].effective | data[0].permitted) & (1u << capability));
}

static int drop(const void *argument)
{
    (void)argument;
    bool had = has(CAP_CHOWN);
    if (!privileges_drop_capabilities())
        return 1;
    if (has(CAP_SETUID) || has(CAP_SYS_ADMIN) || has(CAP_SYS_PTRACE) || has(CAP_NET_RAW) ||
        has(CAP_KILL))
        return 2;
    return has(CAP_CHOWN) == had ? 0 : 3;
}

/* And is not worse off for files. */
static void root_keeps_no_more_than_files_take(void **state)
{
    (void)state;
    assert_int_equal(in_child(drop, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_will_not_do_are_refused),
        cmocka_unit_test(users_and_groups_are_found),
        cmocka_unit_test(there_is_no_way_back),
        cmocka_unit_test(others_than_root_cannot),
        cmocka_unit_test(root_keeps_no_more_than_files_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
