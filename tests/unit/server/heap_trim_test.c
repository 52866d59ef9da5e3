/* When a loop has the heap's free memory given back. */
#include "cmocka_all.h"

#include "server/fixture.h"
#include "server/loops.h"
#include "server/server.h"

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
    loop_run(&s->loops[0]->loop);
    server_loop_ended(s->loops[0]);
    assert_int_equal(sally_server_wait(s), SALLY_E_OK);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void await(struct heap_trim *trim)
{
    for (int i = 0; i < 1000 && atomic_load(&trim->is_out); i++)
        nap(10);
    assert_false(atomic_load(&trim->is_out));
}

static void come_due(struct heap_trim *trim)
{
    loop_member_set_deadline(&trim->member, DEADLINE_NONE);
    trim->member.methods->due(&trim->member);
}

static void much_memory_goes_in_a_quiet_moment(void **state)
{
    (void)state;
    sally_server *s = prepared("1h");
    struct heap_trim *trim = &s->loops[0]->heap_trim;
    const struct deadline *deadline = &trim->member.deadline;
    heap_trim_note(trim, MUCH); /* one connection has not had that much at once */
    assert_true(deadline->at_ns == DEADLINE_NONE);
    heap_trim_note(trim, MUCH);
    assert_true(deadline->at_ns < loop_now_ns() + SECOND);

    trim->moved_ns = loop_now_ns();
    come_due(trim); /* not now */
    assert_true(deadline->at_ns != DEADLINE_NONE);
    assert_true(trim->loose_bytes > 0 && trim->done_ns == 0);

    trim->moved_ns = 0;
    come_due(trim);
    assert_true(trim->loose_bytes == 0 && trim->done_ns != 0);
    await(trim);

    for (int i = 0; i < LOGINS; i++) /* the next one: not before the pause is over */
        heap_trim_note(trim, NOTHING);
    assert_true(deadline->at_ns >= trim->done_ns + 3600 * SECOND);
    end(s);
}

static void nothing_happens_unless_it_was_asked_for(void **state)
{
    (void)state;
    sally_server *s = prepared("0s");
    struct heap_trim *trim = &s->loops[0]->heap_trim;
    for (int i = 0; i < 10; i++)
        heap_trim_note(trim, MUCH);
    assert_true(trim->member.deadline.at_ns == DEADLINE_NONE);
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
