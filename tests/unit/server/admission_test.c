/* Who is let in, and how long they may take. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/mem.h"
#include "server/fixture.h"

static bool is_turned_away(sally_server *s)
{
    struct client c;
    if (!client_connect(&c, s, NULL))
        return true;
    bool in = client_login(&c, "joe", "secret");
    client_end(&c);
    return !in;
}

static void connections_are_limited(void **state)
{
    (void)state;
    static const char *const names[] = {"limits.connections", "limits.connections_per_address",
                                        "limits.connections_per_user"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        sally_server *s = new_server(NULL);
        assert_int_equal(sally_server_set(s, names[i], "2"), SALLY_E_OK);
        assert_int_equal(sally_server_start(s), SALLY_E_OK);
        struct client a, b;
        client_open(&a, s, "joe", "secret");
        client_open(&b, s, "joe", "secret");
        assert_true(is_turned_away(s));
        client_end(&a);
        await_connections(s, 1);
        assert_false(is_turned_away(s));
        client_end(&b);
        finish(s);
    }
}

static void unauthenticated_connections_are_limited(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.unauthenticated", "1"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client a, b, late;
    client_open(&a, s, "joe", "secret"); /* logged in: does not count */
    assert_true(client_connect(&b, s, NULL));
    await_connections(s, 2);
    assert_true(client_connect(&late, s, NULL));
    assert_true(client_run(&late, client_is_over, 5000));
    client_end(&late);
    assert_int_equal(counters_of(s).connections_refused, 1);
    client_end(&b);
    client_end(&a);
    finish(s);
}

#define RACERS 12

static void *race(void *argument)
{
    sally_server *s = argument;
    struct client *c = mem_zalloc(sizeof *c);
    if (!client_connect(c, s, NULL) || !client_login(c, "joe", "secret")) {
        client_end(c);
        mem_free(c);
        return NULL;
    }
    return c;
}

/* S: more sessions than allowed, by connects that race. */
static void racing_logins_do_not_pass_the_limit(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.connections_per_user", "1"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    pthread_t threads[RACERS];
    uint32_t in = 0;
    for (size_t i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, s), 0);
    struct client *winners[RACERS];
    for (size_t i = 0; i < RACERS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        if (result)
            winners[in++] = result;
    }
    assert_int_equal(in, 1);
    assert_int_equal(counters_of(s).logins, 1);
    client_end(winners[0]);
    mem_free(winners[0]);
    finish(s);
}

static void a_slow_login_ends(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.login_time", "100ms"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_true(client_run(&c, client_is_over, 5000));
    client_end(&c);
    await_connections(s, 0);
    finish(s);
}

#define SLOW 100

/* S3: many that say nothing, and are ended by the clock together. */
static void many_slow_logins_end(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.login_time", "300ms"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client *c = mem_array(SLOW, sizeof *c);
    for (size_t i = 0; i < SLOW; i++)
        assert_true(client_connect(&c[i], s, NULL));
    for (int i = 0; i < 100 && counters_of(s).connections < SLOW; i++)
        nap(10);
    assert_int_equal(counters_of(s).connections, SLOW);
    await_connections(s, 0);
    for (size_t i = 0; i < SLOW; i++)
        client_end(&c[i]);
    mem_free(c);
    finish(s);
}

static sally_status refuse(void *user_data, sally_connection *connection)
{
    (void)user_data;
    return sally_connection_peer(connection)->port ? SALLY_PERMISSION_DENIED : SALLY_OK;
}

static void a_hook_refuses_connections(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    const sally_hooks hooks = {.struct_size = sizeof hooks, .connection_requested = refuse};
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    assert_true(is_turned_away(s));
    await_connections(s, 0);
    assert_int_equal(counters_of(s).connections_refused, 1);
    finish(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_limited),
        cmocka_unit_test(unauthenticated_connections_are_limited),
        cmocka_unit_test(racing_logins_do_not_pass_the_limit),
        cmocka_unit_test(a_slow_login_ends),
        cmocka_unit_test(many_slow_logins_end),
        cmocka_unit_test(a_hook_refuses_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
