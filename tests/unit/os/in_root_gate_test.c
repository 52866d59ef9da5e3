/* Long walks take turns at a gate, short ones do not; none waits forever. */
#include "cmocka_all.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "os/in_root.h"
#include "os/in_root_gate.h"

static atomic_int entered;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *enter(void *gate)
{
    in_root_gate_enter(gate);
    atomic_fetch_add(&entered, 1);
    return NULL;
}

static void one_that_leaves_lets_another_in(void **state)
{
    (void)state;
    struct in_root_gate gate;
    pthread_t thread;
    in_root_gate_init(&gate, 1);
    atomic_store(&entered, 0);
    in_root_gate_enter(&gate);
    assert_int_equal(pthread_create(&thread, NULL, enter, &gate), 0);
    in_root_gate_leave(&gate);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&entered), 1);
    assert_int_equal(gate.inside, 1);
    in_root_gate_leave(&gate);
    in_root_gate_clear(&gate);
}

static void who_has_waited_long_enough_goes_in(void **state)
{
    (void)state;
    struct in_root_gate gate;
    in_root_gate_init(&gate, 1);
    in_root_gate_enter(&gate);
    in_root_gate_enter(&gate); /* the other one never leaves */
    assert_int_equal(gate.inside, 2);
    in_root_gate_clear(&gate);
}

/* `count` components, none of which leads anywhere but to the directory itself. */
static void make_link(const char *directory, const char *name, size_t count)
{
    char path[512], *text = malloc(2 * count + 1);
    assert_non_null(text);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        strcpy(text + 2 * i, i + 1 < count ? "./" : ".");
    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(symlink(text, path), 0);
    free(text);
}

static void only_long_walks_go_through_it(void **state)
{
    (void)state;
    char directory[] = "/tmp/in-root-gate-XXXXXX", path[512];
    struct in_root_gate gate;
    assert_non_null(mkdtemp(directory));
    make_link(directory, "short", 10);
    make_link(directory, "long", 200);
    in_root_gate_init(&gate, 0); /* entered only by waiting long enough */
    struct in_root b = {.root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC),
                        .confined = true,
                        .walk = true,
                        .gate = &gate};
    assert_true(b.root >= 0);
    uint64_t start = now_ns();
    int fd = in_root_open(&b, "/long", O_RDONLY | O_DIRECTORY, 0);
    assert_true(fd >= 0);
    assert_true(now_ns() - start >= 100000000u);
    assert_int_equal(gate.inside, 0);
    close(fd);
    in_root_gate_enter(&gate); /* were it needed, two would be inside */
    fd = in_root_open(&b, "/short", O_RDONLY | O_DIRECTORY, 0);
    assert_true(fd >= 0);
    assert_int_equal(gate.inside, 1);
    close(fd);
    close(b.root);
    in_root_gate_clear(&gate);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, i ? "long" : "short");
        unlink(path);
    }
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_leaves_lets_another_in),
        cmocka_unit_test(who_has_waited_long_enough_goes_in),
        cmocka_unit_test(only_long_walks_go_through_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
