/* Channels that the program serves. */
#include "server/ssh/program.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "sallyport/hooks.h"
#include "server/fixture.h"

enum { MIB = 1 << 20, QUEUE = 8192 };

/* What the program does on a channel, and what has come of it. */
struct program {
    void (*begin)(struct program *p, sally_channel *channel); /* inside the hook */
    sally_status answer;
    uint32_t queue_size;
    size_t keeps; /* bytes of the input that are not done with until the test says so */
    sally_error accepted, again;
    sally_channel *channel; /* held, if `begin` wants to */
    _Atomic uint32_t eofs, writables, closed, freed, requests;
    _Atomic size_t received;
    uint32_t kind, env_count;
    char env[128];
    atomic_bool stop; /* another thread's writing */
    size_t to_write;
    void *login_data;
};

static size_t on_received(void *user_data, sally_channel *channel, const void *data, size_t size)
{
    struct program *p = user_data;
    (void)channel;
    assert_non_null(data);
    assert_true(size > 0);
    p->received += size;
    return p->keeps ? 0 : size;
}

static void on_eof(void *user_data, sally_channel *channel)
{
    struct program *p = user_data;
    p->eofs++;
    (void)sally_channel_exit(channel, 3);
}

static void write_more(struct program *p, sally_channel *channel)
{
    static const char zeros[3000];
    size_t taken = 1;
    if (!p->to_write)
        return;
    while (p->to_write && taken) {
        size_t size = p->to_write < sizeof zeros ? p->to_write : sizeof zeros;
        assert_int_equal(sally_channel_write(channel, zeros, size, &taken), SALLY_E_OK);
        p->to_write -= taken;
    }
    if (!p->to_write)
        (void)sally_channel_exit(channel, 0);
}

static void on_writable(void *user_data, sally_channel *channel)
{
    struct program *p = user_data;
    p->writables++;
    write_more(p, channel);
}

static void on_closed(void *user_data, sally_channel *channel)
{
    struct program *p = user_data;
    size_t taken = 1;
    assert_int_equal(p->freed, 0);
    assert_non_null(sally_channel_connection(channel));
    assert_int_equal(sally_channel_write(channel, "x", 1, &taken), SALLY_E_CLOSED);
    assert_int_equal(taken, 0);
    p->closed++;
}

static void free_program(void *user_data)
{
    struct program *p = user_data;
    assert_int_equal(p->closed, 1);
    p->freed++;
}

static sally_status on_session(void *user_data, sally_connection *connection,
                               const sally_session_request *request)
{
    struct program *p = user_data;
    const sally_channel_options options = {.struct_size = sizeof options,
                                           .queue_size = p->queue_size,
                                           .user_data = p,
                                           .free_data = free_program,
                                           .received = on_received,
                                           .eof = on_eof,
                                           .writable = on_writable,
                                           .closed = on_closed};
    p->requests++;
    p->kind = request->kind;
    p->env_count = request->env_count;
    for (uint32_t i = 0; i < request->env_count; i++)
        snprintf(p->env, sizeof p->env, "%s=%s", request->env[i].name, request->env[i].value);
    if (strcmp(request->name, "sftp") == 0)
        return SALLY_CONTINUE;
    size_t taken;
    assert_ptr_equal(sally_channel_connection(request->channel), connection);
    assert_int_equal(sally_channel_write(request->channel, "x", 1, &taken), SALLY_E_STATE);
    assert_int_equal(sally_channel_exit(request->channel, 0), SALLY_E_STATE);
    p->login_data = sally_channel_login_data(request->channel);
    p->accepted = sally_channel_accept(request->channel, &options);
    p->again = sally_channel_accept(request->channel, &options);
    if (p->begin)
        p->begin(p, request->channel);
    return p->answer;
}

static sally_server *serve(struct program *p)
{
    sally_server *s = new_server(NULL);
    const sally_hooks hooks = {
        .struct_size = sizeof hooks, .user_data = p, .session_requested = on_session};
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    return s;
}

static void log_in(struct client *c, sally_server *s, const char *command)
{
    assert_true(client_connect(c, s, NULL));
    assert_true(client_login(c, "joe", "secret"));
    c->command = command;
}

static bool is_gone(struct client *c)
{
    return c->channel_gone || c->over;
}

static void await_closed(struct program *p)
{
    for (int i = 0; i < 5000 && !p->freed; i++)
        nap(1);
    assert_int_equal(p->closed, 1);
    assert_int_equal(p->freed, 1);
}

/* Whatever happened: nothing is left, and no one is charged for anything. */
static void leave(struct client *c, sally_server *s)
{
    client_end(c);
    await_connections(s, 0);
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    assert_int_equal(sally_server_wait(s), SALLY_E_OK);
    assert_int_equal(counters_of(s).memory_now, 0);
    assert_int_equal(counters_of(s).sessions_now, 0);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

/* ---- What comes and goes ---- */

static void say_and_exit(struct program *p, sally_channel *channel)
{
    size_t taken;
    (void)p;
    assert_int_equal(sally_channel_write(channel, NULL, 1, &taken), SALLY_E_INVALID);
    assert_int_equal(sally_channel_write(channel, NULL, 0, &taken), SALLY_E_OK);
    assert_int_equal(sally_channel_write(channel, "out", 3, &taken), SALLY_E_OK);
    assert_int_equal(taken, 3);
    assert_int_equal(sally_channel_write_stderr(channel, "err", 3, &taken), SALLY_E_OK);
    assert_int_equal(sally_channel_exit(channel, 42), SALLY_E_OK);
    assert_int_equal(sally_channel_exit(channel, 43), SALLY_E_STATE);
    assert_int_equal(sally_channel_close(channel), SALLY_E_STATE);
    assert_int_equal(sally_channel_send_eof(channel), SALLY_E_STATE);
    assert_int_equal(sally_channel_write(channel, "x", 1, &taken), SALLY_E_STATE);
}

static void a_command_says_something_and_exits(void **state)
{
    (void)state;
    struct program p = {.begin = say_and_exit};
    sally_server *s = serve(&p);
    struct client c;
    log_in(&c, s, "greet");
    c.env_name = "LANG";
    c.env_value = "C";
    assert_true(client_request(&c));
    assert_true(client_run(&c, is_gone, 5000) || c.exited);
    assert_true(c.env_ok);
    assert_true(c.channel_eof);
    assert_true(slice_is(buf_slice(&c.in), "out"));
    assert_true(slice_is(buf_slice(&c.errors), "err"));
    assert_true(c.exited);
    assert_int_equal(c.exit_status, 42);
    assert_int_equal(p.accepted, SALLY_E_OK);
    assert_int_equal(p.again, SALLY_E_STATE);
    assert_int_equal(p.kind, SALLY_SESSION_EXEC);
    assert_int_equal(p.env_count, 1);
    assert_string_equal(p.env, "LANG=C");
    await_closed(&p);
    /* The same connection still has what is the library's. */
    c.command = NULL;
    buf_reset(&c.in);
    assert_true(client_sftp(&c));
    assert_int_equal(client_stat(&c, "/"), 0);
    leave(&c, s);
}

static void end_by_signal(struct program *p, sally_channel *channel)
{
    char text[300];
    (void)p;
    memset(text, 'x', sizeof text);
    text[256] = '\0';
    assert_int_equal(sally_channel_exit_signal(channel, NULL, false, ""), SALLY_E_INVALID);
    assert_int_equal(sally_channel_exit_signal(channel, "", false, ""), SALLY_E_INVALID);
    assert_int_equal(sally_channel_exit_signal(channel, "A B", false, ""), SALLY_E_INVALID);
    assert_int_equal(sally_channel_exit_signal(channel, "TERM", false, text), SALLY_E_INVALID);
    text[65] = '\0';
    assert_int_equal(sally_channel_exit_signal(channel, text, false, ""), SALLY_E_INVALID);
    assert_int_equal(sally_channel_exit_signal(channel, "TERM", true, NULL), SALLY_E_OK);
    assert_int_equal(sally_channel_exit_signal(channel, "TERM", true, NULL), SALLY_E_STATE);
}

static void close_it(struct program *p, sally_channel *channel)
{
    (void)p;
    assert_int_equal(sally_channel_close(channel), SALLY_E_OK);
}

static void it_ends_by_a_signal_or_without_a_word(void **state)
{
    (void)state;
    for (int by_signal = 0; by_signal < 2; by_signal++) {
        struct program p = {.begin = by_signal ? end_by_signal : close_it};
        sally_server *s = serve(&p);
        struct client c;
        log_in(&c, s, "end");
        assert_true(client_request(&c));
        assert_true(client_run(&c, is_gone, 5000));
        assert_int_equal(c.exited, by_signal);
        assert_string_equal(c.exit_signal, by_signal ? "TERM" : "");
        await_closed(&p);
        leave(&c, s);
    }
}

static void nothing(struct program *p, sally_channel *channel)
{
    p->channel = sally_channel_ref(channel);
}

static bool has_exited(struct client *c)
{
    return c->exited || c->over;
}

/* A subsystem of its own, with input to its end. */
static void input_comes_and_ends(void **state)
{
    (void)state;
    struct program p = {.begin = nothing};
    sally_server *s = serve(&p);
    struct client c;
    log_in(&c, s, NULL);
    c.subsystem = "netconf";
    assert_true(client_request(&c));
    assert_int_equal(p.kind, SALLY_SESSION_SUBSYSTEM);
    char *bytes = mem_zalloc(5 * MIB);
    client_send_bytes(&c, bytes, 5 * MIB);
    mem_free(bytes);
    ssh_channel_send_eof(c.channel);
    assert_true(client_run(&c, has_exited, 10000));
    assert_int_equal(c.exit_status, 3);
    assert_int_equal(p.received, 5 * MIB);
    assert_int_equal(p.eofs, 1);
    for (int i = 0; i < 5000 && !p.closed; i++)
        nap(1);
    assert_int_equal(p.closed, 1);
    assert_int_equal(p.freed, 0); /* held */
    size_t taken;
    assert_int_equal(sally_channel_write(p.channel, "x", 1, &taken), SALLY_E_CLOSED);
    assert_int_equal(sally_channel_send_eof(p.channel), SALLY_E_CLOSED);
    assert_int_equal(sally_channel_exit(p.channel, 0), SALLY_E_CLOSED);
    assert_int_equal(sally_channel_exit_signal(p.channel, "TERM", false, ""), SALLY_E_CLOSED);
    assert_int_equal(sally_channel_close(p.channel), SALLY_E_CLOSED);
    sally_channel_consumed(p.channel, 100);
    sally_channel_unref(p.channel);
    sally_channel_unref(NULL);
    assert_int_equal(p.freed, 1);
    leave(&c, s);
}

/* Who floods a program that is done with nothing gets as far as its window. */
static void a_flood_stops_at_the_window(void **state)
{
    (void)state;
    struct program p = {.begin = nothing, .keeps = 1};
    sally_server *s = serve(&p);
    struct client c;
    log_in(&c, s, "sink");
    assert_true(client_request(&c));
    char *bytes = mem_zalloc(8 * MIB);
    client_send_bytes(&c, bytes, 8 * MIB);
    mem_free(bytes);
    size_t before = 0;
    do {
        before = p.received;
        (void)client_run(&c, NULL, 100);
    } while (p.received != before);
    assert_in_range(before, 1, 4 * MIB);
    size_t taken = p.received, all = 0;
    while (p.received < 8 * MIB) { /* now it is done with them, in this thread */
        sally_channel_consumed(p.channel, taken - all);
        all = taken;
        (void)client_run(&c, NULL, 10);
        taken = p.received;
    }
    sally_channel_consumed(p.channel, SIZE_MAX); /* more than there are */
    assert_int_equal(sally_channel_exit(p.channel, 0), SALLY_E_OK);
    assert_true(client_run(&c, has_exited, 5000));
    sally_channel_unref(p.channel);
    await_closed(&p);
    leave(&c, s);
}

/* ---- Output ---- */

static void write_much(struct program *p, sally_channel *channel)
{
    p->to_write = 5 * MIB;
    write_more(p, channel);
    assert_int_not_equal(p->to_write, 0);
}

static void the_queue_is_bounded_and_told_of(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, QUEUE, 300000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct program p = {.begin = write_much, .queue_size = sizes[i]};
        sally_server *s = serve(&p);
        struct client c;
        log_in(&c, s, "source");
        assert_true(client_request(&c));
        assert_true(client_run(&c, has_exited, 20000));
        assert_int_equal(c.in.size, 5 * MIB);
        assert_int_not_equal(p.writables, 0);
        await_closed(&p);
        leave(&c, s);
    }
}

/* The queue, and the windows on both sides: not more is waiting for a client that reads nothing.
 * It is cut off, as it would be by the library's own sessions. */
static void who_takes_nothing_is_cut_off(void **state)
{
    (void)state;
    struct program p = {.begin = write_much, .queue_size = QUEUE};
    sally_server *s = new_server(NULL);
    const sally_hooks hooks = {
        .struct_size = sizeof hooks, .user_data = &p, .session_requested = on_session};
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "limits.stall_time", "1s"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    log_in(&c, s, "source");
    c.keeps_window = true;
    assert_true(client_request(&c));
    assert_true(client_run(&c, client_is_over, 10000));
    assert_true(c.in.size <= 2 * MIB);
    await_closed(&p);
    leave(&c, s);
}

static void say_eof(struct program *p, sally_channel *channel)
{
    size_t taken;
    nothing(p, channel);
    assert_int_equal(sally_channel_write(channel, "all", 3, &taken), SALLY_E_OK);
    assert_int_equal(sally_channel_send_eof(channel), SALLY_E_OK);
    assert_int_equal(sally_channel_send_eof(channel), SALLY_E_STATE);
    assert_int_equal(sally_channel_write(channel, "x", 1, &taken), SALLY_E_STATE);
}

static bool has_eof(struct client *c)
{
    return c->channel_eof || c->over;
}

static void output_may_end_before_input(void **state)
{
    (void)state;
    struct program p = {.begin = say_eof};
    sally_server *s = serve(&p);
    struct client c;
    log_in(&c, s, "half");
    assert_true(client_request(&c));
    assert_true(client_run(&c, has_eof, 5000));
    assert_true(slice_is(buf_slice(&c.in), "all"));
    client_send_bytes(&c, "more", 4);
    ssh_channel_send_eof(c.channel);
    assert_true(client_run(&c, has_exited, 5000));
    assert_int_equal(p.received, 4);
    sally_channel_unref(p.channel);
    await_closed(&p);
    leave(&c, s);
}

/* ---- Other threads ---- */

static void *write_in_a_thread(void *user_data)
{
    struct program *p = user_data;
    sally_error error = SALLY_E_OK;
    while (!error && !p->stop) {
        size_t taken;
        error = sally_channel_write(p->channel, "tick", 4, &taken);
        sally_channel_consumed(p->channel, 1);
    }
    (void)sally_channel_exit(p->channel, 0);
    sally_channel_unref(p->channel);
    return NULL;
}

/* However it ends, and whichever side is faster. */
static void threads_write_until_the_end(void **state)
{
    (void)state;
    enum way { STOPS, CLOSES, LEAVES, DISCONNECTS, SHUTS_DOWN, WAYS };
    for (int round = 0; round < 4 * WAYS; round++) {
        enum way way = (enum way)(round % WAYS);
        struct program p = {.begin = nothing, .queue_size = QUEUE, .to_write = 0};
        sally_server *s = serve(&p);
        struct client c;
        pthread_t thread;
        log_in(&c, s, "ticks");
        assert_true(client_request(&c));
        sally_connection *connection = sally_channel_connection(p.channel);
        assert_int_equal(pthread_create(&thread, NULL, write_in_a_thread, &p), 0);
        while (c.in.size < 1000)
            (void)client_run(&c, NULL, 1);
        if (way == STOPS)
            p.stop = true;
        if (way == CLOSES)
            ssh_channel_finish(c.channel, 0);
        if (way == DISCONNECTS)
            assert_int_equal(sally_connection_disconnect(connection, "bye"), SALLY_E_OK);
        if (way == SHUTS_DOWN)
            assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
        if (way != LEAVES)
            (void)client_run(&c, is_gone, 5000);
        else
            shutdown(c.fd, SHUT_RDWR);
        assert_int_equal(pthread_join(thread, NULL), 0);
        await_closed(&p);
        client_end(&c);
        if (way != SHUTS_DOWN)
            assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
        assert_int_equal(sally_server_wait(s), SALLY_E_OK);
        assert_int_equal(sally_server_free(s), SALLY_E_OK);
    }
}

/* ---- Refusals ---- */

/* `closed` comes whatever is answered once it was accepted. */
static void what_is_accepted_and_not_granted_is_closed(void **state)
{
    (void)state;
    static const sally_status answers[] = {SALLY_PERMISSION_DENIED, SALLY_CONTINUE};
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct program p = {.begin = write_much, .queue_size = QUEUE, .answer = answers[i]};
        sally_server *s = serve(&p);
        struct client c;
        log_in(&c, s, "md5sum");
        /* The library has a command of this name. */
        assert_int_equal(client_request(&c), answers[i] == SALLY_CONTINUE);
        await_closed(&p);
        assert_int_equal(p.writables, 0);
        leave(&c, s);
    }
}

static void own_channels_count(void **state)
{
    (void)state;
    struct program p = {.begin = nothing, .queue_size = 600000};
    sally_server *s = new_server(NULL);
    const sally_hooks hooks = {
        .struct_size = sizeof hooks, .user_data = &p, .session_requested = on_session};
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "limits.memory_per_connection", "1M"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    log_in(&c, s, "first");
    assert_true(client_request(&c));
    assert_int_equal(counters_of(s).sessions_now, 1);
    assert_in_range(counters_of(s).memory_now, 600000, 1100000);
    sally_channel *first = p.channel;
    struct ssh_channel *first_channel = c.channel;
    p.channel = NULL;
    assert_false(client_request(&c)); /* a second one has no room */
    assert_int_equal(p.closed, 1);
    sally_channel_unref(p.channel);
    assert_int_equal(p.freed, 1);
    p.closed = p.freed = 0;
    ssh_channel_finish(first_channel, 0);
    for (int i = 0; i < 5000 && !p.closed; i++)
        (void)client_run(&c, NULL, 1);
    sally_channel_unref(first);
    await_closed(&p);
    leave(&c, s);
}

static void grow(struct program *p, sally_channel *channel)
{
    struct {
        sally_channel_options known;
        char more[8];
    } longer = {.known = {.struct_size = sizeof longer}};
    sally_channel_options shorter = {.struct_size = sizeof shorter - 1};
    (void)p;
    assert_int_equal(sally_channel_accept(channel, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_channel_accept(channel, &shorter), SALLY_E_INVALID);
    longer.more[3] = 1;
    assert_int_equal(sally_channel_accept(channel, &longer.known), SALLY_E_INVALID);
    longer.more[3] = 0;
    assert_int_equal(sally_channel_accept(channel, &longer.known), SALLY_E_OK);
    (void)sally_channel_exit(channel, 0);
}

static sally_status only_grow(void *user_data, sally_connection *connection,
                              const sally_session_request *request)
{
    (void)connection;
    grow(user_data, request->channel);
    return SALLY_OK;
}

/* Writes may find no memory. */
static sally_status only_say(void *user_data, sally_connection *connection,
                             const sally_session_request *request)
{
    struct program *p = user_data;
    const sally_channel_options options = {.struct_size = sizeof options,
                                           .user_data = p,
                                           .free_data = free_program,
                                           .closed = on_closed};
    size_t taken;
    (void)connection;
    p->accepted = sally_channel_accept(request->channel, &options);
    (void)!sally_channel_write(request->channel, "out", 3, &taken);
    if (sally_channel_exit_signal(request->channel, "TERM", false, "") != SALLY_E_OK)
        (void)sally_channel_exit(request->channel, 1);
    return SALLY_OK;
}

/* Options without callbacks do, too. */
static void options_fit_newer_callers(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    const sally_hooks hooks = {.struct_size = sizeof hooks, .session_requested = only_grow};
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    log_in(&c, s, "grow");
    assert_true(client_request(&c));
    assert_true(client_run(&c, has_exited, 5000));
    leave(&c, s);
}

/* A shutdown waits for what runs, but no longer than it may. */
static void a_shutdown_waits_for_what_runs(void **state)
{
    (void)state;
    for (int ends = 0; ends < 2; ends++) {
        struct program p = {.begin = nothing};
        sally_server *s = serve(&p);
        struct client c;
        log_in(&c, s, "long");
        assert_true(client_request(&c));
        assert_int_equal(sally_server_shutdown(s, ends ? 20000 : 300), SALLY_E_OK);
        (void)client_run(&c, client_is_over, 150);
        assert_false(c.over);
        if (ends) {
            assert_int_equal(sally_channel_exit(p.channel, 5), SALLY_E_OK);
            assert_true(client_run(&c, has_exited, 5000));
            assert_int_equal(c.exit_status, 5);
        }
        sally_channel_unref(p.channel);
        assert_true(client_run(&c, client_is_over, 5000));
        await_closed(&p);
        client_end(&c);
        assert_int_equal(sally_server_wait(s), SALLY_E_OK);
        assert_int_equal(sally_server_free(s), SALLY_E_OK);
    }
}

/* Whichever allocation of the server's fails: the channel is refused or served, and its program
 * learns of its end. */
static void without_memory_it_still_ends(void **state)
{
    (void)state;
    struct program p = {.begin = say_and_exit};
    sally_server *s = new_server(NULL);
    const sally_hooks hooks = {
        .struct_size = sizeof hooks, .user_data = &p, .session_requested = only_say};
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_poll(s, 0), 1);
    unsigned nth = 0;
    for (bool failed = true; failed;) {
        struct client c;
        assert_true(client_connect(&c, s, s));
        assert_true(client_login(&c, "joe", "secret"));
        c.command = "say";
        c.env_name = "LANG";
        c.env_value = "C";
        p.accepted = SALLY_E_STATE;
        p.closed = p.freed = 0;
        alloc_fail_inside_at(++nth);
        bool ok = client_request(&c) && client_run(&c, has_exited, 1000);
        failed = alloc_failed();
        assert_true(ok || failed);
        client_end(&c);
        while (counters_of(s).connections_now)
            assert_int_equal(sally_server_poll(s, 2), 1);
        assert_int_equal(p.closed, p.accepted == SALLY_E_OK);
        assert_int_equal(p.freed, p.closed);
    }
    assert_true(nth > 5);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_says_something_and_exits),
        cmocka_unit_test(it_ends_by_a_signal_or_without_a_word),
        cmocka_unit_test(input_comes_and_ends),
        cmocka_unit_test(a_flood_stops_at_the_window),
        cmocka_unit_test(the_queue_is_bounded_and_told_of),
        cmocka_unit_test(who_takes_nothing_is_cut_off),
        cmocka_unit_test(output_may_end_before_input),
        cmocka_unit_test(threads_write_until_the_end),
        cmocka_unit_test(what_is_accepted_and_not_granted_is_closed),
        cmocka_unit_test(own_channels_count),
        cmocka_unit_test(options_fit_newer_callers),
        cmocka_unit_test(a_shutdown_waits_for_what_runs),
        cmocka_unit_test(without_memory_it_still_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
