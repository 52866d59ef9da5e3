/* Clients that flood, and one that does not, on one loop: who is answered when, counted in answers.
 */
#include <string.h>

#include "cmocka_all.h"

#include "base/turn.h"
#include "server/fixture.h"

#define IN_A_TURN ((TURN_UNITS + TURN_REQUEST - 1) / TURN_REQUEST)
#define FLOOD     3000 /* requests that fit into a window */

static sally_server *new_pumped_server(void)
{
    sally_server *s = new_server(NULL);
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_user(s, "ann", "secret", fs), SALLY_E_OK);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_poll(s, 0), 1);
    return s;
}

static void log_in(struct client *c, sally_server *s, const char *user)
{
    assert_true(client_connect(c, s, s));
    assert_true(client_login(c, user, "secret"));
    assert_true(client_sftp(c));
}

/* All is on its way before the server looks. */
static void send_stats(struct client *c, uint32_t count)
{
    struct buf body;
    buf_init(&body, 64);
    put_text(&body, "/");
    for (uint32_t i = 0; i < count; i++)
        client_send(c, 17, &body);
    buf_clear(&body);
    c->pumped = NULL;
    (void)client_run(c, NULL, 1);
}

static bool has_answer(struct client *c)
{
    return c->in.size > 0;
}

static void an_honest_client_is_answered_amid_a_flood(void **state)
{
    (void)state;
    struct client joe[8], ann;
    sally_server *s = new_pumped_server();
    log_in(&ann, s, "ann");
    for (size_t i = 0; i < COUNT_OF(joe); i++)
        log_in(&joe[i], s, "joe");
    for (size_t i = 0; i < COUNT_OF(joe); i++)
        send_stats(&joe[i], FLOOD);
    for (int i = 0; i < 5; i++) {
        uint64_t before = counters_of(s).operations;
        send_stats(&ann, 1);
        for (int k = 0; k < 10 && !client_run(&ann, has_answer, 1); k++)
            assert_int_equal(sally_server_poll(s, 0), 1);
        assert_true(has_answer(&ann));
        buf_reset(&ann.in);
        /* The turn that was going on, and those until its socket was looked at. */
        assert_in_range(counters_of(s).operations - before, 1, 12 * IN_A_TURN);
    }
    assert_in_range(counters_of(s).operations, 1, FLOOD * COUNT_OF(joe) / 2); /* it still goes on */
    for (size_t i = 0; i < COUNT_OF(joe); i++)
        client_end(&joe[i]);
    client_end(&ann);
    for (int i = 0; i < 1000 && counters_of(s).connections_now; i++)
        assert_int_equal(sally_server_poll(s, 10), 1);
    assert_int_equal(counters_of(s).connections_now, 0);
    assert_int_equal(counters_of(s).sessions_now, 0);
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    while (sally_server_poll(s, 10) > 0)
        continue;
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_client_is_answered_amid_a_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
