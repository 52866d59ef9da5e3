/* Listeners with options: settings and an authenticator of their own, each opened and closed alone.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc_failure.h"
#include "server/fixture.h"

#define LOOPBACK "sftp://127.0.0.1:0"

static void open_at(struct client *c, const sally_listener *l)
{
    int fd = client_dial(sally_listener_port(l));
    assert_true(fd >= 0);
    client_start(c, fd, NULL);
}

static sally_listener *listen_on(sally_server *s, const char *url)
{
    const sally_listener_options options = {.struct_size = sizeof options, .url = url};
    sally_listener *l;
    assert_int_equal(sally_server_listen(s, &options, &l), SALLY_E_OK);
    assert_non_null(l);
    return l;
}

static void one_closes_and_the_others_stay(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL); /* which has a listener of its own */
    sally_listener *first = listen_on(s, LOOPBACK), *second = listen_on(s, LOOPBACK);
    const char *url = sally_listener_url(first, 0);
    assert_ptr_equal(sally_server_listener(s, 1), url);
    assert_null(sally_listener_url(first, 1));
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c, d;
    open_at(&c, first);
    assert_true(client_login(&c, "joe", "secret") && client_sftp(&c));
    uint16_t port = sally_listener_port(first);
    assert_true(client_reaches(port));
    sally_listener_close(first);
    assert_false(client_reaches(port));
    assert_true(client_reaches(sally_listener_port(second)));
    assert_true(client_reaches(server_port(s)));
    assert_null(sally_server_listener(s, 2));
    assert_int_equal(client_stat(&c, "/"), 0); /* its connections go on */
    first = listen_on(s, url);
    assert_int_equal(sally_listener_port(first), port);
    open_at(&d, first);
    assert_true(client_login(&d, "joe", "secret") && client_sftp(&d));
    client_end(&c);
    client_end(&d);
    sally_listener_close(NULL);
    sally_listener_close(second);
    finish(s); /* `first` goes with it */
}

/* Again and again, while clients come. */
static void a_port_is_free_as_soon_as_it_is_closed(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    sally_listener *l = listen_on(s, LOOPBACK);
    const char *url = sally_listener_url(l, 0);
    uint16_t port = sally_listener_port(l);
    for (int i = 0; i < 200; i++) {
        assert_true(client_reaches(port));
        sally_listener_close(l);
        assert_false(client_reaches(port));
        l = listen_on(s, url);
        assert_ptr_equal(sally_listener_url(l, 0), url); /* kept once */
    }
    finish(s);
}

/* Without loops, and in the hands of the program that polls. */
static void closing_works_in_every_state(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    sally_listener *l = listen_on(s, LOOPBACK);
    const char *url = sally_listener_url(l, 0);
    uint16_t port = sally_listener_port(l);
    sally_listener_close(l); /* not started */
    assert_false(client_reaches(port));
    l = listen_on(s, url);
    assert_int_equal(sally_server_poll(s, 0), 1);
    sally_listener_close(l); /* pumped */
    assert_false(client_reaches(port));
    l = listen_on(s, url);
    struct client c;
    open_at(&c, l);
    c.pumped = s;
    assert_true(client_login(&c, "joe", "secret"));
    assert_int_equal(sally_server_stop_listening(s), SALLY_E_OK);
    assert_int_equal(sally_listener_port(l), port); /* the pointer stays */
    assert_int_equal(sally_server_poll(s, 0), 1);
    client_end(&c);
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    while (sally_server_poll(s, -1) > 0)
        ;
    sally_listener_close(l); /* ended */
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

struct closer {
    sally_server *server;
    _Atomic(sally_listener *) listener;
    sally_error opened;
};

static sally_status close_it(void *user_data, sally_connection *connection)
{
    struct closer *closer = user_data;
    sally_listener *l = atomic_exchange(&closer->listener, NULL);
    if (l) {
        const sally_listener_options options = {.struct_size = sizeof options,
                                                .url = sally_connection_peer(connection)->listener};
        sally_listener_close(l);
        closer->opened = sally_server_listen(closer->server, &options, NULL);
    }
    return SALLY_CONTINUE;
}

static void a_callback_may_close_its_own_listener(void **state)
{
    (void)state;
    struct closer closer = {.opened = SALLY_E_INVALID};
    sally_server *s = new_server(NULL);
    const sally_hooks hooks = {
        .struct_size = sizeof hooks, .user_data = &closer, .connection_requested = close_it};
    closer.server = s;
    assert_int_equal(sally_server_set(s, "server.loops", "2"), SALLY_E_OK);
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    sally_listener *l = listen_on(s, LOOPBACK);
    uint16_t port = sally_listener_port(l);
    atomic_store(&closer.listener, l);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c, d;
    int fd = client_dial(port);
    client_start(&c, fd, NULL);
    assert_true(client_login(&c, "joe", "secret"));
    assert_int_equal(closer.opened, SALLY_E_OK);
    client_start(&d, client_dial(port), NULL);
    assert_true(client_login(&d, "joe", "secret"));
    client_end(&c);
    client_end(&d);
    finish(s);
}

/* ---- Options ---- */

static sally_auth *guests(sally_fs *fs)
{
    sally_auth *users;
    const sally_user guest = {
        .struct_size = sizeof guest, .name = "guest", .password = "guest", .fs = fs};
    assert_int_equal(sally_auth_users_new(&users), SALLY_E_OK);
    assert_int_equal(sally_auth_users_add(users, &guest), SALLY_E_OK);
    return users;
}

static void it_has_an_authenticator_and_settings_of_its_own(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    sally_auth *auth = guests(fs);
    const sally_setting_value settings[] = {{"limits.auth_attempts", "1"},
                                            {"ssh.ciphers", "aes256-ctr"}};
    const sally_listener_options options = {.struct_size = sizeof options,
                                            .url = LOOPBACK,
                                            .auth = auth,
                                            .settings = settings,
                                            .setting_count = 2};
    sally_listener *l;
    assert_int_equal(sally_server_listen(s, &options, &l), SALLY_E_OK);
    sally_auth_unref(auth);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    open_at(&c, l);
    assert_true(client_login(&c, "guest", "guest") && client_sftp(&c));
    assert_non_null(strstr(ssh_algorithms(c.ssh), "aes256-ctr"));
    client_end(&c);
    open_at(&c, l);
    assert_false(client_login(&c, "joe", "secret")); /* one attempt */
    assert_true(c.over || client_run(&c, client_is_over, 5000));
    client_end(&c);
    client_open(&c, s, "joe", "secret"); /* the server's own listener */
    assert_null(strstr(ssh_algorithms(c.ssh), "aes256-ctr"));
    sally_listener_close(l); /* its authenticator goes with it */
    client_end(&c);
    finish(s);
}

static void check_refusal(const sally_listener_options *options, sally_error error,
                          const char *text)
{
    sally_server *s = keyed_server();
    sally_listener *l = (sally_listener *)(uintptr_t)s;
    assert_int_equal(sally_server_listen(s, options, &l), error);
    assert_null(l);
    assert_non_null(strstr(sally_server_error(s), text));
    assert_null(sally_server_listener(s, 0));
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    sally_setting_value setting = {"ssh.no_such", "1"};
    sally_listener_options o = {
        .struct_size = sizeof o, .url = LOOPBACK, .settings = &setting, .setting_count = 1};
    check_refusal(&o, SALLY_E_NOT_FOUND, "ssh.no_such");
    setting = (sally_setting_value){"server.loops", "1"};
    check_refusal(&o, SALLY_E_UNSUPPORTED, "cannot be set per listener");
    setting = (sally_setting_value){"ssh.ciphers", "rot13"};
    check_refusal(&o, SALLY_E_PARSE, "rot13");
    setting = (sally_setting_value){"ssh.rekey_bytes", "1"};
    check_refusal(&o, SALLY_E_RANGE, "ssh.rekey_bytes");
    setting = (sally_setting_value){"ssh.ciphers", "-*"};
    check_refusal(&o, SALLY_E_RANGE, "ssh.ciphers");
    setting = (sally_setting_value){"ssh.ciphers", NULL};
    check_refusal(&o, SALLY_E_INVALID, "NULL");
    o.settings = NULL;
    check_refusal(&o, SALLY_E_INVALID, "NULL");
    o.setting_count = 0;
    o.url = NULL;
    check_refusal(&o, SALLY_E_INVALID, "NULL");
    o.url = "ftp://127.0.0.1:0";
    check_refusal(&o, SALLY_E_UNSUPPORTED, "ftp://");
    o.url = "nonsense";
    check_refusal(&o, SALLY_E_PARSE, "nonsense");
    o.url = "sftp://192.0.2.1:0";
    check_refusal(&o, SALLY_E_ADDRESS, "192.0.2.1");
    o.struct_size = 1;
    check_refusal(&o, SALLY_E_INVALID, "struct_size");
    check_refusal(NULL, SALLY_E_INVALID, "NULL");
    assert_int_equal(sally_server_listen(NULL, &o, NULL), SALLY_E_INVALID);
    assert_null(sally_listener_url(NULL, 0));
    assert_int_equal(sally_listener_port(NULL), 0);
}

/* Neither side may leave a listener without settings to begin connections with. */
static void what_a_listener_cannot_do_with_is_refused(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    const sally_setting_value setting = {"ssh.ciphers", "-aes256-ctr"};
    const sally_listener_options options = {
        .struct_size = sizeof options, .url = LOOPBACK, .settings = &setting, .setting_count = 1};
    sally_listener *l;
    assert_int_equal(sally_server_listen(s, &options, &l), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "ssh.ciphers", "aes256-ctr"), SALLY_E_RANGE);
    assert_non_null(strstr(sally_server_error(s), "ssh.ciphers"));
    assert_int_equal(sally_server_set(s, "ssh.ciphers", "aes256-ctr,aes128-ctr"), SALLY_E_OK);
    sally_listener_close(l);
    assert_int_equal(sally_server_set(s, "ssh.ciphers", "aes256-ctr"), SALLY_E_OK);
    assert_int_equal(sally_server_listen(s, &options, &l), SALLY_E_RANGE);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void an_older_callers_options_will_do(void **state)
{
    (void)state;
    sally_server *s = keyed_server();
    const sally_listener_options options = {
        .struct_size = offsetof(sally_listener_options, auth), .url = LOOPBACK, .setting_count = 9};
    assert_int_equal(sally_server_listen(s, &options, NULL), SALLY_E_OK);
    assert_non_null(sally_server_listener(s, 0));
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void an_inherited_socket_stays_the_callers_on_failure(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(listen(fd, 5), 0);
    char url[32];
    snprintf(url, sizeof url, "sftp+fd://%d", fd);
    const sally_setting_value setting = {"ssh.ciphers", "-*"};
    const sally_listener_options options = {
        .struct_size = sizeof options, .url = url, .settings = &setting, .setting_count = 1};
    check_refusal(&options, SALLY_E_RANGE, "ssh.ciphers");
    assert_int_equal(close(fd), 0);
}

static void memory_may_be_short(void **state)
{
    (void)state;
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    sally_auth *auth = guests(fs);
    const sally_setting_value setting = {"ssh.rekey_bytes", "64M"};
    const sally_listener_options options = {.struct_size = sizeof options,
                                            .url = "sftp://:0",
                                            .auth = auth,
                                            .settings = &setting,
                                            .setting_count = 1};
    bool failed = true;
    for (unsigned nth = 1; failed; nth++) {
        sally_server *s = keyed_server();
        sally_listener *l;
        alloc_fail_at(nth);
        sally_error error = sally_server_listen(s, &options, &l);
        failed = alloc_failed();
        assert_int_equal(error, failed ? error : SALLY_E_OK);
        if (error) {
            assert_null(l);
            assert_null(sally_server_listener(s, 0));
        } else {
            sally_listener_close(l);
        }
        assert_int_equal(sally_server_free(s), SALLY_E_OK);
    }
    sally_auth_unref(auth);
    sally_fs_unref(fs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_closes_and_the_others_stay),
        cmocka_unit_test(a_port_is_free_as_soon_as_it_is_closed),
        cmocka_unit_test(closing_works_in_every_state),
        cmocka_unit_test(a_callback_may_close_its_own_listener),
        cmocka_unit_test(it_has_an_authenticator_and_settings_of_its_own),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(what_a_listener_cannot_do_with_is_refused),
        cmocka_unit_test(an_older_callers_options_will_do),
        cmocka_unit_test(an_inherited_socket_stays_the_callers_on_failure),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
