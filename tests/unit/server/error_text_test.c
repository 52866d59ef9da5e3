/* sally_server_error(): every call that fails says why. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "server/fixture.h"
#include "server/server.h"

/* ---- Calls that fail, each on a server that is new, or has been started ---- */

static sally_error set_without_name(sally_server *s)
{
    return sally_server_set(s, NULL, "1");
}

static sally_error set_without_value(sally_server *s)
{
    return sally_server_set(s, "limits.channels", NULL);
}

static sally_error set_unknown(sally_server *s)
{
    return sally_server_set(s, "no.such", "1");
}

static sally_error set_too_late(sally_server *s)
{
    return sally_server_set(s, "server.loops", "2");
}

static sally_error get_without_name(sally_server *s)
{
    char value[8];
    return sally_server_get(s, NULL, value, sizeof value);
}

static sally_error get_without_buffer(sally_server *s)
{
    return sally_server_get(s, "limits.channels", NULL, 8);
}

static sally_error get_unknown(sally_server *s)
{
    char value[8];
    return sally_server_get(s, "no.such", value, sizeof value);
}

static sally_error get_into_short_buffer(sally_server *s)
{
    char value[2];
    return sally_server_get(s, "limits.channels", value, sizeof value);
}

static sally_error set_auth_beside_users(sally_server *s)
{
    return sally_server_set_auth(s, NULL);
}

static sally_error add_user_over(sally_server *s, const char *name, const char *password)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    sally_error error = sally_server_add_user(s, name, password, fs);
    sally_fs_unref(fs);
    return error;
}

static sally_error add_user_without_name(sally_server *s)
{
    return add_user_over(s, NULL, "x");
}

static sally_error add_user_with_empty_name(sally_server *s)
{
    return add_user_over(s, "", "x");
}

static sally_error add_user_without_storage(sally_server *s)
{
    return sally_server_add_user(s, "ann", "x", NULL);
}

static sally_error add_user_with_empty_password(sally_server *s)
{
    return add_user_over(s, "ann", "");
}

static sally_error add_user_with_half_a_hash(sally_server *s)
{
    return add_user_over(s, "ann", "$6$bad");
}

static sally_error add_user_with_weak_hash(sally_server *s)
{
    return add_user_over(s, "ann", "$1$abcdefgh$0123456789abcdefghijk.");
}

static sally_error add_no_hooks(sally_server *s)
{
    return sally_server_add_hooks(s, NULL);
}

static sally_error add_hooks_without_size(sally_server *s)
{
    const sally_hooks none = {.struct_size = 0};
    return sally_server_add_hooks(s, &none);
}

static sally_error add_hooks(sally_server *s)
{
    const sally_hooks none = {.struct_size = sizeof none};
    return sally_server_add_hooks(s, &none);
}

static sally_error set_log(sally_server *s)
{
    return sally_server_set_log(s, NULL, NULL, 0);
}

static sally_error add_no_host_key(sally_server *s)
{
    return sally_server_add_host_key(s, NULL);
}

static sally_error host_key_past_the_last(sally_server *s)
{
    sally_key *key;
    return sally_server_host_key(&key, s, 99);
}

static sally_error host_key_nowhere(sally_server *s)
{
    return sally_server_host_key(NULL, s, 0);
}

static sally_error add_no_listener(sally_server *s)
{
    return sally_server_add_listener(s, NULL);
}

static sally_error add_ftp_listener(sally_server *s)
{
    return sally_server_add_listener(s, "ftp://127.0.0.1:0");
}

static sally_error add_taken_listener(sally_server *s)
{
    return sally_server_add_listener(s, sally_server_listener(s, 0));
}

static sally_error add_systemd_listeners(sally_server *s)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
    assert_int_equal(setenv("LISTEN_FDS", "5000", 1), 0);
    sally_error error = sally_server_add_systemd_listeners(s);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    return error;
}

static sally_error adopt_nothing(sally_server *s)
{
    return sally_server_adopt(s, -1, "sftp", NULL);
}

static sally_error adopt_gopher(sally_server *s)
{
    return sally_server_adopt(s, dup(0), "gopher", NULL);
}

static sally_error adopt_one_too_many(sally_server *s)
{
    sally_error error = sally_server_set(s, "limits.unauthenticated", "1");
    for (int i = 0; i < 2 && !error; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
            return SALLY_E_SYSTEM;
        error = sally_server_adopt(s, pair[1], "sftp", NULL);
        close(pair[0]);
    }
    return error;
}

static sally_error walk_without_function(sally_server *s)
{
    return sally_server_each_connection(s, NULL, NULL);
}

static sally_error walk_files_without_function(sally_server *s)
{
    return sally_server_each_file(s, NULL, NULL);
}

static sally_error listen_without_options(sally_server *s)
{
    return sally_server_listen(s, NULL, NULL);
}

static sally_error set_log_level_too_high(sally_server *s)
{
    return sally_server_set_log_level(s, 6);
}

static sally_error wait_for_a_moment(sally_server *s)
{
    return sally_server_wait_for(s, 0);
}

static sally_error disconnect_unknown_connection(sally_server *s)
{
    return sally_server_disconnect(s, 4711, "bye");
}

static sally_error rekey_unknown_connection(sally_server *s)
{
    return sally_server_rekey(s, 4711);
}

static sally_error change_unknown_connection(sally_server *s)
{
    return sally_server_set_connection(s, 4711, "limits.idle_time", "1h");
}

static sally_error permit_unknown_connection(sally_server *s)
{
    return sally_server_set_permissions(s, 4711, SALLY_MAY_VIEW);
}

static sally_error change_nothing(sally_server *s)
{
    return sally_server_set_connection(s, 4711, NULL, "1h");
}

static sally_error change_unknown(sally_server *s)
{
    return sally_server_set_connection(s, 4711, "no.such", "1h");
}

static sally_error counters_nowhere(sally_server *s)
{
    return sally_server_counters(s, NULL);
}

static sally_error counters_without_size(sally_server *s)
{
    sally_counters none = {.struct_size = 0};
    return sally_server_counters(s, &none);
}

struct failing {
    sally_error (*call)(sally_server *s);
    sally_error error;
    const char *texts[2]; /* parts of what is said */
};

static const struct failing on_any[] = {
    {set_without_name, SALLY_E_INVALID, {"sally_setting_at()"}},
    {set_without_value, SALLY_E_INVALID, {"limits.channels", "NULL"}},
    {set_unknown, SALLY_E_NOT_FOUND, {"no.such"}},
    {get_without_name, SALLY_E_INVALID, {"sally_setting_at()"}},
    {get_without_buffer, SALLY_E_INVALID, {"limits.channels", "NULL"}},
    {get_unknown, SALLY_E_NOT_FOUND, {"no.such"}},
    {get_into_short_buffer, SALLY_E_RANGE, {"limits.channels", "2 bytes"}},
    {set_auth_beside_users, SALLY_E_STATE, {"sally_server_add_user", "not both"}},
    {add_user_without_name, SALLY_E_INVALID, {"without a name"}},
    {add_user_with_empty_name, SALLY_E_INVALID, {"without a name"}},
    {add_user_without_storage, SALLY_E_INVALID, {"\"ann\"", "storage is NULL"}},
    {add_user_with_empty_password, SALLY_E_INVALID, {"\"ann\"", "NULL for no password"}},
    {add_user_with_half_a_hash, SALLY_E_INVALID, {"\"ann\"", "incomplete"}},
    {add_user_with_weak_hash, SALLY_E_UNSUPPORTED, {"\"ann\"", "sally_hash_password()"}},
    {add_no_host_key, SALLY_E_INVALID, {"NULL", "sally_key_generate()"}},
    {host_key_past_the_last, SALLY_E_NOT_FOUND, {"index 99"}},
    {host_key_nowhere, SALLY_E_INVALID, {"out is NULL"}},
    {add_no_listener, SALLY_E_INVALID, {"NULL", "sftp://"}},
    {add_ftp_listener, SALLY_E_UNSUPPORTED, {"ftp://127.0.0.1:0", "use sftp://"}},
    {add_taken_listener, SALLY_E_ADDRESS, {"127.0.0.1:", "in use"}},
    {add_systemd_listeners, SALLY_E_RANGE, {"LISTEN_FDS", "5000"}},
    {adopt_nothing, SALLY_E_INVALID, {"-1 is not a file descriptor"}},
    {adopt_gopher, SALLY_E_UNSUPPORTED, {"\"sftp\""}},
    {adopt_one_too_many, SALLY_E_LIMIT, {"limits.unauthenticated"}},
    {walk_without_function, SALLY_E_INVALID, {"NULL"}},
    {walk_files_without_function, SALLY_E_INVALID, {"NULL"}},
    {listen_without_options, SALLY_E_INVALID, {"NULL", "struct_size"}},
    {set_log_level_too_high, SALLY_E_RANGE, {"6", "debug"}},
    {disconnect_unknown_connection, SALLY_E_NOT_FOUND, {"4711"}},
    {rekey_unknown_connection, SALLY_E_NOT_FOUND, {"4711"}},
    {change_unknown_connection, SALLY_E_NOT_FOUND, {"4711"}},
    {permit_unknown_connection, SALLY_E_NOT_FOUND, {"4711"}},
    {change_nothing, SALLY_E_INVALID, {"NULL"}},
    {change_unknown, SALLY_E_NOT_FOUND, {"no.such"}},
    {counters_nowhere, SALLY_E_INVALID, {"NULL"}},
    {counters_without_size, SALLY_E_INVALID, {"struct_size"}},
};
static const struct failing on_new[] = {
    {add_no_hooks, SALLY_E_INVALID, {"hooks is NULL"}},
    {add_hooks_without_size, SALLY_E_INVALID, {"struct_size"}},
    {sally_server_wait, SALLY_E_STATE, {"not started"}},
    {wait_for_a_moment, SALLY_E_STATE, {"not started"}},
};
static const struct failing on_started[] = {
    {wait_for_a_moment, SALLY_E_TIMEOUT, {"still running"}},
    {set_too_late, SALLY_E_STATE, {"server.loops", "before the server starts"}},
    {add_hooks, SALLY_E_STATE, {"already started"}},
    {set_log, SALLY_E_STATE, {"already started"}},
    {sally_server_start, SALLY_E_STATE, {"already running"}},
    {sally_server_run, SALLY_E_STATE, {"already running"}},
};
static const struct failing on_pumped[] = {
    {sally_server_start, SALLY_E_STATE, {"sally_server_poll()"}},
    {sally_server_wait, SALLY_E_STATE, {"sally_server_poll()"}},
};
static const struct failing on_ended[] = {
    {sally_server_start, SALLY_E_STATE, {"ended", "another"}},
    {sally_server_run, SALLY_E_STATE, {"ended", "another"}},
};

static void check(sally_server *s, const struct failing *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        /* Something else was said before. */
        assert_int_equal(sally_server_set(s, "stale", ""), SALLY_E_NOT_FOUND);
        assert_int_equal(all[i].call(s), all[i].error);
        for (size_t k = 0; k < 2 && all[i].texts[k]; k++)
            if (!strstr(sally_server_error(s), all[i].texts[k]))
                fail_msg("\"%s\" is not in \"%s\"", all[i].texts[k], sally_server_error(s));
    }
}

static void every_failing_call_says_why(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_string_equal(sally_server_error(s), "");
    check(s, on_any, COUNT_OF(on_any));
    check(s, on_new, COUNT_OF(on_new));
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    check(s, on_any, COUNT_OF(on_any));
    check(s, on_started, COUNT_OF(on_started));
    assert_int_equal(sally_server_set(s, "stale", ""), SALLY_E_NOT_FOUND);
    assert_int_equal(sally_server_poll(s, 0), SALLY_E_STATE);
    assert_non_null(strstr(sally_server_error(s), "its own threads"));
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    assert_int_equal(sally_server_wait(s), SALLY_E_OK);
    check(s, on_ended, COUNT_OF(on_ended));
    assert_int_equal(sally_server_free(s), SALLY_E_OK);

    s = new_server(NULL);
    assert_int_equal(sally_server_poll(s, 0), 1);
    check(s, on_pumped, COUNT_OF(on_pumped));
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

/* ---- Threads ---- */

struct talker {
    sally_server *server;
    char name[24];
    bool right;
};

static void *talk(void *user_data)
{
    struct talker *t = user_data;
    const char *text = NULL;
    t->right = true;
    for (int i = 0; i < 500; i++) {
        if (sally_server_set(t->server, t->name, "1") != SALLY_E_NOT_FOUND)
            t->right = false;
        const char *now = sally_server_error(t->server);
        if (!strstr(now, t->name) || (text && now != text))
            t->right = false;
        text = now;
    }
    return NULL;
}

static void each_thread_reads_its_own(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    struct talker talkers[THREADS];
    pthread_t threads[THREADS];
    sally_server *s = new_server(NULL);
    for (int i = 0; i < THREADS; i++) {
        talkers[i] = (struct talker){.server = s};
        snprintf(talkers[i].name, sizeof talkers[i].name, "thread.%d", i);
        assert_int_equal(pthread_create(&threads[i], NULL, talk, &talkers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(talkers[i].right);
    }
    assert_string_equal(sally_server_error(s), "");
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void *fail_once(void *server)
{
    assert_int_equal(sally_server_set(server, "no.such", "1"), SALLY_E_NOT_FOUND);
    assert_non_null(strstr(sally_server_error(server), "no.such"));
    return NULL;
}

/* Any number of threads may fail and end; a text that may still be read stays. */
static void texts_of_threads_that_are_gone_are_dropped(void **state)
{
    (void)state;
    sally_server *s = keyed_server();
    assert_int_equal(sally_server_set(s, "no.setting", "1"), SALLY_E_NOT_FOUND);
    const char *text = sally_server_error(s);
    for (int i = 0; i < 300; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, fail_once, s), 0);
        pthread_join(thread, NULL);
    }
    assert_true(s->failures.count < 150);
    assert_ptr_equal(sally_server_error(s), text);
    assert_non_null(strstr(text, "no.setting"));
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_call_says_why),
        cmocka_unit_test(each_thread_reads_its_own),
        cmocka_unit_test(texts_of_threads_that_are_gone_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
