/* A loop with members that know nothing of connections, in the test's own thread. */
#include <pthread.h>
#include <string.h>

#include "cmocka_all.h"

#include "alloc_failure.h"
#include "base/mem.h"
#include "loop/loop.h"

#define SECOND UINT64_C(1000000000)

/* What happens to a member, in order: t turn, d due, i drain, n drain now. */
struct probe {
    struct loop_member member;
    char told[32];
    bool stays;  /* asks for another turn in each turn */
    bool leaves; /* when told to */
};

static struct probe *probe_of(struct loop_member *m)
{
    return CONTAINER_OF(m, struct probe, member);
}

static void note(struct loop_member *m, char what)
{
    struct probe *p = probe_of(m);
    size_t size = strlen(p->told);
    if (size + 1 < sizeof p->told)
        p->told[size] = what;
}

static void on_turn(struct loop_member *m)
{
    note(m, 't');
    if (probe_of(m)->stays)
        loop_member_make_ready(m);
}

static void on_due(struct loop_member *m)
{
    note(m, 'd');
}

static void on_drain(struct loop_member *m, bool now)
{
    note(m, now ? 'n' : 'i');
    if (now || probe_of(m)->leaves)
        loop_leave(m);
}

static const struct loop_member_methods methods = {on_turn, on_due, on_drain};

static struct loop loop;
static struct probe a, b;

static int setup(void **state)
{
    (void)state;
    a = b = (struct probe){.stays = false};
    loop_member_init(&a.member, &methods);
    loop_member_init(&b.member, &methods);
    return loop_init(&loop) == SALLY_E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    loop_clear(&loop);
    return 0;
}

static void pump_until(const bool *reached, struct probe *p, size_t told)
{
    for (int i = 0; i < 1000 && !*reached && strlen(p->told) < told; i++)
        loop_pump(&loop, 10);
}

static const bool never = false;

static void a_turn_comes_once_for_any_number_of_calls(void **state)
{
    (void)state;
    assert_true(loop_join(&loop, &a.member) && loop_join(&loop, &b.member));
    loop_member_make_ready(&a.member);
    loop_member_make_ready(&a.member);
    loop_pump(&loop, 0);
    loop_pump(&loop, 0);
    assert_string_equal(a.told, "t");
    assert_string_equal(b.told, "");
}

/* One that always wants more does not keep the others, or the loop's caller, from anything. */
static void a_busy_member_lets_others_have_turns(void **state)
{
    (void)state;
    a.stays = true;
    assert_true(loop_join(&loop, &a.member) && loop_join(&loop, &b.member));
    loop_member_make_ready(&a.member);
    loop_member_make_ready(&b.member);
    loop_pump(&loop, 0);
    assert_string_equal(b.told, "t");
    assert_true(strlen(a.told) >= 2);
}

static void a_deadline_comes_due(void **state)
{
    (void)state;
    assert_true(loop_join(&loop, &a.member) && loop_join(&loop, &b.member));
    loop_member_set_deadline(&a.member, loop_now_ns());
    loop_member_set_deadline(&b.member, loop_now_ns() + 3600 * SECOND);
    pump_until(&never, &a, 1);
    assert_string_equal(a.told, "d");
    assert_true(a.member.deadline.at_ns == DEADLINE_NONE); /* once */
    assert_string_equal(b.told, "");
}

static void one_that_has_left_hears_nothing(void **state)
{
    (void)state;
    assert_true(loop_join(&loop, &a.member));
    loop_member_make_ready(&a.member);
    loop_member_set_deadline(&a.member, loop_now_ns());
    loop_leave(&a.member);
    loop_leave(&a.member); /* does nothing */
    loop_member_make_ready(&a.member);
    loop_member_set_deadline(&a.member, loop_now_ns());
    loop_pump(&loop, 0);
    loop_pump(&loop, 0);
    assert_string_equal(a.told, "");
}

static void a_loop_ends_when_its_members_have_left(void **state)
{
    (void)state;
    a.leaves = true;
    assert_true(loop_join(&loop, &a.member) && loop_join(&loop, &b.member));
    loop_drain(&loop, loop_now_ns() + 3600 * SECOND);
    assert_string_equal(a.told, "i");
    assert_string_equal(b.told, "i");
    loop_pump(&loop, 0);
    assert_false(loop.is_finished);
    loop_drain(&loop, loop_now_ns()); /* sooner */
    pump_until(&loop.is_finished, &b, sizeof b.told);
    assert_string_equal(b.told, "iin");
    assert_true(loop.is_finished);
}

/* A thread on its way to a loop is waited for. */
static void a_load_keeps_a_loop_alive(void **state)
{
    (void)state;
    atomic_store(&loop.load, 1);
    loop_drain(&loop, loop_now_ns());
    loop_pump(&loop, 0);
    loop_pump(&loop, 0);
    assert_false(loop.is_finished);
    atomic_store(&loop.load, 0);
    pump_until(&loop.is_finished, &a, 1);
    assert_true(loop.is_finished);
}

struct errand {
    struct task task;
    pthread_t thread;
    bool is_home;
};

static void come_home(struct task *task)
{
    struct errand *e = CONTAINER_OF(task, struct errand, task);
    e->is_home = true;
    e->thread = pthread_self();
}

static void *give(void *argument)
{
    struct errand *e = argument;
    assert_false(loop_is_here(&loop));
    loop_give_task(&e->task);
    return NULL;
}

static void a_task_wakes_the_loop_from_another_thread(void **state)
{
    (void)state;
    struct errand e = {.task = {.loop = &loop, .home = come_home}};
    pthread_t thread;
    list_init(&e.task.link);
    assert_int_equal(pthread_create(&thread, NULL, give, &e), 0);
    for (int i = 0; i < 100 && !e.is_home; i++)
        loop_pump(&loop, 1000);
    pthread_join(thread, NULL);
    assert_true(e.is_home);
    assert_true(pthread_equal(e.thread, pthread_self()));
}

static struct errand last_errand;

static void send_and_leave(struct loop_member *m)
{
    struct turn *turn = &loop.turns.turn;
    loop_give_task(&last_errand.task);
    turn_spend(turn, TURN_UNITS); /* the loop looks at its sockets first */
    loop_leave(m);
}

/* A task may hold what it releases at home. */
static void a_loop_ends_with_an_empty_inbox(void **state)
{
    (void)state;
    static const struct loop_member_methods sender = {.turn = send_and_leave, .drain = on_drain};
    last_errand = (struct errand){.task = {.loop = &loop, .home = come_home}};
    list_init(&last_errand.task.link);
    loop_member_init(&a.member, &sender);
    assert_true(loop_join(&loop, &a.member));
    loop_drain(&loop, loop_now_ns() + SECOND);
    loop_member_make_ready(&a.member);
    for (int i = 0; i < 10 && !loop.is_finished; i++)
        loop_pump(&loop, 0);
    assert_true(loop.is_finished);
    assert_true(last_errand.is_home);
}

static void short_memory(void **state)
{
    (void)state;
    size_t joined = 0;
    static struct probe many[64];
    alloc_fail_at(1);
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        loop_member_init(&many[i].member, &methods);
        if (!loop_join(&loop, &many[i].member)) {
            assert_null(many[i].member.loop);
            break;
        }
        joined++;
    }
    assert_true(alloc_failed());
    for (size_t i = 0; i < joined; i++)
        loop_leave(&many[i].member);
    /* One without a deadline needs none. */
    static const struct loop_member_methods quiet = {.drain = on_drain};
    loop_member_init(&a.member, &quiet);
    assert_true(loop_join(&loop, &a.member));
    loop_leave(&a.member);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_turn_comes_once_for_any_number_of_calls),
        TEST(a_busy_member_lets_others_have_turns),
        TEST(a_deadline_comes_due),
        TEST(one_that_has_left_hears_nothing),
        TEST(a_loop_ends_when_its_members_have_left),
        TEST(a_load_keeps_a_loop_alive),
        TEST(a_task_wakes_the_loop_from_another_thread),
        TEST(a_loop_ends_with_an_empty_inbox),
        TEST(short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
