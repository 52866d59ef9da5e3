/* Hooks of one session run at the same time where its storage's slots may, and only there. */
#include "core/layers.h"

#include <pthread.h>
#include <time.h>

#define WAIT_SECONDS 20

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int inside, most, wanted;

/* Stays until as many as are wanted have been here together. */
static void meet(struct layer_hook *h, sally_op *op)
{
    struct timespec until;
    (void)h;
    if (op->kind != SALLY_OP_READ)
        return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_SECONDS;
    pthread_mutex_lock(&lock);
    most = ++inside > most ? inside : most;
    pthread_cond_broadcast(&changed);
    while (most < wanted && pthread_cond_timedwait(&changed, &lock, &until) == 0)
        continue;
    inside--;
    pthread_mutex_unlock(&lock);
}

static void read_twice(uint32_t traits, bool after)
{
    struct layers x;
    inside = most = 0;
    wanted = traits ? 2 : 1;
    layers_start(&x, TEST_WORKERS, traits, 1, NULL, NULL);
    layers_add_hooks(&x, 1);
    *(after ? &x.hook[0].on_after : &x.hook[0].on_before) = meet;
    sally_file *file = layers_open(&x, SALLY_OPEN_READ);
    op_submit(layers_op(&x, SALLY_OP_READ, file));
    op_submit(layers_op(&x, SALLY_OP_READ, file));
    layers_wait(&x, 3);
    assert_int_equal(most, wanted);
    layers_stop(&x);
}

static void concurrent_storages(void **state)
{
    (void)state;
    read_twice(SALLY_FS_CONCURRENT, false);
    read_twice(SALLY_FS_CONCURRENT, true);
}

static void others(void **state)
{
    (void)state;
    read_twice(0, false);
    read_twice(0, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concurrent_storages),
        cmocka_unit_test(others),
    };
    return cmocka_run_group_tests_name("core/hooks_at_once", tests, NULL, NULL);
}
