/* When a loop has the heap's free memory given back. */
#include "cmocka_all.h"

#include "server/fixture.h"
#include "server/loop.h"
#include "server/server.h"
#include "server/sweep.h"

#define MUCH    (UINT64_C(1) << 40)
#define SECOND  UINT64_C(1000000000)
#define LOGINS  256 /* that leave as many holes as are worth it */
#define NOTHING 0

static sally_server *prepared(const char *pause)
{
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "server.loops", "1"), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "server.trim_heap", pause), SALLY_E_OK);
    assert_int_equal(server_prepare(s, false), SALLY_E_OK);
    return s;
}

/* Its loop has never run: it does so now, to find that nothing is left to do. */
static void end(sally_server *s)
{
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    loop_run(s->loops[0]);
    server_loop_ended(s->loops[0]);
    assert_int_equal(sally_server_wait(s), SALLY_E_OK);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void await(struct loop *loop)
{
    for (int i = 0; i < 1000 && atomic_load(&loop->sweep.is_out); i++)
        nap(10);
    assert_false(atomic_load(&loop->sweep.is_out));
}

static void much_memory_goes_in_a_quiet_moment(void **state)
{
    (void)state;
    sally_server *s = prepared("1h");
    struct loop *loop = s->loops[0];
    struct sweep *sweep = &loop->sweep;
    sweep_note(loop, MUCH); /* one connection has not had that much at once */
    assert_true(sweep->deadline.at_ns == DEADLINE_NONE);
    sweep_note(loop, MUCH);
    assert_true(sweep->deadline.at_ns < loop_now_ns() + SECOND);

    loop_set_deadline(loop, &sweep->deadline, DEADLINE_NONE);
    sweep->moved_ns = loop_now_ns();
    sweep_due(loop); /* not now */
    assert_true(sweep->deadline.at_ns != DEADLINE_NONE);
    assert_true(sweep->loose_bytes > 0 && sweep->done_ns == 0);

    loop_set_deadline(loop, &sweep->deadline, DEADLINE_NONE);
    sweep->moved_ns = 0;
    sweep_due(loop);
    assert_true(sweep->loose_bytes == 0 && sweep->done_ns != 0);
    await(loop);

    for (int i = 0; i < LOGINS; i++) /* the next one: not before the pause is over */
        sweep_note(loop, NOTHING);
    assert_true(sweep->deadline.at_ns >= sweep->done_ns + 3600 * SECOND);
    end(s);
}

static void nothing_happens_unless_it_was_asked_for(void **state)
{
    (void)state;
    sally_server *s = prepared("0s");
    struct loop *loop = s->loops[0];
    for (int i = 0; i < 10; i++)
        sweep_note(loop, MUCH);
    assert_true(loop->sweep.deadline.at_ns == DEADLINE_NONE);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(much_memory_goes_in_a_quiet_moment),
        cmocka_unit_test(nothing_happens_unless_it_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
