/* The connection protocol apart from channels' data: opening, requests, global requests, host keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "crypto/public_key.h"
#include "pair_services.h"
#include "ssh/channel.h"
#include "ssh/channel_request.h"
#include "ssh/connection.h"
#include "ssh/global_request.h"
#include "ssh/transport.h"

struct owner {
    unsigned subsystems, execs, closed, over;
    char what[64];
    bool refuse;
    enum ssh_end end;
    size_t charged, charge_limit;
    struct list jobs;
    bool keep_jobs;
};

static bool note_start(struct owner *o, struct slice what)
{
    assert_true(what.size < sizeof o->what);
    memset(o->what, 0, sizeof o->what);
    memcpy(o->what, what.data, what.size);
    return !o->refuse;
}

static bool on_subsystem(void *user_data, struct ssh_channel *channel, struct slice name)
{
    struct owner *o = user_data;
    assert_non_null(channel);
    o->subsystems++;
    return note_start(o, name);
}

static bool on_exec(void *user_data, struct ssh_channel *channel, struct slice command)
{
    struct owner *o = user_data;
    assert_non_null(channel);
    o->execs++;
    return note_start(o, command);
}

static void on_closed(void *user_data, struct ssh_channel *channel)
{
    (void)channel;
    ((struct owner *)user_data)->closed++;
}

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    (void)detail;
    struct owner *o = user_data;
    o->over++;
    o->end = end;
}

static bool on_charge(void *user_data, size_t bytes)
{
    struct owner *o = user_data;
    if (bytes > o->charge_limit - o->charged)
        return false;
    o->charged += bytes;
    return true;
}

static void on_release(void *user_data, size_t bytes)
{
    struct owner *o = user_data;
    assert_true(bytes <= o->charged);
    o->charged -= bytes;
}

static void on_job(void *user_data, struct ssh_job *job)
{
    struct owner *o = user_data;
    if (o->keep_jobs) {
        list_append(&o->jobs, ssh_job_link(job));
        return;
    }
    ssh_job_run(job);
    ssh_job_done(job);
}

struct fixture {
    struct bare b;
    struct owner o;
};

static void begin(struct fixture *f)
{
    memset(&f->o, 0, sizeof f->o);
    f->o.charge_limit = SIZE_MAX;
    list_init(&f->o.jobs);
    bare_prepare(&f->b, SSH_SERVER);
    f->b.user_data = &f->o;
    f->b.events.subsystem = on_subsystem;
    f->b.events.exec = on_exec;
    f->b.events.closed = on_closed;
    f->b.events.over = on_over;
    f->b.events.window_charge = on_charge;
    f->b.events.window_release = on_release;
    f->b.events.job = on_job;
}

static void ready(struct fixture *f)
{
    begin(f);
    bare_start(&f->b, READY);
}

static void finish(struct fixture *f)
{
    bare_stop(&f->b);
    assert_int_equal(f->o.charged, 0);
}

static void feed(struct fixture *f, struct buf *m)
{
    bare_feed(&f->b, buf_slice(m));
    buf_clear(m);
}

static void open_channel(struct fixture *f, const char *type, uint32_t number, uint32_t window,
                         uint32_t packet)
{
    struct buf room, *m = payload(&room, SSH_MSG_CHANNEL_OPEN);
    put_text(m, type);
    put_u32(m, number);
    put_u32(m, window);
    put_u32(m, packet);
    feed(f, m);
}

/* The number of the channel that was confirmed. */
static uint32_t expect_confirmation(struct fixture *f, uint32_t peer_number)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
    assert_int_equal(get_u32(&c), peer_number);
    uint32_t number = get_u32(&c);
    assert_int_equal(get_u32(&c), 2 << 20);
    assert_int_equal(get_u32(&c), 256 << 10);
    assert_true(cursor_done(&c));
    return number;
}

static void expect_open_failure(struct fixture *f, uint32_t peer_number, uint32_t reason)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_CHANNEL_OPEN_FAILURE);
    assert_int_equal(get_u32(&c), peer_number);
    assert_int_equal(get_u32(&c), reason);
    assert_true(get_string(&c).size > 0);
    get_string(&c);
    assert_true(cursor_done(&c));
}

static void expect_end(struct fixture *f, uint32_t reason)
{
    struct slice sent = bare_sent_number(&f->b, SSH_MSG_DISCONNECT);
    struct cursor c = cursor_of_slice(sent);
    get_u8(&c);
    assert_int_equal(get_u32(&c), reason);
    assert_int_equal(f->o.over, 1);
    assert_int_equal(f->o.end, SSH_END_PROTOCOL);
}

static struct buf *request(struct buf *room, uint32_t number, const char *type, bool reply)
{
    struct buf *m = payload(room, SSH_MSG_CHANNEL_REQUEST);
    put_u32(m, number);
    put_text(m, type);
    put_bool(m, reply);
    return m;
}

static void expect_reply(struct fixture *f, uint8_t number, uint32_t peer_number)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), number);
    assert_int_equal(get_u32(&c), peer_number);
    assert_true(cursor_done(&c));
}

static void expect_nothing(struct fixture *f)
{
    assert_int_equal(bare_sent(&f->b).size, 0);
    assert_false(ssh_over(f->b.ssh));
}

static void close_channel(struct fixture *f, uint32_t number)
{
    struct buf room;
    put_u32(payload(&room, SSH_MSG_CHANNEL_CLOSE), number);
    feed(f, &room);
}

/* ---- Opening ---- */

static void opens_sessions_up_to_the_bound(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f);
    for (uint32_t i = 0; i < 10; i++) {
        open_channel(&f, "session", 100 + i, 1000, 1000);
        assert_int_equal(expect_confirmation(&f, 100 + i), i);
    }
    open_channel(&f, "session", 110, 1000, 1000);
    expect_open_failure(&f, 110, OPEN_RESOURCE_SHORTAGE);
    close_channel(&f, 4);
    expect_reply(&f, SSH_MSG_CHANNEL_CLOSE, 104);
    open_channel(&f, "session", 111, 1000, 1000); /* a number that both sides have closed */
    assert_int_equal(expect_confirmation(&f, 111), 4);
    finish(&f);
}

/* What a client may say too late, or unasked, and what it may say of no channel that never was. */
static void late_messages_mean_nothing(void **state)
{
    (void)state;
    static const uint8_t late[] = {SSH_MSG_CHANNEL_WINDOW_ADJUST, SSH_MSG_CHANNEL_EOF,
                                   SSH_MSG_CHANNEL_CLOSE,         SSH_MSG_CHANNEL_SUCCESS,
                                   SSH_MSG_CHANNEL_FAILURE,       SSH_MSG_CHANNEL_REQUEST,
                                   SSH_MSG_CHANNEL_DATA,          SSH_MSG_CHANNEL_EXTENDED_DATA};
    for (size_t i = 0; i < COUNT_OF(late); i++)
        for (uint32_t number = 0; number < 4;
             number++) { /* 0 is open, 1 gone, 2 and 3 never were */
            struct fixture f;
            ready(&f);
            open_channel(&f, "session", 100, 1000, 1000);
            assert_int_equal(expect_confirmation(&f, 100), 0);
            open_channel(&f, "session", 101, 1000, 1000);
            assert_int_equal(expect_confirmation(&f, 101), 1);
            close_channel(&f, 1);
            expect_reply(&f, SSH_MSG_CHANNEL_CLOSE, 101);
            struct buf room, *m = payload(&room, late[i]);
            put_u32(m, number);
            if (late[i] == SSH_MSG_CHANNEL_WINDOW_ADJUST)
                put_u32(m, 1000);
            if (late[i] == SSH_MSG_CHANNEL_EXTENDED_DATA)
                put_u32(m, 1);
            if (late[i] == SSH_MSG_CHANNEL_REQUEST)
                put_text(m, "signal");
            if (late[i] == SSH_MSG_CHANNEL_REQUEST)
                put_bool(m, number == 1); /* no answer is owed to what is gone */
            else if (late[i] == SSH_MSG_CHANNEL_DATA || late[i] == SSH_MSG_CHANNEL_EXTENDED_DATA)
                put_text(m, "data");
            feed(&f, m);
            bool is_data =
                late[i] == SSH_MSG_CHANNEL_DATA || late[i] == SSH_MSG_CHANNEL_EXTENDED_DATA;
            bool lives = number == 0 || (number == 1 && !is_data);
            if (ssh_over(f.b.ssh) == lives)
                fail_msg("message %u for channel %u", late[i], number);
            if (number == 1 && lives)
                assert_int_equal(bare_sent(&f.b).size, 0);
            finish(&f);
        }
}

static void unasked_replies_mean_nothing(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f);
    static const uint8_t replies[] = {SSH_MSG_REQUEST_SUCCESS, SSH_MSG_REQUEST_FAILURE};
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        struct buf room, *m = payload(&room, replies[i]);
        feed(&f, m);
        assert_int_equal(bare_sent(&f.b).size, 0);
        assert_false(ssh_over(f.b.ssh));
    }
    finish(&f);
}

static void opens_nothing_else(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f);
    open_channel(&f, "direct-tcpip", 1, 1000, 1000);
    expect_open_failure(&f, 1, OPEN_PROHIBITED);
    open_channel(&f, "x11", 2, 1000, 1000);
    expect_open_failure(&f, 2, OPEN_PROHIBITED);
    open_channel(&f, "tunnel", 3, 1000, 1000);
    expect_open_failure(&f, 3, OPEN_UNKNOWN_TYPE);
    open_channel(&f, "", UINT32_MAX, 0, 0);
    expect_open_failure(&f, UINT32_MAX, OPEN_UNKNOWN_TYPE);
    open_channel(&f, "session", 4, 1000, 0);
    expect_open_failure(&f, 4, OPEN_PROHIBITED);
    assert_int_equal(f.o.charged, 0);
    finish(&f);
}

static void accepts_any_window_and_packet_size(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f);
    open_channel(&f, "session", 0, 0, 1);
    expect_confirmation(&f, 0);
    open_channel(&f, "session", 1, 1, UINT32_MAX);
    expect_confirmation(&f, 1);
    open_channel(&f, "session", 2, UINT32_MAX, UINT32_MAX);
    expect_confirmation(&f, 2);
    finish(&f);
}

static void no_more_sessions_is_honoured(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    ready(&f);
    open_channel(&f, "session", 1, 1000, 1000);
    expect_confirmation(&f, 1);
    m = payload(&room, SSH_MSG_GLOBAL_REQUEST);
    put_text(m, "no-more-sessions@openssh.com");
    put_bool(m, false);
    feed(&f, m);
    expect_nothing(&f);
    open_channel(&f, "session", 2, 1000, 1000);
    expect_open_failure(&f, 2, OPEN_PROHIBITED);
    finish(&f);
}

static void windows_are_charged_and_given_back(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    f.o.charge_limit = (2 << 20) + (65 << 10);
    bare_start(&f.b, READY);
    open_channel(&f, "session", 1, 1000, 1000);
    expect_confirmation(&f, 1);
    assert_int_equal(f.o.charged, 2 << 20);
    open_channel(&f, "session", 2, 1000, 1000); /* a small one still goes */
    assert_int_equal(bare_sent(&f.b).data[0], SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
    assert_int_equal(f.o.charged, (2 << 20) + (64 << 10));
    open_channel(&f, "session", 3, 1000, 1000);
    expect_open_failure(&f, 3, OPEN_RESOURCE_SHORTAGE);
    close_channel(&f, 0);
    assert_int_equal(f.o.charged, 64 << 10);
    finish(&f);
}

/* ---- Requests on channels ---- */

static void starts_one_thing_per_channel(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    ready(&f);
    open_channel(&f, "session", 5, 1000, 1000);
    uint32_t n = expect_confirmation(&f, 5);
    f.o.refuse = true;
    m = request(&room, n, "subsystem", true);
    put_text(m, "unknown");
    feed(&f, m);
    expect_reply(&f, SSH_MSG_CHANNEL_FAILURE, 5);
    f.o.refuse = false;
    m = request(&room, n, "exec", true);
    put_text(m, "scp -t .");
    feed(&f, m);
    expect_reply(&f, SSH_MSG_CHANNEL_SUCCESS, 5);
    assert_string_equal(f.o.what, "scp -t .");
    m = request(&room, n, "subsystem", true);
    put_text(m, "sftp");
    feed(&f, m);
    expect_reply(&f, SSH_MSG_CHANNEL_FAILURE, 5);
    m = request(&room, n, "exec", false); /* no reply is wanted: none comes */
    put_text(m, "ls");
    feed(&f, m);
    expect_nothing(&f);
    assert_int_equal(f.o.subsystems, 1);
    assert_int_equal(f.o.execs, 1);
    finish(&f);
}

/* RFC 4254 section 6.5: it has no argument. */
static void a_shell_is_an_empty_command(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    ready(&f);
    open_channel(&f, "session", 5, 1000, 1000);
    uint32_t n = expect_confirmation(&f, 5);
    m = request(&room, n, "shell", true);
    feed(&f, m);
    expect_reply(&f, SSH_MSG_CHANNEL_SUCCESS, 5);
    assert_string_equal(f.o.what, "");
    assert_int_equal(f.o.execs, 1);
    m = request(&room, n, "shell", true);
    put_text(m, "ls");
    feed(&f, m);
    expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR);
    finish(&f);
}

static void tries_to_start_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    ready(&f);
    f.o.refuse = true;
    open_channel(&f, "session", 5, 1000, 1000);
    uint32_t n = expect_confirmation(&f, 5);
    for (int i = 0; i < 20; i++) {
        m = request(&room, n, "subsystem", true);
        put_text(m, "x");
        feed(&f, m);
        expect_reply(&f, SSH_MSG_CHANNEL_FAILURE, 5);
    }
    assert_int_equal(f.o.subsystems, CHANNEL_TRIES_MAX);
    finish(&f);
}

static void refuses_other_requests_politely(void **state)
{
    (void)state;
    static const char *const types[] = {
        "env",
        "pty-req",
        "x11-req",
        "auth-agent-req@openssh.com",
        "window-change",
        "signal",
        "break",
        "xon-xoff",
        "eow@openssh.com",
        "keepalive@openssh.com",
        "",
        "exit-status",
    };
    struct fixture f;
    struct buf room, *m;
    ready(&f);
    open_channel(&f, "session", 5, 1000, 1000);
    uint32_t n = expect_confirmation(&f, 5);
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        m = request(&room, n, types[i], true);
        put_text(m, "some");
        put_text(m, "thing");
        feed(&f, m);
        expect_reply(&f, SSH_MSG_CHANNEL_FAILURE, 5);
        feed(&f, request(&room, n, types[i], false));
        expect_nothing(&f);
    }
    assert_int_equal(f.o.subsystems + f.o.execs, 0);
    finish(&f);
}

static void names_with_nul_or_without_end_start_nothing(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    static const char long_one[257] = {'a'};
    ready(&f);
    open_channel(&f, "session", 5, 1000, 1000);
    uint32_t n = expect_confirmation(&f, 5);
    m = request(&room, n, "subsystem", true);
    put_string(m, "sftp\0x", 6);
    feed(&f, m);
    expect_reply(&f, SSH_MSG_CHANNEL_FAILURE, 5);
    m = request(&room, n, "subsystem", true);
    put_string(m, long_one, sizeof long_one);
    feed(&f, m);
    expect_reply(&f, SSH_MSG_CHANNEL_FAILURE, 5);
    m = request(&room, n, "subsystem", true);
    put_text(m, "sftp");
    put_u8(m, 0);
    feed(&f, m);
    expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR);
    assert_int_equal(f.o.subsystems, 0);
    finish(&f);
}

static void unknown_channels_end_it(void **state)
{
    (void)state;
    static const uint8_t numbers[] = {
        SSH_MSG_CHANNEL_WINDOW_ADJUST, SSH_MSG_CHANNEL_DATA,  SSH_MSG_CHANNEL_EXTENDED_DATA,
        SSH_MSG_CHANNEL_EOF,           SSH_MSG_CHANNEL_CLOSE, SSH_MSG_CHANNEL_REQUEST,
    };
    static const uint32_t channels[] = {1, 4, 100, UINT32_MAX};
    for (size_t i = 0; i < COUNT_OF(numbers) * COUNT_OF(channels); i++) {
        struct fixture f;
        struct buf room, *m;
        uint8_t number = numbers[i / COUNT_OF(channels)];
        ready(&f);
        open_channel(&f, "session", 5, 1000, 1000);
        expect_confirmation(&f, 5);
        m = payload(&room, number);
        put_u32(m, channels[i % COUNT_OF(channels)]);
        if (number == SSH_MSG_CHANNEL_WINDOW_ADJUST || number == SSH_MSG_CHANNEL_DATA)
            put_u32(m, 0);
        if (number == SSH_MSG_CHANNEL_EXTENDED_DATA)
            put_u64(m, 1);
        if (number == SSH_MSG_CHANNEL_REQUEST) {
            put_text(m, "shell");
            put_bool(m, true);
        }
        feed(&f, m);
        expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR);
        finish(&f);
    }
}

/* ---- Global requests ---- */

static void refuses_global_requests_that_want_a_reply(void **state)
{
    (void)state;
    static const char *const names[] = {"tcpip-forward", "cancel-tcpip-forward",
                                        "keepalive@openssh.com", "whatever@example.com", ""};
    struct fixture f;
    struct buf room, *m;
    ready(&f);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        for (int reply = 0; reply < 2; reply++) {
            m = payload(&room, SSH_MSG_GLOBAL_REQUEST);
            put_text(m, names[i]);
            put_bool(m, reply);
            put_text(m, "localhost");
            feed(&f, m);
            if (reply) {
                struct slice sent = bare_sent(&f.b);
                assert_int_equal(sent.size, 1);
                assert_int_equal(sent.data[0], SSH_MSG_REQUEST_FAILURE);
            }
            expect_nothing(&f);
        }
    }
    finish(&f);
}

static void keepalives_are_counted(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room;
    ready(&f);
    feed(&f, payload(&room, SSH_MSG_REQUEST_FAILURE)); /* to nothing: ignored */
    feed(&f, payload(&room, SSH_MSG_REQUEST_SUCCESS));
    connection_send_keepalive(f.b.ssh);
    connection_send_keepalive(f.b.ssh);
    struct slice sent = bare_sent(&f.b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_GLOBAL_REQUEST);
    assert_true(slice_is(get_string(&c), "keepalive@openssh.com"));
    assert_true(get_bool(&c));
    assert_true(cursor_done(&c));
    assert_int_equal(f.b.ssh->connection->keepalives_awaited, 2);
    feed(&f, payload(&room, SSH_MSG_REQUEST_FAILURE));
    feed(&f, payload(&room, SSH_MSG_REQUEST_SUCCESS));
    feed(&f, payload(&room, SSH_MSG_REQUEST_SUCCESS));
    assert_int_equal(f.b.ssh->connection->keepalives_awaited, 0);
    assert_false(ssh_over(f.b.ssh));
    finish(&f);
}

/* ---- Host keys ---- */

static void host_keys_are_announced(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f);
    connection_login_done(f.b.ssh);
    struct slice sent = bare_sent(&f.b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_GLOBAL_REQUEST);
    assert_true(slice_is(get_string(&c), "hostkeys-00@openssh.com"));
    assert_false(get_bool(&c));
    assert_true(slice_equal(get_string(&c), key_blob(f.b.host_key)));
    assert_true(cursor_done(&c));
    finish(&f);
}

static struct buf *prove(struct buf *room)
{
    struct buf *m = payload(room, SSH_MSG_GLOBAL_REQUEST);
    put_text(m, "hostkeys-prove-00@openssh.com");
    put_bool(m, true);
    return m;
}

static bool verifies(struct fixture *f, struct slice blob, const char *algorithm,
                     struct slice proof)
{
    struct public_key *key;
    struct buf data;
    buf_init(&data, 1u << 20);
    put_text(&data, "hostkeys-prove-00@openssh.com");
    put_slice(&data, ssh_session_id(f->b.ssh));
    put_slice(&data, blob);
    assert_int_equal(public_key_parse(&key, f->b.crypto, blob), SALLY_E_OK);
    bool right = public_key_verify(key, algorithm, proof, buf_slice(&data));
    public_key_free(key);
    buf_clear(&data);
    return right;
}

static void host_keys_are_proven(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    sally_key *rsa, *both[2];
    begin(&f);
    assert_int_equal(sally_key_generate(&rsa, "rsa", 2048), SALLY_E_OK);
    both[0] = f.b.host_key;
    both[1] = rsa;
    f.b.options.host_keys = both;
    f.b.options.host_key_count = 2;
    bare_start(&f.b, READY);
    m = prove(&room);
    put_slice(m, key_blob(rsa));
    put_slice(m, key_blob(f.b.host_key));
    feed(&f, m);
    struct slice sent = bare_sent(&f.b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_REQUEST_SUCCESS);
    assert_true(verifies(&f, key_blob(rsa), "rsa-sha2-512", get_string(&c)));
    assert_true(verifies(&f, key_blob(f.b.host_key), "ssh-ed25519", get_string(&c)));
    assert_true(cursor_done(&c));
    assert_false(ssh_is_held(f.b.ssh));
    sally_key_unref(rsa);
    finish(&f);
}

static void expect_refusal(struct fixture *f)
{
    struct slice sent = bare_sent(&f->b);
    assert_int_equal(sent.size, 1);
    assert_int_equal(sent.data[0], SSH_MSG_REQUEST_FAILURE);
    expect_nothing(f);
}

static void only_own_keys_are_proven_and_once(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    sally_key *other;
    ready(&f);
    assert_int_equal(sally_key_generate(&other, "ed25519", 0), SALLY_E_OK);
    m = prove(&room);
    put_slice(m, key_blob(f.b.host_key));
    put_slice(m, key_blob(other));
    feed(&f, m);
    expect_refusal(&f);
    m = prove(&room);
    put_slice(m, key_blob(f.b.host_key));
    put_slice(m, key_blob(f.b.host_key)); /* the draft: no key may be repeated */
    feed(&f, m);
    expect_refusal(&f);
    feed(&f, prove(&room)); /* none at all */
    expect_refusal(&f);
    m = prove(&room);
    put_u32(m, 1000);
    feed(&f, m);
    expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR);
    sally_key_unref(other);
    finish(&f);
}

static void proofs_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f);
    for (int i = 0; i < PROOFS_MAX + 3; i++) {
        struct buf room, *m = prove(&room);
        put_slice(m, key_blob(f.b.host_key));
        feed(&f, m);
        assert_int_equal(bare_sent(&f.b).data[0],
                         i < PROOFS_MAX ? SSH_MSG_REQUEST_SUCCESS : SSH_MSG_REQUEST_FAILURE);
    }
    finish(&f);
}

static void proofs_may_come_after_the_end(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    ready(&f);
    f.o.keep_jobs = true;
    m = prove(&room);
    put_slice(m, key_blob(f.b.host_key));
    feed(&f, m);
    assert_true(ssh_is_held(f.b.ssh));
    finish(&f);
    struct ssh_job *job = ssh_job_of_link(list_take_first(&f.o.jobs));
    ssh_job_run(job);
    ssh_job_done(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_sessions_up_to_the_bound),
        cmocka_unit_test(late_messages_mean_nothing),
        cmocka_unit_test(unasked_replies_mean_nothing),
        cmocka_unit_test(opens_nothing_else),
        cmocka_unit_test(accepts_any_window_and_packet_size),
        cmocka_unit_test(no_more_sessions_is_honoured),
        cmocka_unit_test(windows_are_charged_and_given_back),
        cmocka_unit_test(starts_one_thing_per_channel),
        cmocka_unit_test(a_shell_is_an_empty_command),
        cmocka_unit_test(tries_to_start_are_bounded),
        cmocka_unit_test(refuses_other_requests_politely),
        cmocka_unit_test(names_with_nul_or_without_end_start_nothing),
        cmocka_unit_test(unknown_channels_end_it),
        cmocka_unit_test(refuses_global_requests_that_want_a_reply),
        cmocka_unit_test(keepalives_are_counted),
        cmocka_unit_test(host_keys_are_announced),
        cmocka_unit_test(host_keys_are_proven),
        cmocka_unit_test(only_own_keys_are_proven_and_once),
        cmocka_unit_test(proofs_are_bounded),
        cmocka_unit_test(proofs_may_come_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
