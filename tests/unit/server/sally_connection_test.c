/* A connection as hooks, authenticators and sessions see it: what they are told of it, what they
 * may change, and how long what they keep with it lives. */
#include "sallyport/connection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_failure.h"
#include "server/fixture.h"

/* What a program keeps with a connection, and what it has seen of it. */
struct kept {
    sally_connection *connection;
    _Atomic uint32_t freed, replaced;
    uint32_t requested, connected, versions, exchanges, logins, ends;
    _Atomic uint32_t operations;
    char line[256], user[32], user_before[32];
    sally_connection_facts facts, facts_before;
    sally_auth *auth; /* for connections: NULL: the server's */
    sally_key *key;
    const char *ciphers;
    bool refuses, refuses_version;
    sally_error errors[8];
};

static void free_kept(void *data)
{
    atomic_fetch_add(&((struct kept *)data)->freed, 1);
}

static void note_replaced(void *data)
{
    atomic_fetch_add(&((struct kept *)data)->replaced, 1);
}

static void check_kept(struct kept *k, sally_connection *connection)
{
    assert_ptr_equal(k->connection, connection);
    assert_ptr_equal(sally_connection_data(connection), k);
    assert_int_equal(atomic_load(&k->freed), 0);
}

static sally_status on_requested(void *user_data, sally_connection *connection)
{
    struct kept *k = user_data;
    k->connection = connection;
    k->requested++;
    assert_null(sally_connection_data(connection));
    sally_connection_set_data(connection, k, note_replaced);
    sally_connection_set_data(connection, k, free_kept);
    assert_int_equal(atomic_load(&k->replaced), 1);
    assert_int_not_equal(sally_connection_id(connection), 0);
    assert_string_equal(sally_connection_user(connection), "");
    k->facts_before.struct_size = sizeof k->facts_before;
    assert_int_equal(sally_connection_get_facts(connection, &k->facts_before), SALLY_E_OK);
    if (k->auth)
        assert_int_equal(sally_connection_set_auth(connection, k->auth), SALLY_E_OK);
    if (k->key)
        assert_int_equal(sally_connection_add_host_key(connection, k->key), SALLY_E_OK);
    return k->refuses ? SALLY_PERMISSION_DENIED : SALLY_CONTINUE;
}

static void on_connected(void *user_data, sally_connection *connection)
{
    struct kept *k = user_data;
    k->connected++;
    check_kept(k, connection);
    if (!k->ciphers)
        return;
    assert_int_equal(sally_connection_set(connection, "ssh.ciphers", k->ciphers), SALLY_E_OK);
    k->errors[0] = sally_connection_set(connection, "ssh.ciphers", "rot13");
    k->errors[1] = sally_connection_set(connection, "ssh.ciphers", "-*");
    k->errors[2] = sally_connection_set(connection, "server.loops", "1");
    k->errors[3] = sally_connection_set(connection, "no.such", "1");
}

static sally_status on_version(void *user_data, sally_connection *connection, const char *line)
{
    struct kept *k = user_data;
    k->versions++;
    check_kept(k, connection);
    snprintf(k->line, sizeof k->line, "%s", line);
    assert_string_equal(sally_connection_peer(connection)->client_software, "test");
    return k->refuses_version ? SALLY_PERMISSION_DENIED : SALLY_CONTINUE;
}

static void on_keys(void *user_data, sally_connection *connection, const char *algorithms)
{
    struct kept *k = user_data;
    k->exchanges++;
    check_kept(k, connection);
    k->facts.struct_size = sizeof k->facts;
    assert_int_equal(sally_connection_get_facts(connection, &k->facts), SALLY_E_OK);
    assert_string_equal(k->facts.client_version, k->line);
    assert_memory_equal(k->facts.server_version, "SSH-2.0-", 8);
    assert_non_null(strstr(algorithms, k->facts.kex));
    snprintf(k->user_before, sizeof k->user_before, "%s", sally_connection_user(connection));
    if (k->ciphers) {
        k->errors[4] = sally_connection_set(connection, "ssh.ciphers", k->ciphers);
        k->errors[5] = sally_connection_set(connection, "ssh.rekey_bytes", "64K");
    }
    if (k->key)
        k->errors[6] = sally_connection_add_host_key(connection, k->key);
}

static void on_login(void *user_data, sally_connection *connection, const sally_auth_event *event)
{
    struct kept *k = user_data;
    assert_int_equal(event->struct_size, sizeof *event);
    k->logins++;
    check_kept(k, connection);
    snprintf(k->user, sizeof k->user, "%s", sally_connection_user(connection));
    if (k->auth)
        k->errors[7] = sally_connection_set_auth(connection, k->auth);
}

static void on_end(void *user_data, sally_connection *connection, uint32_t reason,
                   const char *detail)
{
    struct kept *k = user_data;
    (void)reason;
    (void)detail;
    k->ends++;
    check_kept(k, connection);
    assert_int_equal(sally_connection_disconnect(connection, NULL), SALLY_E_CLOSED);
    assert_int_equal(sally_connection_rekey(connection), SALLY_E_CLOSED);
    assert_int_equal(sally_connection_set(connection, "limits.idle_time", "1h"), SALLY_E_CLOSED);
}

static sally_status on_operation(void *user_data, sally_op *op)
{
    struct kept *k = user_data;
    sally_connection *connection = sally_session_connection(op->session);
    check_kept(k, connection);
    assert_string_equal(sally_connection_user(connection), sally_session_user(op->session));
    assert_ptr_equal(sally_connection_peer(connection), sally_session_peer(op->session));
    atomic_fetch_add(&k->operations, 1);
    return SALLY_CONTINUE;
}

static sally_server *hooked_server(struct kept *k)
{
    sally_server *s = new_server(NULL);
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .before_mask = UINT64_MAX,
                               .user_data = k,
                               .before = on_operation,
                               .connection_requested = on_requested,
                               .connected = on_connected,
                               .version_received = on_version,
                               .keys_exchanged = on_keys,
                               .authenticated = on_login,
                               .disconnected = on_end};
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    return s;
}

static void await_freed(struct kept *k)
{
    for (int i = 0; i < 5000 && atomic_load(&k->freed) == 0; i++)
        nap(2);
    assert_int_equal(atomic_load(&k->freed), 1);
}

static void data_lives_until_nobody_can_ask(void **state)
{
    (void)state;
    struct kept k = {0};
    sally_server *s = hooked_server(&k);
    struct client c;
    struct buf handle;
    client_open(&c, s, "joe", "secret");
    assert_true(client_open_file(&c, "/file", WRITE_CREATE, &handle));
    buf_clear(&handle);
    client_end(&c); /* CLOSE and SESSION_END come after that */
    await_freed(&k);
    finish(s);
    assert_int_equal(k.requested, 1);
    assert_int_equal(k.connected, 1);
    assert_int_equal(k.versions, 1);
    assert_int_equal(k.exchanges, 1);
    assert_int_equal(k.logins, 1);
    assert_int_equal(k.ends, 1);
    assert_int_equal(atomic_load(&k.operations), 4);
    assert_int_equal(atomic_load(&k.freed), 1);
}

static void facts_are_told(void **state)
{
    (void)state;
    struct kept k = {0};
    sally_server *s = hooked_server(&k);
    struct client c;
    client_open(&c, s, "joe", "secret");
    client_end(&c);
    await_freed(&k);
    finish(s);
    assert_string_equal(k.line, "SSH-2.0-test");
    assert_string_equal(k.facts.host_key, "ssh-ed25519");
    assert_true(*k.facts.kex && *k.facts.cipher_in && *k.facts.cipher_out);
    assert_string_equal(k.facts.compression_in, "none");
    assert_string_equal(k.facts.compression_out, "none");
    assert_true(k.facts.strict_kex);
    assert_string_equal(k.facts_before.client_version, "");
    assert_string_equal(k.facts_before.kex, "");
    assert_string_equal(k.facts_before.compression_out, "");
    assert_false(k.facts_before.strict_kex);
    assert_string_equal(k.user_before, "");
    assert_string_equal(k.user, "joe");
}

static void facts_fit_older_and_newer_callers(void **state)
{
    (void)state;
    struct kept k = {0};
    sally_server *s = hooked_server(&k);
    struct client c;
    client_open(&c, s, "joe", "secret");
    struct {
        sally_connection_facts facts;
        uint64_t more;
    } newer = {.facts.struct_size = sizeof newer, .more = 7};
    assert_int_equal(sally_connection_get_facts(k.connection, &newer.facts), SALLY_E_OK);
    assert_int_equal(newer.more, 0);
    sally_connection_facts older = {.struct_size = offsetof(sally_connection_facts, server_version),
                                    .server_version = "as is"};
    assert_int_equal(sally_connection_get_facts(k.connection, &older), SALLY_E_OK);
    assert_string_equal(older.client_version, "SSH-2.0-test");
    assert_string_equal(older.server_version, "as is");
    older.struct_size = 0;
    assert_int_equal(sally_connection_get_facts(k.connection, &older), SALLY_E_INVALID);
    assert_int_equal(sally_connection_get_facts(k.connection, NULL), SALLY_E_INVALID);
    client_end(&c);
    await_freed(&k);
    finish(s);
}

static void refused_connections_free_data_too(void **state)
{
    (void)state;
    struct kept k = {.refuses = true};
    sally_server *s = hooked_server(&k);
    struct client c;
    if (client_connect(&c, s, NULL)) {
        assert_true(client_run(&c, client_is_over, 5000));
        client_end(&c);
    }
    await_freed(&k);
    finish(s);
    assert_int_equal(k.connected, 0);
    assert_int_equal(k.ends, 0);
}

static void a_version_can_be_refused(void **state)
{
    (void)state;
    struct kept k = {.refuses_version = true};
    sally_server *s = hooked_server(&k);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_true(client_run(&c, client_is_over, 5000));
    assert_string_equal(c.end_detail, "this client is refused");
    client_end(&c);
    await_freed(&k);
    finish(s);
    assert_int_equal(k.exchanges, 0);
    assert_int_equal(k.ends, 1);
}

static bool is_rekeyed(struct client *c)
{
    return c->keys_exchanged >= 2;
}

static void a_connection_has_settings_of_its_own(void **state)
{
    (void)state;
    struct kept k = {.ciphers = "aes256-ctr"};
    sally_server *s = hooked_server(&k);
    struct client c;
    client_open(&c, s, "joe", "secret");
    /* What the engine began with stays, although others were set meanwhile. */
    assert_int_equal(sally_connection_set(k.connection, "limits.idle_time", "1h"), SALLY_E_OK);
    assert_int_equal(sally_connection_rekey(k.connection), SALLY_E_OK);
    assert_true(client_run(&c, is_rekeyed, 5000));
    client_end(&c);
    await_freed(&k);
    finish(s);
    assert_string_equal(k.facts.cipher_in, "aes256-ctr");
    assert_string_equal(k.facts.cipher_out, "aes256-ctr");
    assert_true(*k.facts.mac_in && *k.facts.mac_out);
    assert_int_equal(k.errors[0], SALLY_E_PARSE);
    assert_int_equal(k.errors[1], SALLY_E_RANGE);
    assert_int_equal(k.errors[2], SALLY_E_UNSUPPORTED);
    assert_int_equal(k.errors[3], SALLY_E_NOT_FOUND);
    assert_int_equal(k.errors[4], SALLY_E_UNSUPPORTED); /* they are agreed on */
    assert_int_equal(k.errors[5], SALLY_E_OK);
}

struct asked {
    sally_fs *fs;
    sally_connection *connection;
    bool has_data;
};

static sally_auth_result take_anybody(sally_auth *auth, sally_auth_request *request)
{
    struct asked *asked = sally_auth_data(auth);
    asked->connection = request->connection;
    asked->has_data = sally_connection_data(request->connection) != NULL;
    return sally_auth_accept(request, asked->fs);
}

static void a_connection_has_an_authenticator_and_keys_of_its_own(void **state)
{
    (void)state;
    struct asked asked = {0};
    const sally_auth_methods methods = {.struct_size = sizeof methods,
                                        .methods = SALLY_AUTH_PASSWORD,
                                        .authenticate = take_anybody};
    struct kept k = {0};
    assert_int_equal(sally_fs_memory(&asked.fs, 0), SALLY_E_OK);
    assert_int_equal(sally_auth_new(&k.auth, &methods, &asked), SALLY_E_OK);
    assert_int_equal(sally_key_generate(&k.key, "ecdsa-nistp256", 0), SALLY_E_OK);
    sally_server *s = hooked_server(&k);
    struct client c;
    client_open(&c, s, "mary", "anything");
    client_end(&c);
    await_freed(&k);
    finish(s);
    assert_string_equal(k.facts.host_key, "ecdsa-sha2-nistp256");
    assert_string_equal(k.user, "mary");
    assert_ptr_equal(asked.connection, k.connection);
    assert_true(asked.has_data);
    assert_int_equal(k.errors[6], SALLY_E_STATE);
    assert_int_equal(k.errors[7], SALLY_E_STATE);
    sally_auth_unref(k.auth);
    sally_key_unref(k.key);
    sally_fs_unref(asked.fs);
}

/* The connection is kept from `connection_requested` on; this thread is none of the server's. */
static void any_thread_may_ask_and_order(void **state)
{
    (void)state;
    struct kept k = {0};
    sally_server *s = hooked_server(&k);
    struct client c;
    client_open(&c, s, "joe", "secret");
    sally_connection *connection = k.connection;
    assert_string_equal(sally_connection_user(connection), "joe");
    assert_ptr_equal(sally_connection_data(connection), &k);
    assert_string_equal(sally_connection_peer(connection)->address, "127.0.0.1");
    assert_int_equal(sally_connection_set(connection, "limits.idle_time", "1h"), SALLY_E_OK);
    assert_int_equal(sally_connection_set(connection, "ssh.ciphers", "aes128-ctr"),
                     SALLY_E_UNSUPPORTED);
    assert_int_equal(sally_connection_set(connection, NULL, "1h"), SALLY_E_INVALID);
    assert_int_equal(sally_connection_set_auth(connection, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_connection_add_host_key(connection, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_connection_rekey(connection), SALLY_E_OK);
    assert_true(client_run(&c, is_rekeyed, 5000));
    assert_int_equal(sally_connection_set_permissions(connection, 0), SALLY_E_OK);
    int status = 0;
    for (int i = 0; i < 1000 && status != SALLY_PERMISSION_DENIED; i++)
        status = client_stat(&c, "/");
    assert_int_equal(status, SALLY_PERMISSION_DENIED);
    assert_int_equal(sally_connection_disconnect(connection, "go away"), SALLY_E_OK);
    assert_true(client_run(&c, client_is_over, 5000));
    assert_string_equal(c.end_detail, "go away");
    client_end(&c);
    await_freed(&k);
    finish(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_lives_until_nobody_can_ask),
        cmocka_unit_test(facts_are_told),
        cmocka_unit_test(facts_fit_older_and_newer_callers),
        cmocka_unit_test(refused_connections_free_data_too),
        cmocka_unit_test(a_version_can_be_refused),
        cmocka_unit_test(a_connection_has_settings_of_its_own),
        cmocka_unit_test(a_connection_has_an_authenticator_and_keys_of_its_own),
        cmocka_unit_test(any_thread_may_ask_and_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
