#include "connection_fixture.h"

static enum ssh_answer note_start(struct conn_owner *o, struct slice what)
{
    assert_true(what.size < sizeof o->what);
    memset(o->what, 0, sizeof o->what);
    memcpy(o->what, what.data, what.size);
    return o->later ? SSH_LATER : o->refuse ? SSH_NO : SSH_YES;
}

static enum ssh_answer on_subsystem(void *user_data, struct ssh_channel *channel, struct slice name)
{
    struct conn_owner *o = user_data;
    assert_non_null(channel);
    o->subsystems++;
    return note_start(o, name);
}

static enum ssh_answer on_exec(void *user_data, struct ssh_channel *channel, struct slice command)
{
    struct conn_owner *o = user_data;
    assert_non_null(channel);
    o->execs++;
    o->asked = channel;
    return note_start(o, command);
}

static void on_closed(void *user_data, struct ssh_channel *channel)
{
    (void)channel;
    ((struct conn_owner *)user_data)->closed++;
}

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    (void)detail;
    struct conn_owner *o = user_data;
    o->over++;
    o->end = end;
}

static const char *on_charge(void *user_data, size_t bytes, uint32_t part)
{
    struct conn_owner *o = user_data;
    (void)part;
    if (bytes > o->charge_limit - o->charged)
        return "limits.memory";
    o->charged += bytes;
    return NULL;
}

static void on_release(void *user_data, size_t bytes)
{
    struct conn_owner *o = user_data;
    assert_true(bytes <= o->charged);
    o->charged -= bytes;
}

static void on_job(void *user_data, struct ssh_job *job)
{
    struct conn_owner *o = user_data;
    if (o->keep_jobs) {
        list_append(&o->jobs, ssh_job_link(job));
        return;
    }
    ssh_job_run(job);
    ssh_job_done(job);
}

void conn_begin(struct conn_fixture *f)
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

void conn_ready(struct conn_fixture *f)
{
    conn_begin(f);
    bare_start(&f->b, READY);
}

void conn_finish(struct conn_fixture *f)
{
    bare_stop(&f->b);
    assert_int_equal(f->o.charged, 0);
}

void conn_feed(struct conn_fixture *f, struct buf *m)
{
    bare_feed(&f->b, buf_slice(m));
    buf_clear(m);
}

void conn_open(struct conn_fixture *f, const char *type, uint32_t number, uint32_t window,
               uint32_t packet)
{
    struct buf room, *m = payload(&room, SSH_MSG_CHANNEL_OPEN);
    put_text(m, type);
    put_u32(m, number);
    put_u32(m, window);
    put_u32(m, packet);
    conn_feed(f, m);
}

uint32_t conn_expect_confirmation(struct conn_fixture *f, uint32_t peer_number)
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

void conn_expect_open_failure(struct conn_fixture *f, uint32_t peer_number, uint32_t reason)
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

void conn_expect_end(struct conn_fixture *f, uint32_t reason)
{
    struct slice sent = bare_sent_number(&f->b, SSH_MSG_DISCONNECT);
    struct cursor c = cursor_of_slice(sent);
    get_u8(&c);
    assert_int_equal(get_u32(&c), reason);
    assert_int_equal(f->o.over, 1);
    assert_int_equal(f->o.end, SSH_END_PROTOCOL);
}

struct buf *conn_request(struct buf *room, uint32_t number, const char *type, bool reply)
{
    struct buf *m = payload(room, SSH_MSG_CHANNEL_REQUEST);
    put_u32(m, number);
    put_text(m, type);
    put_bool(m, reply);
    return m;
}

void conn_expect_reply(struct conn_fixture *f, uint8_t number, uint32_t peer_number)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), number);
    assert_int_equal(get_u32(&c), peer_number);
    assert_true(cursor_done(&c));
}

void conn_expect_nothing(struct conn_fixture *f)
{
    assert_int_equal(bare_sent(&f->b).size, 0);
    assert_false(ssh_is_over(f->b.ssh));
}

void conn_close(struct conn_fixture *f, uint32_t number)
{
    struct buf room;
    put_u32(payload(&room, SSH_MSG_CHANNEL_CLOSE), number);
    conn_feed(f, &room);
}
