#include "pair_services.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "ssh/kex.h"
#include "ssh/messages.h"
#include "ssh/transport.h"

static void fatal(bool ok)
{
    assert_true(ok);
}

static void note_over(void *user_data, enum ssh_end end, const char *detail)
{
    struct duo_side *side = user_data;
    fatal(!side->over);
    side->over = true;
    side->end = end;
    strncpy(side->detail, detail, sizeof side->detail - 1);
}

static void note_login(void *user_data)
{
    struct duo_side *side = user_data;
    side->logged_in++;
}

static void take_job(void *user_data, struct ssh_job *job)
{
    struct duo_side *side = user_data;
    if (side->duo->keep_jobs && side == &side->duo->server) {
        list_append(&side->duo->jobs, ssh_job_link(job));
        return;
    }
    ssh_job_run(job);
    ssh_job_done(job);
}

static void accept_all(void *user_data, struct login_query *query)
{
    (void)user_data;
    query->answers->accept(query);
}

static bool trust(void *user_data, struct slice blob)
{
    (void)user_data;
    return blob.size != 0;
}

static enum ssh_answer start_any(void *user_data, struct ssh_channel *channel, struct slice name)
{
    (void)user_data, (void)channel, (void)name;
    return true;
}

void duo_prepare(struct duo *d)
{
    memset(d, 0, sizeof *d);
    list_init(&d->jobs);
    fatal(crypto_new(&d->crypto) == SALLY_E_OK);
    fatal(sally_key_generate(&d->host_keys[0], "ed25519", 0) == SALLY_E_OK);
    d->server.duo = d->client.duo = d;
    d->seed = 1;
    d->now_ns = 1;
    d->server_options.role = SSH_SERVER;
    d->server_options.host_keys = d->host_keys;
    d->server_options.host_key_count = 1;
    d->server_options.settings.fixed.software = "Test_server";
    d->client_options.role = SSH_CLIENT;
    d->client_options.settings.fixed.software = "Test_client";
    d->server_options.crypto = d->client_options.crypto = d->crypto;
    d->server_options.random = d->client_options.random = crypto_random(d->crypto);
    d->server_events.over = d->client_events.over = note_over;
    d->server_events.authenticated = d->client_events.authenticated = note_login;
    d->server_events.job = d->client_events.job = take_job;
    d->server_events.login = accept_all;
    d->server_events.subsystem = start_any;
    d->client_events.host_key = trust;
}

void duo_start(struct duo *d)
{
    fatal(ssh_new(&d->server.ssh, &d->server_options, &d->server_events, &d->server, d->now_ns) ==
          SALLY_E_OK);
    fatal(ssh_new(&d->client.ssh, &d->client_options, &d->client_events, &d->client, d->now_ns) ==
          SALLY_E_OK);
}

static size_t piece(struct duo *d, size_t size)
{
    if (!d->cut || size < 2)
        return size;
    d->seed = d->seed * 1664525 + 1013904223;
    uint32_t r = d->seed >> 8;
    size_t most = r % 4 == 0 ? 7 : r % 4 == 1 ? 300 : 60000;
    size_t n = 1 + (r / 4) % most;
    return n < size ? n : size;
}

static bool move(struct duo *d, struct ssh *from, struct ssh *to)
{
    bool moved = false;
    struct slice out = ssh_output(from);
    uint8_t *room;
    size_t space = ssh_input_room(to, &room);
    if (out.size && space) {
        size_t n = piece(d, out.size < space ? out.size : space);
        memcpy(room, out.data, n);
        ssh_input_filled(to, n);
        ssh_output_sent(from, n);
        moved = true;
    }
    if (out.size && ssh_is_over(to)) { /* no one reads any longer */
        ssh_output_sent(from, out.size);
        moved = true;
    }
    if (moved || (ssh_deadline(from) <= d->now_ns && !ssh_is_over(from)))
        ssh_run(from, d->now_ns);
    if (moved || (ssh_deadline(to) <= d->now_ns && !ssh_is_over(to)))
        ssh_run(to, d->now_ns);
    return moved;
}

bool duo_step(struct duo *d)
{
    d->now_ns += 1000;
    bool there = move(d, d->client.ssh, d->server.ssh);
    bool back = move(d, d->server.ssh, d->client.ssh);
    return there || back;
}

void duo_run(struct duo *d)
{
    while (duo_step(d)) {
    }
}

void duo_log_in(struct duo *d)
{
    duo_start(d);
    ssh_client_login_password(d->client.ssh, "joe", "secret");
    duo_run(d);
    fatal(d->client.logged_in == 1 && d->server.logged_in == 1);
}

bool duo_do_job(struct duo *d)
{
    struct list *link = list_pop_first(&d->jobs);
    if (!link)
        return false;
    struct ssh_job *job = ssh_job_of_link(link);
    ssh_job_run(job);
    ssh_job_done(job);
    return true;
}

struct ssh_channel *duo_open(struct duo *d, const char *subsystem)
{
    struct ssh_channel *ch = ssh_client_open(d->client.ssh);
    fatal(ch != NULL);
    duo_run(d);
    ssh_client_subsystem(ch, subsystem);
    duo_run(d);
    return ch;
}

void duo_stop(struct duo *d)
{
    ssh_free(d->client.ssh);
    ssh_free(d->server.ssh);
    while (duo_do_job(d)) {
    }
    sally_key_unref(d->host_keys[0]);
    sally_key_unref(d->host_keys[1]);
    crypto_unref(d->crypto);
}

/* ---- One alone ---- */

void bare_prepare(struct bare *b, enum ssh_role role)
{
    memset(b, 0, sizeof *b);
    fatal(crypto_new(&b->crypto) == SALLY_E_OK);
    fatal(sally_key_generate(&b->host_key, "ed25519", 0) == SALLY_E_OK);
    buf_init(&b->script, 1u << 24);
    b->options.role = role;
    b->options.crypto = b->crypto;
    b->options.random = crypto_random(b->crypto);
    b->options.settings.fixed.software = "Test";
    if (role == SSH_SERVER) {
        b->options.host_keys = &b->host_key;
        b->options.host_key_count = 1;
    }
}

void bare_start(struct bare *b, enum ssh_state state)
{
    fatal(ssh_new(&b->ssh, &b->options, &b->events, b->user_data, 1) == SALLY_E_OK);
    struct transport *t = b->ssh->transport;
    kex_free(t);
    t->authenticated = state == READY;
    memset(t->session_id, 7, 32);
    t->session_id_size = 32;
    ssh_output_sent(b->ssh, ssh_output(b->ssh).size);
    b->ssh->state = state;
}

static void feed_in_place(struct bare *b, struct slice message)
{
    b->ssh->now_ns += 1000;
    transport_enter(b->ssh);
    if (b->ssh->state != OVER)
        messages_dispatch(b->ssh, message, 0);
    transport_leave(b->ssh);
    ssh_run(b->ssh, b->ssh->now_ns);
}

void bare_feed(struct bare *b, struct slice message)
{
    if (b->recording) {
        put_slice(&b->script, message);
        return;
    }
    uint8_t *copy = mem_dup(message.data, message.size);
    fatal(copy != NULL);
    feed_in_place(b, (struct slice){copy, message.size});
    mem_free(copy);
}

void bare_play(struct bare *b)
{
    struct cursor c = cursor_of_slice(buf_slice(&b->script));
    while (cursor_left(&c)) {
        struct slice message = get_string(&c);
        feed_in_place(b, message);
    }
}

struct slice bare_sent(struct bare *b)
{
    struct slice out = ssh_output(b->ssh), none = {NULL, 0};
    if (out.size == 0)
        return none;
    struct cursor c = cursor_of_slice(out);
    uint32_t length = get_u32(&c);
    uint8_t padding = get_u8(&c);
    struct slice message = get_bytes(&c, (size_t)length - padding - 1);
    fatal(!c.bad);
    ssh_output_sent(b->ssh, 4 + (size_t)length); /* the bytes stay where they are */
    return message;
}

struct slice bare_sent_number(struct bare *b, uint8_t number)
{
    struct slice message;
    do {
        message = bare_sent(b);
    } while (message.size && message.data[0] != number);
    return message;
}

void bare_stop(struct bare *b)
{
    ssh_free(b->ssh);
    buf_clear(&b->script);
    sally_key_unref(b->host_key);
    crypto_unref(b->crypto);
}

struct buf *payload(struct buf *room, uint8_t number)
{
    buf_init(room, 1u << 24);
    put_u8(room, number);
    return room;
}

struct heap_chunk {
    struct chunk chunk;
    uint8_t bytes[];
};

static void free_chunk(struct chunk *c)
{
    mem_free(CONTAINER_OF(c, struct heap_chunk, chunk));
}

struct chunk *heap_chunk(const void *data, size_t size)
{
    struct heap_chunk *h = mem_alloc(sizeof *h + size);
    fatal(h != NULL);
    if (size)
        memcpy(h->bytes, data, size);
    list_init(&h->chunk.link);
    h->chunk.data = h->bytes;
    h->chunk.size = size;
    h->chunk.release = free_chunk;
    return &h->chunk;
}
