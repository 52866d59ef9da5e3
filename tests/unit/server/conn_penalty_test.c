/* What connections cost their address, and answers that are kept back, on running servers. Times
 * are so long that none runs off meanwhile. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmocka_all.h"

#include "base/mem.h"
#include "server/conn.h"
#include "server/fixture.h"
#include "server/server.h"
#include "server/unauthenticated_fixture.h"

#define HOUR UINT64_C(3600000000000)

/* No one is exempt, and nothing costs anything, but what the settings say. */
static sally_server *begin(const char *const settings[][2])
{
    static const char *const nothing[][2] = {
        {"limits.penalty_exempt", ""},         {"limits.penalty_max", "1d"},
        {"limits.penalty_failed_login", "0s"}, {"limits.penalty_login_time", "0s"},
        {"limits.penalty_no_login", "0s"},     {"limits.penalty_protocol_error", "0s"},
        {"limits.failure_delay", "0s"},        {NULL, NULL}};
    sally_server *s = new_server(NULL);
    for (size_t i = 0; nothing[i][0]; i++)
        assert_int_equal(sally_server_set(s, nothing[i][0], nothing[i][1]), SALLY_E_OK);
    for (size_t i = 0; settings[i][0]; i++)
        assert_int_equal(sally_server_set(s, settings[i][0], settings[i][1]), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    return s;
}

static uint64_t left(sally_server *s)
{
    struct ip_address ip = test_ip("127.0.0.1");
    return penalties_left(&s->limits.penalties, &ip, loop_now_ns());
}

static bool is_refused(sally_server *s)
{
    struct client c;
    uint64_t before = counters_of(s).connections_refused;
    assert_true(client_connect(&c, s, NULL));
    bool refused = client_run(&c, client_is_over, 5000) && c.keys_exchanged == 0;
    client_end(&c);
    assert_int_equal(counters_of(s).connections_refused, before + refused);
    return refused;
}

static void guess(sally_server *s, uint32_t times)
{
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    for (uint32_t i = 0; i < times; i++)
        assert_false(client_login(&c, "joe", "wrong"));
    client_end(&c);
    await_connections(s, 0);
}

static void a_connection_of_guesses_costs_once(void **state)
{
    (void)state;
    static const char *const settings[][2] = {
        {"limits.penalty_failed_login", "1h"}, {"limits.penalty_min", "2h"}, {NULL, NULL}};
    sally_server *s = begin(settings);
    guess(s, 3);
    assert_true(left(s) > 0 && left(s) <= HOUR);
    guess(s, 1);
    guess(s, 1); /* a bit less than three hours are left */
    assert_true(is_refused(s));
    assert_true(is_refused(s));
    /* Exempt at once. */
    assert_int_equal(sally_server_set(s, "limits.penalty_exempt", "127.0.0.0/8"), SALLY_E_OK);
    guess(s, 1);
    finish(s);
}

static void a_login_makes_up_for_its_own_failures(void **state)
{
    (void)state;
    static const char *const settings[][2] = {
        {"limits.penalty_failed_login", "1h"}, {"limits.penalty_min", "90m"}, {NULL, NULL}};
    sally_server *s = begin(settings);
    struct client c;
    for (int i = 0; i < 3; i++) {
        assert_true(client_connect(&c, s, NULL));
        assert_false(client_login(&c, "joe", "wrong"));
        assert_true(left(s) > 0);
        assert_true(client_login(&c, "joe", "secret"));
        assert_int_equal(left(s), 0);
        client_end(&c);
    }
    /* Not for those with another's name. */
    for (int i = 0; i < 2; i++) {
        assert_true(client_connect(&c, s, NULL));
        assert_false(client_login(&c, "ann", "wrong"));
        assert_true(client_login(&c, "joe", "secret"));
        client_end(&c);
    }
    assert_true(is_refused(s));
    finish(s);
}

static void raw_connection(sally_server *s, const char *sends)
{
    char unused[256];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server_port(s))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    if (sends) {
        assert_true(write(fd, sends, strlen(sends)) == (ssize_t)strlen(sends));
        while (read(fd, unused, sizeof unused) > 0)
            ;
    }
    close(fd);
}

static void each_offence_has_its_price(void **state)
{
    (void)state;
    static const struct {
        const char *setting, *sends; /* NULL: leaves silently */
    } rows[] = {
        {"limits.penalty_no_login", NULL},
        {"limits.penalty_protocol_error", "SSH-1.5-old\r\n"},
        {"limits.penalty_login_time", "SSH-2.0-slow\r\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *const settings[][2] = {{rows[i].setting, "1h"},
                                           {"limits.penalty_min", "0s"},
                                           {"limits.login_time", "100ms"},
                                           {NULL, NULL}};
        sally_server *s = begin(settings);
        for (size_t k = 0; k < COUNT_OF(rows); k++) {
            if (k != i) {
                raw_connection(s, rows[k].sends);
                for (int n = 0; n < 1000 && counters_of(s).connections < k + 1 - (k > i); n++)
                    nap(10);
                await_connections(s, 0);
            }
        }
        assert_int_equal(left(s), 0);
        raw_connection(s, rows[i].sends);
        for (int n = 0; n < 1000 && left(s) == 0; n++)
            nap(10);
        assert_true(left(s) > 0);
        await_connections(s, 0);
        assert_true(is_refused(s));
        finish(s);
    }
}

/* As if so many connections from there had failed. */
static void set_failures(sally_server *s, uint32_t times)
{
    struct ip_address ip = test_ip("127.0.0.1");
    struct settings *settings = server_settings(s);
    struct penalty_charge charge;
    struct penalty_change changes[NETWORKS_MAX];
    for (uint32_t i = 0; i < times; i++)
        (void)penalties_add(&s->limits.penalties, &settings->limits, &ip, OFFENCE_FAILED_LOGIN,
                            loop_now_ns(), &charge, changes);
    settings_unref(settings);
}

/* Until the server has decided on it. */
static void guess_and_wait(struct client *c, sally_server *s, const char *user)
{
    uint64_t before = left(s);
    assert_true(client_connect(c, s, NULL));
    ssh_client_login_password(c->ssh, user, "wrong");
    while (left(s) <= before && !client_is_over(c))
        (void)client_run(c, NULL, 10);
    assert_false(c->login_failed);
}

/* One worker, which a "no" that is kept back must not hold. */
static void a_no_that_waits_keeps_nobody_waiting(void **state)
{
    (void)state;
    static const char *const settings[][2] = {
        {"limits.penalty_failed_login", "1h"}, {"limits.penalty_min", "12h"},
        {"limits.failure_delay", "1m"},        {"server.workers_unauthenticated", "1"},
        {"server.password_hash_jobs", "1"},    {NULL, NULL}};
    sally_server *s = begin(settings);
    struct client leaves, waits, other;
    set_failures(s, 5);
    guess_and_wait(&leaves, s, "joe");
    guess_and_wait(&waits, s, "nobody");
    assert_true(client_connect(&other, s, NULL));
    assert_true(client_login(&other, "joe", "secret"));
    client_end(&other);
    assert_false(waits.login_failed);
    client_end(&leaves);
    /* Both are counted and told to hooks and the log, even if no one waits for the answer. */
    assert_int_equal(counters_of(s).logins_rejected, 2);
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK); /* does not wait, either */
    assert_true(client_run(&waits, client_is_over, 5000));
    client_end(&waits);
    finish(s);
}

static void a_no_that_waits_is_told(void **state)
{
    (void)state;
    static const char *const settings[][2] = {{"limits.failure_delay", "640ms"}, {NULL, NULL}};
    sally_server *s = begin(settings);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    for (int i = 0; i < 4; i++) { /* without penalties, a connection's own failures count */
        assert_false(client_login(&c, "joe", "wrong"));
        assert_true(c.login_failed);
    }
    assert_true(client_login(&c, "joe", "secret"));
    client_end(&c);
    finish(s);
}

static void who_has_logged_in_is_known(void **state)
{
    (void)state;
    static const char *const settings[][2] = {{NULL, NULL}};
    sally_server *s = begin(settings);
    struct ip_address ip = test_ip("127.0.0.1");
    guess(s, 1);
    assert_false(known_addresses_have(&s->limits.known, &ip, loop_now_ns()));
    struct client c;
    client_open(&c, s, "joe", "secret");
    assert_true(known_addresses_have(&s->limits.known, &ip, loop_now_ns()));
    client_end(&c);
    finish(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_of_guesses_costs_once),
        cmocka_unit_test(a_login_makes_up_for_its_own_failures),
        cmocka_unit_test(each_offence_has_its_price),
        cmocka_unit_test(a_no_that_waits_keeps_nobody_waiting),
        cmocka_unit_test(a_no_that_waits_is_told),
        cmocka_unit_test(who_has_logged_in_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
