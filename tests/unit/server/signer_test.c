/* Host keys that sign by callback: what connections, the log and the hooks see of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/public_key.h"
#include "os/thread.h"
#include "sallyport/connection.h"
#include "server/fixture.h"

/* The device, and what was seen of it. */
struct device {
    sally_key *key;
    _Atomic sally_error error;
    atomic_bool lies;
    _Atomic uint32_t asked, destroyed, lines;
    _Atomic uint64_t thread;
    struct {
        sally_problem told;
        char text[160];
    } problems[4];
    _Atomic uint32_t problem_count;
    char line[512];
    bool for_connections;
};

static sally_error sign(void *user_data, sally_sign_request *request)
{
    struct device *d = user_data;
    struct buf out;
    atomic_fetch_add(&d->asked, 1);
    atomic_store(&d->thread, os_thread_id());
    if (atomic_load(&d->error))
        return atomic_load(&d->error);
    struct slice data = {request->data, request->data_size};
    buf_init_lent(&out, request->signature, request->signature_room);
    sally_error error =
        key_sign(d->key, request->algorithm, atomic_load(&d->lies) ? slice_of("no") : data, &out);
    request->signature_size = out.size;
    return error;
}

static void destroy(void *user_data)
{
    atomic_fetch_add(&((struct device *)user_data)->destroyed, 1);
}

static sally_key *key_of(struct device *d)
{
    sally_key *key;
    const sally_signer signer = {.struct_size = sizeof signer,
                                 .public_line = sally_key_public_line(d->key),
                                 .format = SALLY_SIGNATURE_SSH,
                                 .sign = sign,
                                 .destroy = destroy,
                                 .user_data = d};
    assert_int_equal(sally_key_from_signer(&key, &signer), SALLY_E_OK);
    return key;
}

static void on_problem(void *user_data, sally_connection *connection, const sally_problem *problem)
{
    struct device *d = user_data;
    (void)connection;
    if (problem->code == SALLY_E_CLOSED) /* our client has left silently */
        return;
    uint32_t i = atomic_load(&d->problem_count);
    assert_true(i < 4);
    d->problems[i].told = *problem;
    snprintf(d->problems[i].text, sizeof d->problems[i].text, "%s", problem->text);
    atomic_store(&d->problem_count, i + 1);
}

static void on_line(void *user_data, const sally_log_line *line)
{
    struct device *d = user_data;
    if (strcmp(line->event, "ssh.host_key_failed") != 0)
        return;
    sally_log_format(line, 0, d->line, sizeof d->line);
    atomic_fetch_add(&d->lines, 1);
}

static sally_status on_requested(void *user_data, sally_connection *connection)
{
    struct device *d = user_data;
    if (d->for_connections) {
        sally_key *key = key_of(d);
        assert_int_equal(sally_connection_add_host_key(connection, key), SALLY_E_OK);
        sally_key_unref(key);
    }
    return SALLY_CONTINUE;
}

static sally_server *server_with(struct device *d, const char *type)
{
    sally_server *s = new_server(NULL);
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .connection_requested = on_requested,
                               .problem = on_problem,
                               .user_data = d};
    assert_int_equal(sally_key_generate(&d->key, type, 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_set_log(s, on_line, d, SALLY_LOG_ERROR), SALLY_E_OK);
    if (!d->for_connections) {
        sally_key *key = key_of(d);
        assert_int_equal(sally_server_add_host_key(s, key), SALLY_E_OK);
        sally_key_unref(key);
    }
    return s;
}

static void logs_in(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct device d = {.for_connections = i == 1};
        sally_server *s = server_with(&d, "ed25519");
        assert_int_equal(sally_server_start(s), SALLY_E_OK);
        struct client c;
        client_open(&c, s, "joe", "secret");
        assert_true(atomic_load(&d.asked) >= 1);
        client_end(&c);
        finish(s);
        assert_int_equal(atomic_load(&d.destroyed), 1);
        assert_int_equal(atomic_load(&d.problem_count), 0);
        sally_key_unref(d.key);
    }
}

static void expect_failure(struct device *d, sally_server *s, sally_error code, const char *why)
{
    struct client c;
    atomic_store(&d->problem_count, 0);
    atomic_store(&d->lines, 0);
    assert_true(client_connect(&c, s, NULL));
    assert_true(client_run(&c, client_is_over, 10000));
    assert_string_equal(c.end_detail, "the host key could not sign");
    client_end(&c);
    await_connections(s, 0);
    assert_int_equal(atomic_load(&d->problem_count), 2);
    assert_int_equal(d->problems[0].told.code, code);
    assert_int_equal(d->problems[0].told.stage, SALLY_STAGE_HANDSHAKE);
    assert_non_null(strstr(d->problems[0].text, why));
    assert_non_null(strstr(d->problems[0].text, sally_key_fingerprint(d->key)));
    assert_int_equal(d->problems[1].told.code, SALLY_E_LIMIT);
    assert_int_equal(atomic_load(&d->lines), 1);
    assert_non_null(strstr(d->line, why));
}

static void failures_are_told(void **state)
{
    (void)state;
    struct device d = {0};
    sally_server *s = server_with(&d, "ed25519");
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    atomic_store(&d.error, SALLY_E_TIMEOUT);
    expect_failure(&d, s, SALLY_E_TIMEOUT, sally_strerror(SALLY_E_TIMEOUT));
    atomic_store(&d.error, SALLY_E_OK);
    atomic_store(&d.lies, true);
    expect_failure(&d, s, SALLY_E_KEY, "its signature is wrong");
    atomic_store(&d.lies, false);
    struct client c; /* the device works again */
    client_open(&c, s, "joe", "secret");
    client_end(&c);
    finish(s);
    sally_key_unref(d.key);
}

static void never_on_a_network_thread(void **state)
{
    (void)state;
    struct device d = {0};
    sally_server *s = server_with(&d, "ecdsa-nistp256");
    /* With workers, even a pumped server signs elsewhere than where it is polled. */
    assert_int_equal(sally_server_set(s, "server.workers", "4"), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "ssh.host_key_algorithms", "ecdsa-sha2-nistp256"),
                     SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, s));
    assert_true(client_login(&c, "joe", "secret"));
    assert_int_equal(atomic_load(&d.asked), 1);
    assert_int_not_equal(atomic_load(&d.thread), os_thread_id());
    client_end(&c);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
    sally_key_unref(d.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_in),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(never_on_a_network_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
