/* What those who watch logins learn of failed attempts, whatever rejects them: hooks, counters, the
 * log, and what the client's address pays. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"

#include "base/mem.h"
#include "crypto/public_key.h"
#include "server/conn.h"
#include "server/fixture.h"
#include "server/server.h"
#include "server/unauthenticated_fixture.h"
#include "ssh/send.h"

struct watch {
    sally_server *server;
    sally_key *key;
    _Atomic uint32_t events, lines;
    char user[64], method[64], fingerprint[64], reason[128], line_reason[128];
    uint32_t attempt;
    int32_t result;
};

static void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

static void on_event(void *user_data, sally_connection *connection, const sally_auth_event *event)
{
    struct watch *w = user_data;
    assert_true(sally_connection_id(connection) > 0);
    copy(w->user, sizeof w->user, event->user);
    copy(w->method, sizeof w->method, event->method);
    copy(w->fingerprint, sizeof w->fingerprint, event->fingerprint);
    copy(w->reason, sizeof w->reason, event->reason);
    w->attempt = event->attempt;
    w->result = event->result;
    atomic_fetch_add(&w->events, 1);
}

static void on_line(void *user_data, const sally_log_line *line)
{
    struct watch *w = user_data;
    if (strcmp(line->event, "auth.rejected") != 0 && strcmp(line->event, "auth.asked") != 0)
        return;
    w->line_reason[0] = '\0';
    for (uint32_t i = 0; i < line->field_count; i++) {
        if (strcmp(line->fields[i].name, "reason") == 0)
            copy(w->line_reason, sizeof w->line_reason, line->fields[i].value);
    }
    atomic_fetch_add(&w->lines, 1);
}

static void begin(struct watch *w, sally_auth *auth)
{
    static const char *const settings[][2] = {{"limits.penalty_exempt", ""},
                                              {"limits.penalty_failed_login", "1h"},
                                              {"limits.penalty_min", "1d"},
                                              {"limits.penalty_max", "1d"},
                                              {"limits.penalty_no_login", "0s"},
                                              {"limits.failure_delay", "0s"},
                                              {"ssh.public_key_algorithms", "ssh-ed25519"}};
    memset(w, 0, sizeof *w);
    w->server = keyed_server();
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        assert_int_equal(sally_server_set(w->server, settings[i][0], settings[i][1]), SALLY_E_OK);
    assert_int_equal(sally_server_set_auth(w->server, auth), SALLY_E_OK);
    const sally_hooks hooks = {
        .struct_size = sizeof hooks, .authenticated = on_event, .user_data = w};
    assert_int_equal(sally_server_add_hooks(w->server, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_set_log(w->server, on_line, w, SALLY_LOG_INFO), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(w->server, "sftp://127.0.0.1:0"), SALLY_E_OK);
    assert_int_equal(sally_server_start(w->server), SALLY_E_OK);
}

/* The user joe with a key. */
static void begin_users(struct watch *w)
{
    sally_auth *users;
    sally_fs *fs;
    sally_key *key;
    assert_int_equal(sally_key_generate(&key, "ed25519", 0), SALLY_E_OK);
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    assert_int_equal(sally_auth_users_new(&users), SALLY_E_OK);
    const sally_user joe = {.struct_size = sizeof joe,
                            .name = "joe",
                            .authorized_keys = sally_key_public_line(key),
                            .fs = fs};
    assert_int_equal(sally_auth_users_add(users, &joe), SALLY_E_OK);
    begin(w, users);
    w->key = key;
    sally_auth_unref(users);
    sally_fs_unref(fs);
}

static void end(struct watch *w)
{
    sally_key_unref(w->key);
    assert_int_equal(sally_server_free(w->server), SALLY_E_OK);
}

static uint64_t penalty(const struct watch *w)
{
    struct ip_address ip = test_ip("127.0.0.1");
    return penalties_left(&w->server->limits.penalties, &ip, loop_now_ns());
}

static uint64_t rejected(const struct watch *w)
{
    return counters_of(w->server).logins_rejected;
}

/* A client that may try to log in, and has been asked nothing that counts. */
static void connect_as(struct client *c, struct watch *w, const char *user)
{
    sally_key *unknown;
    assert_int_equal(sally_key_generate(&unknown, "ed25519", 0), SALLY_E_OK);
    assert_true(client_connect(c, w->server, NULL));
    assert_false(client_login_key(c, user, unknown));
    sally_key_unref(unknown);
}

static bool has_failed(struct client *c)
{
    return c->login_failed;
}

static struct buf *try(struct client *c, const char *user, size_t user_size, const char *method)
{
    struct buf *m = ssh_message(c->ssh, SSH_MSG_USERAUTH_REQUEST);
    put_string(m, user, user_size);
    put_text(m, "ssh-connection");
    put_text(m, method);
    return m;
}

static void send_try(struct client *c)
{
    c->login_failed = false;
    ssh_message_send(c->ssh);
    assert_true(client_run(c, has_failed, 10000));
}

/* A key with a signature that says nothing. */
static void try_key(struct client *c, const char *algorithm, const sally_key *key, bool sign)
{
    struct buf *m = try(c, "joe", 3, "publickey");
    put_bool(m, sign);
    put_text(m, algorithm);
    put_slice(m, key_blob(key));
    if (sign)
        put_text(m, "no signature at all");
    send_try(c);
}

static void wrong_signatures_are_failed_logins(void **state)
{
    (void)state;
    struct watch w;
    struct client c;
    begin_users(&w);
    connect_as(&c, &w, "joe");
    assert_int_equal(rejected(&w), 0); /* a question about a key is no login */
    assert_int_equal(atomic_load(&w.events), 0);
    assert_int_equal(penalty(&w), 0);
    try_key(&c, "ssh-ed25519", w.key, true);
    assert_int_equal(rejected(&w), 1);
    assert_int_equal(atomic_load(&w.events), 1);
    assert_int_equal(w.result, SALLY_AUTH_REJECT);
    assert_string_equal(w.user, "joe");
    assert_string_equal(w.method, "publickey");
    assert_string_equal(w.fingerprint, sally_key_fingerprint(w.key));
    assert_string_equal(w.reason, "an invalid signature");
    assert_string_equal(w.line_reason, "an invalid signature");
    assert_true(penalty(&w) > 0);
    assert_true(client_login_key(&c, "joe", w.key)); /* makes up for it, as after a password */
    assert_int_equal(w.result, SALLY_AUTH_ACCEPT);
    assert_string_equal(w.reason, "");
    assert_int_equal(penalty(&w), 0);
    client_end(&c);
    end(&w);
}

static void what_the_engine_refuses_is_a_failed_login(void **state)
{
    (void)state;
    static const struct {
        const char *user, *method, *algorithm; /* NULL: not a key */
        size_t user_size;
        const char *told_user, *told_method, *reason;
        bool costs;
    } rows[] = {
        {"joe", "publickey", "ssh-rsa", 3, "joe", "publickey",
         "a signature algorithm that is disabled, or does not fit the key", true},
        {"joe", "hostbased", NULL, 3, "joe", "hostbased", "an unsupported method", false},
        {"joe", "forg\x1b[1m", NULL, 3, "joe", "forg?[1m", "an unsupported method", false},
        {"j\0e", "none", NULL, 3, "j?e", "none", "a user name that is too long or contains a NUL",
         true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct watch w;
        struct client c;
        begin_users(&w);
        connect_as(&c, &w, "joe");
        if (rows[i].algorithm) {
            try_key(&c, rows[i].algorithm, w.key, true);
        } else {
            try(&c, rows[i].user, rows[i].user_size, rows[i].method);
            send_try(&c);
        }
        assert_int_equal(rejected(&w), 1);
        assert_int_equal(atomic_load(&w.events), 1);
        assert_int_equal(w.result, SALLY_AUTH_REJECT);
        assert_string_equal(w.user, rows[i].told_user);
        assert_string_equal(w.method, rows[i].told_method);
        assert_string_equal(w.reason, rows[i].reason);
        assert_string_equal(w.line_reason, rows[i].reason);
        assert_int_equal(penalty(&w) > 0, rows[i].costs);
        client_end(&c);
        end(&w);
    }
}

/* Questions are no logins, but why a key is of no use stands in the log. */
static void refused_questions_are_logged(void **state)
{
    (void)state;
    struct watch w;
    struct client c;
    begin_users(&w);
    connect_as(&c, &w, "joe");
    assert_int_equal(atomic_load(&w.lines), 0);
    try_key(&c, "ssh-rsa", w.key, false);
    assert_int_equal(rejected(&w), 0);
    assert_int_equal(atomic_load(&w.events), 0);
    assert_int_equal(atomic_load(&w.lines), 1);
    assert_string_equal(w.line_reason,
                        "a signature algorithm that is disabled, or does not fit the key");
    client_end(&c);
    end(&w);
}

static sally_auth_result reject(sally_auth *auth, sally_auth_request *request)
{
    (void)auth;
    assert_int_equal(sally_auth_set_message(request, "the account has expired"), SALLY_E_OK);
    return SALLY_AUTH_REJECT;
}

static void authenticators_say_why(void **state)
{
    (void)state;
    const sally_auth_methods methods = {
        .struct_size = sizeof methods, .methods = SALLY_AUTH_PASSWORD, .authenticate = reject};
    sally_auth *auth;
    struct watch w;
    struct client c;
    assert_int_equal(sally_auth_new(&auth, &methods, NULL), SALLY_E_OK);
    begin(&w, auth);
    sally_auth_unref(auth);
    assert_true(client_connect(&c, w.server, NULL));
    assert_false(client_login(&c, "joe", "secret"));
    assert_string_equal(w.reason, "the account has expired");
    assert_string_equal(w.line_reason, "the account has expired");
    assert_int_equal(w.attempt, 1);
    client_end(&c);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_signatures_are_failed_logins),
        cmocka_unit_test(what_the_engine_refuses_is_a_failed_login),
        cmocka_unit_test(refused_questions_are_logged),
        cmocka_unit_test(authenticators_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
