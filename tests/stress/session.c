/* One session from its start to its end. */
#include "session.h"

#include <stdlib.h>

#include "stress.h"

#define ACTIONS 300

/* ---- Without threads ---- */

/* The host of a session in steps keeps what is offloaded until stress_wait() runs it. */
static void keep_work(struct session_host *host, struct op *op)
{
    struct test_host *h = CONTAINER_OF(host, struct test_host, host);
    list_append(&h->work, &op->link);
}

static bool deliver(struct stress *x)
{
    if (list_empty(&x->host.mail))
        return false;
    test_host_pump_one(&x->host);
    return true;
}

static bool run_work(struct stress *x)
{
    struct list *item = list_pop_first(&x->host.work);
    if (item)
        session_run(CONTAINER_OF(item, struct op, link));
    return item != NULL;
}

static bool answer_late(struct stress *x)
{
    return late_answer_one(&x->late);
}

/* False: there is nothing to do. */
static bool step(struct stress *x)
{
    static bool (*const ways[])(struct stress * x) = {deliver, run_work, answer_late};
    uint32_t first = dice_below(&x->dice, COUNT_OF(ways));
    for (uint32_t i = 0; i < COUNT_OF(ways); i++)
        if (ways[(first + i) % COUNT_OF(ways)](x))
            return true;
    return false;
}

void stress_wait(struct stress *x)
{
    if (!x->steps)
        test_host_wait_one(&x->host);
    else if (!step(x))
        stress_fail("nothing is left to do, but some operations were never answered");
}

/* ---- A session ---- */

static void answer(void *user_data, const struct late_op *late)
{
    struct stress *x = user_data;
    if (dice_one_in(&x->dice, 8))
        program_submit_any(x, late->op);
    sally_op_finish(late->op, late->owner ? store_answer(late->owner, late->op) : late->status);
}

static void choose(struct stress *x)
{
    static const uint32_t traits[] = {0,
                                      SALLY_FS_NONBLOCKING,
                                      SALLY_FS_CONCURRENT,
                                      SALLY_FS_CONCURRENT,
                                      SALLY_FS_CONCURRENT | SALLY_FS_TRY,
                                      SALLY_FS_TRY,
                                      SALLY_FS_CONCURRENT | SALLY_FS_CONCURRENT_WRITES,
                                      SALLY_FS_CONCURRENT | SALLY_FS_CONCURRENT_WRITES |
                                          SALLY_FS_NONBLOCKING,
                                      SALLY_FS_CONCURRENT | SALLY_FS_NONBLOCKING};
    x->traits = traits[dice_below(&x->dice, COUNT_OF(traits))];
    x->max_bytes = 64 * (1 + dice_below(&x->dice, 8));
    x->late_percent = dice_below(&x->dice, 4) * 30;
    x->fail_percent = dice_below(&x->dice, 2) * 10;
}

static void start_host(struct stress *x)
{
    bool workers = !dice_one_in(&x->dice, 4);
    test_host_start(&x->host, workers && !x->steps ? TEST_WORKERS : 0);
    if (workers && x->steps)
        x->host.host.offload = keep_work;
    x->host.host.yields = dice_one_in(&x->dice, 2);
}

static void start(struct stress *x)
{
    choose(x);
    start_host(x);
    pthread_mutex_init(&x->lock, NULL);
    late_start(&x->late, !x->steps, &x->dice, answer, x);
    stores_start(x);
    program_add_hooks(x);
    const struct session_options options = {.fs = x->wrapper,
                                            .permissions = SALLY_MAY_ALL,
                                            .max_operations = 64,
                                            .max_files = MAX_FILES,
                                            .max_bytes = x->max_bytes,
                                            .hooks = &x->hooks};
    if (session_new(&x->session, &x->host.host, &options) != SALLY_E_OK)
        stress_fail("cannot make a session");
    client_start(x);
}

static void see_running(void *user_data, const struct op *op)
{
    size_t *sum = user_data;
    *sum += op->kind + (op->asked_path ? strlen(op->asked_path) : 0);
}

/* What may happen between two actions of the client. */
static void go_on(struct stress *x)
{
    size_t sum = 0;
    if (dice_one_in(&x->dice, 3)) {
        if (x->steps)
            step(x);
        else
            test_host_pump_one(&x->host);
    }
    if (!x->closing && dice_one_in(&x->dice, 60))
        counts_check(x);
    if (!x->closing && dice_one_in(&x->dice, 50))
        session_each_running(x->session, see_running, &sum);
}

static void act(struct stress *x)
{
    uint32_t actions = dice_one_in(&x->dice, 4) ? dice_below(&x->dice, ACTIONS) : ACTIONS;
    uint32_t drain_at = dice_one_in(&x->dice, 3) ? dice_below(&x->dice, ACTIONS) : ACTIONS;
    for (uint32_t i = 0; i < actions && !x->closing; i++) {
        if (i == drain_at)
            session_drain(x->session);
        if (client_may_act(x))
            client_act(x);
        else
            stress_wait(x);
        if (!x->closing)
            go_on(x);
    }
}

static void stop(struct stress *x)
{
    if (!x->closing)
        client_close(x);
    while (!x->gone)
        stress_wait(x);
    late_stop(&x->late);
    test_host_stop(&x->host);
    if (x->asked != x->answered || x->submitted != x->submit_answered)
        stress_fail("%d answers to %d requests, %d to %d of the program", x->answered, x->asked,
                    x->submit_answered, x->submitted);
    stores_stop(x);
    hook_stack_clear(&x->hooks);
    pthread_mutex_destroy(&x->lock);
}

uint64_t session_stress(const struct stress_run *run)
{
    struct stress *x = calloc(1, sizeof *x);
    if (!x)
        stress_fail("memory is short");
    x->steps = !run->threads;
    dice_init(&x->dice, run->seed, run->input);
    start(x);
    act(x);
    stop(x);
    uint64_t count = (uint64_t)x->asked + (uint64_t)x->submitted;
    free(x);
    return count;
}
