#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmocka_all.h"

#include "os/cgroup.h"

static char tree[64]; /* in the place of / */

static void put(const char *path, const char *text)
{
    char whole[256];
    snprintf(whole, sizeof whole, "%s%s", tree, path);
    for (char *slash = strchr(whole + strlen(tree) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(whole, 0700);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int make_tree(void **state)
{
    (void)state;
    strcpy(tree, "/tmp/sally-test-XXXXXX");
    return mkdtemp(tree) ? 0 : -1;
}

static int remove_tree(void **state)
{
    char command[96];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", tree);
    return system(command);
}

static void takes_the_smallest_on_the_way_up(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "1:name=systemd:/x\n0::/a/b/c\n");
    assert_true(os_cgroup_memory(tree) == UINT64_MAX); /* no limit is there */
    put("/sys/fs/cgroup/a/b/c/memory.max", "max\n");
    assert_true(os_cgroup_memory(tree) == UINT64_MAX);
    put("/sys/fs/cgroup/a/memory.max", "1073741824\n");
    assert_int_equal(os_cgroup_memory(tree), 1073741824);
    put("/sys/fs/cgroup/a/b/c/memory.max", "536870912\n");
    assert_int_equal(os_cgroup_memory(tree), 536870912);
    put("/sys/fs/cgroup/a/b/memory.max", "1000\n");
    assert_int_equal(os_cgroup_memory(tree), 1000);
    put("/sys/fs/cgroup/a/b/other/memory.max", "1\n");
    assert_int_equal(os_cgroup_memory(tree), 1000);
}

static void knows_containers(void **state)
{
    (void)state;
    /* With a name space of its own, the container's group is the root. */
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "268435456\n");
    assert_int_equal(os_cgroup_memory(tree), 268435456);
    /* Without one, the path is the host's, of which there is nothing here. */
    put("/proc/self/cgroup", "0::/docker/0123\n");
    assert_int_equal(os_cgroup_memory(tree), 268435456);
    /* A group outside of the name space. */
    put("/outside/memory.max", "7\n");
    put("/sys/fs/outside/memory.max", "7\n");
    put("/proc/self/cgroup", "0::/../outside\n");
    assert_int_equal(os_cgroup_memory(tree), 268435456);
}

static void without_version_2_there_is_no_limit(void **state)
{
    (void)state;
    assert_true(os_cgroup_memory(tree) == UINT64_MAX);
    put("/sys/fs/cgroup/memory.max", "1000\n");
    assert_true(os_cgroup_memory(tree) == UINT64_MAX);
    put("/proc/self/cgroup", "");
    assert_true(os_cgroup_memory(tree) == UINT64_MAX);
    put("/proc/self/cgroup", "10::/\n4:memory:/a\n0:");
    assert_true(os_cgroup_memory(tree) == UINT64_MAX);
    put("/proc/self/cgroup", "4:memory:/a\n0::/");
    assert_int_equal(os_cgroup_memory(tree), 1000);
}

static void ignores_what_is_no_number(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/\n");
    const char *const texts[] = {"", "\n", "-1\n", "many\n", "99999999999999999999999\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put("/sys/fs/cgroup/memory.max", texts[i]);
        assert_true(os_cgroup_memory(tree) == UINT64_MAX);
    }
    put("/sys/fs/cgroup/memory.max", "18446744073709551615\n");
    assert_true(os_cgroup_memory(tree) == UINT64_MAX);
    put("/sys/fs/cgroup/memory.max", "0\n");
    assert_int_equal(os_cgroup_memory(tree), 0);
}

static void stops_at_long_paths(void **state)
{
    (void)state;
    char text[8000];
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "0::/", 4);
    text[6000] = '/';
    text[sizeof text - 1] = '\0';
    put("/proc/self/cgroup", text);
    put("/sys/fs/cgroup/memory.max", "1000\n");
    assert_int_equal(os_cgroup_memory(tree), 1000);
}

#define IN_A_TREE(test) cmocka_unit_test_setup_teardown(test, make_tree, remove_tree)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_TREE(takes_the_smallest_on_the_way_up),
        IN_A_TREE(knows_containers),
        IN_A_TREE(without_version_2_there_is_no_limit),
        IN_A_TREE(ignores_what_is_no_number),
        IN_A_TREE(stops_at_long_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
