#include "engine_pair.h"

#include <stdio.h>

struct group {
    struct crypto *crypto;
    sally_key *keys[PAIR_KEYS_MAX];
};

static const char *const key_types[PAIR_KEYS_MAX] = {"ed25519", "ecdsa-nistp256", "ecdsa-nistp384",
                                                     "ecdsa-nistp521", "rsa"};

int pair_group_setup(void **state)
{
    static struct group group;
    assert_int_equal(crypto_new(&group.crypto), SALLY_E_OK);
    for (size_t i = 0; i < PAIR_KEYS_MAX; i++) {
        sally_key *key;
        assert_int_equal(
            sally_key_generate(&key, key_types[i], strcmp(key_types[i], "rsa") == 0 ? 2048 : 0),
            SALLY_E_OK);
        assert_int_equal(key_bind(&group.keys[i], key, group.crypto), SALLY_E_OK);
        sally_key_unref(key);
    }
    *state = &group;
    return 0;
}

int pair_group_teardown(void **state)
{
    struct group *group = *state;
    for (size_t i = 0; i < PAIR_KEYS_MAX; i++)
        sally_key_unref(group->keys[i]);
    crypto_unref(group->crypto);
    return 0;
}

/* xorshift64*: even enough, and the same in every run. */
static uint64_t next_random(uint64_t *x)
{
    *x ^= *x >> 12;
    *x ^= *x << 25;
    *x ^= *x >> 27;
    return *x * UINT64_C(2685821657736338717);
}

static bool fill_random(void *user_data, uint8_t *out, size_t size)
{
    struct side *s = user_data;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(next_random(&s->random) >> 56);
    return true;
}

/* ---- Events ---- */

static struct side *side_of(void *user_data)
{
    struct side *s = user_data;
    if (s->pair->in_event)
        s->pair->in_event(s);
    return s;
}

static void on_job(void *user_data, struct ssh_job *job)
{
    struct side *s = side_of(user_data);
    s->jobs_seen++;
    if (s->pair->jobs_at_once) {
        ssh_job_run(job);
        ssh_job_done(job);
    } else {
        list_append(&s->jobs, ssh_job_link(job));
    }
}

static void on_auth(void *user_data, struct login_query *query)
{
    struct side *s = side_of(user_data);
    s->auth_questions++;
    if (query->pub.method == SALLY_AUTH_PASSWORD && strcmp(query->pub.password, "right") == 0)
        query->answers->accept(query);
    else
        query->answers->reject(query, SALLY_AUTH_PASSWORD);
}

static void on_authenticated(void *user_data)
{
    struct side *s = side_of(user_data);
    s->authenticated++;
    s->service_events++;
}

static void on_keys_exchanged(void *user_data, bool first, const char *algorithms)
{
    struct side *s = side_of(user_data);
    s->keys_exchanged++;
    if (!first)
        s->rekeyed++;
    snprintf(s->algorithms, sizeof s->algorithms, "%s", algorithms);
}

static enum ssh_answer on_subsystem(void *user_data, struct ssh_channel *channel, struct slice name)
{
    struct side *s = side_of(user_data);
    s->service_events++;
    s->channel = channel;
    return slice_is(name, "sftp");
}

static enum ssh_answer on_exec(void *user_data, struct ssh_channel *channel, struct slice command)
{
    struct side *s = side_of(user_data);
    (void)channel, (void)command;
    s->service_events++;
    return false;
}

/* Nothing that a compressor could find a rule in. */
static uint8_t pattern_at(uint64_t place)
{
    uint64_t x = (place + 1) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    return (uint8_t)(x >> 56);
}

static void on_data(void *user_data, struct ssh_channel *channel, const uint8_t *data, size_t size)
{
    struct side *s = side_of(user_data);
    s->service_events++;
    for (size_t i = 0; i < size && !s->pair->any_data; i++)
        if (data[i] != pattern_at(s->received + i))
            fail_msg("wrong byte at %llu", (unsigned long long)(s->received + i));
    s->received += size;
    ssh_channel_credit(channel, size);
}

static void on_eof(void *user_data, struct ssh_channel *channel)
{
    struct side *s = side_of(user_data);
    (void)channel;
    s->eof = true;
}

static void on_closed(void *user_data, struct ssh_channel *channel)
{
    struct side *s = side_of(user_data);
    (void)channel;
    s->closed = true;
    s->channel = NULL;
}

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    struct side *s = side_of(user_data);
    s->overs++;
    s->end = end;
    snprintf(s->end_detail, sizeof s->end_detail, "%s", detail);
}

static bool on_host_key(void *user_data, struct slice blob)
{
    struct side *s = side_of(user_data);
    s->host_key_seen = blob.size != 0;
    return !s->pair->distrust;
}

static void on_channel_opened(void *user_data, struct ssh_channel *channel, bool ok)
{
    struct side *s = side_of(user_data);
    (void)channel;
    s->opened = ok;
}

static void on_request_done(void *user_data, struct ssh_channel *channel, bool ok)
{
    struct side *s = side_of(user_data);
    (void)channel;
    s->request_answered = true;
    s->request_ok = ok;
}

static void on_auth_failed(void *user_data, struct slice methods_left, bool partial)
{
    struct side *s = side_of(user_data);
    (void)methods_left, (void)partial;
    s->auth_failures++;
}

static const struct ssh_events events = {
    .job = on_job,
    .login = on_auth,
    .authenticated = on_authenticated,
    .keys_exchanged = on_keys_exchanged,
    .subsystem = on_subsystem,
    .exec = on_exec,
    .data = on_data,
    .eof = on_eof,
    .closed = on_closed,
    .over = on_over,
    .host_key = on_host_key,
    .channel_opened = on_channel_opened,
    .request_done = on_request_done,
    .auth_failed = on_auth_failed,
};

/* ---- Life ---- */

static void side_init(struct side *s, struct pair *p, struct side *other, uint64_t seed)
{
    s->pair = p;
    s->other = other;
    s->random = seed;
    list_init(&s->jobs);
}

void pair_init(struct pair *p, void **state)
{
    struct group *group = *state;
    memset(p, 0, sizeof *p);
    p->crypto = group->crypto;
    p->now_ns = 1000;
    side_init(&p->client, p, &p->server, 0x1234567);
    side_init(&p->server, p, &p->client, 0x89abcdef);
    p->client_options = (struct ssh_options){
        .role = SSH_CLIENT,
        .crypto = p->crypto,
        .random = {fill_random, &p->client},
        .settings.fixed.software = "client_1.0",
    };
    p->server_options = (struct ssh_options){
        .role = SSH_SERVER,
        .crypto = p->crypto,
        .random = {fill_random, &p->server},
        .settings.fixed.software = "server_1.0 with a comment",
        .host_keys = group->keys,
        .host_key_count = PAIR_KEYS_MAX,
    };
}

void pair_use_key(struct pair *p, void **state, const char *type)
{
    struct group *group = *state;
    for (size_t i = 0; i < PAIR_KEYS_MAX; i++)
        if (strcmp(key_types[i], type) == 0) {
            p->server_options.host_keys = &group->keys[i];
            p->server_options.host_key_count = 1;
            return;
        }
    fail_msg("no such key");
}

void pair_start(struct pair *p)
{
    assert_int_equal(ssh_new(&p->client.ssh, &p->client_options, &events, &p->client, p->now_ns),
                     SALLY_E_OK);
    assert_int_equal(pair_new_server(p), SALLY_E_OK);
}

sally_error pair_new_server(struct pair *p)
{
    return ssh_new(&p->server.ssh, &p->server_options, &events, &p->server, p->now_ns);
}

static void side_free(struct side *s)
{
    struct list *item;
    if (s->ssh)
        ssh_free(s->ssh);
    s->ssh = NULL;
    while ((item = list_pop_first(&s->jobs)) != NULL)
        ssh_job_done(ssh_job_of_link(item)); /* too late, and harmless */
}

void pair_free(struct pair *p)
{
    side_free(&p->client);
    side_free(&p->server);
}

/* ---- Moving ---- */

size_t pair_move(struct side *from, size_t max)
{
    struct side *to = from->other;
    struct slice out = ssh_output(from->ssh);
    uint8_t *room;
    if (out.size == 0)
        return 0;
    size_t size = ssh_input_room(to->ssh, &room);
    if (size > max)
        size = max;
    if (size > out.size)
        size = out.size;
    if (size == 0)
        return 0;
    memcpy(room, out.data, size);
    if (from->pair->tamper)
        from->pair->tamper(from->pair, from, room, size);
    ssh_output_sent(from->ssh, size);
    from->moved += size;
    ssh_input_filled(to->ssh, size);
    ssh_run(to->ssh, from->pair->now_ns);
    if (!ssh_is_over(from->ssh))
        ssh_run(from->ssh, from->pair->now_ns);
    return size;
}

bool pair_do_jobs(struct side *s)
{
    struct list *item;
    bool any = false;
    while ((item = list_pop_first(&s->jobs)) != NULL) {
        struct ssh_job *job = ssh_job_of_link(item);
        ssh_job_run(job);
        ssh_job_done(job);
        ssh_run(s->ssh, s->pair->now_ns);
        any = true;
    }
    return any;
}

static size_t cut_of(struct pair *p)
{
    if (!p->cut)
        return SIZE_MAX;
    return p->cut_random ? 1 + (size_t)(next_random(&p->cut_random) % p->cut) : p->cut;
}

static bool step(struct side *s)
{
    bool any = false;
    if (ssh_deadline(s->ssh) <= s->pair->now_ns)
        ssh_run(s->ssh, s->pair->now_ns);
    if (!s->pair->keep_jobs)
        any = pair_do_jobs(s);
    return pair_move(s, cut_of(s->pair)) != 0 || any;
}

void pair_run(struct pair *p)
{
    for (;;) {
        bool client = step(&p->client), server = step(&p->server);
        if (!client && !server)
            return;
    }
}

void pair_run_until(struct side *from, enum ssh_state state)
{
    struct side *to = from->other;
    while (to->ssh->state != state) {
        bool moved = pair_move(from, 1) != 0;
        if (!pair_do_jobs(to) && !moved)
            fail_msg("state %d was not reached: %d, %s", (int)state, (int)to->ssh->state,
                     to->end_detail);
    }
}

void pair_exchange_keys(struct pair *p)
{
    pair_run(p);
    assert_alive(&p->server);
    assert_alive(&p->client);
    assert_int_equal(p->client.keys_exchanged, 1);
    assert_int_equal(p->server.keys_exchanged, 1);
    assert_int_equal(p->server.ssh->state, AWAIT_SERVICE);
}

void pair_log_in(struct pair *p)
{
    ssh_client_login_password(p->client.ssh, "joe", "right");
    pair_run(p);
    assert_alive(&p->server);
    assert_alive(&p->client);
    assert_int_equal(p->server.authenticated, 1);
    assert_int_equal(p->client.authenticated, 1);
}

void pair_open_channel(struct pair *p)
{
    p->client.channel = ssh_client_open(p->client.ssh);
    assert_non_null(p->client.channel);
    pair_run(p);
    assert_true(p->client.opened);
    ssh_client_subsystem(p->client.channel, "sftp");
    pair_run(p);
    assert_true(p->client.request_ok);
    assert_non_null(p->server.channel);
}

/* ---- Traffic ---- */

struct pattern_chunk {
    struct chunk base;
    uint8_t data[];
};

static void release_pattern(struct chunk *c)
{
    mem_free(CONTAINER_OF(c, struct pattern_chunk, base));
}

void side_send(struct side *s, size_t size)
{
    struct pattern_chunk *c = mem_alloc(sizeof *c + size);
    assert_non_null(c);
    for (size_t i = 0; i < size; i++)
        c->data[i] = pattern_at(s->sent + i);
    s->sent += size;
    list_init(&c->base.link);
    c->base.data = c->data;
    c->base.size = size;
    c->base.release = release_pattern;
    ssh_channel_send(s->channel, &c->base);
}

void put_clear_packet(struct buf *out, struct slice payload)
{
    static const uint8_t padding[512];
    struct slice nothing = {NULL, 0};
    struct packet_cipher *none = packet_cipher_none();
    uint8_t *room = buf_reserve(out, payload.size + packet_overhead(none, payload.size));
    assert_non_null(room);
    buf_commit(out, packet_seal(none, 0, payload, nothing, padding, room));
}

void side_feed(struct side *s, struct slice data)
{
    while (data.size && !ssh_is_over(s->ssh)) {
        uint8_t *room;
        size_t size = ssh_input_room(s->ssh, &room);
        if (size > data.size)
            size = data.size;
        if (size == 0)
            return;
        memcpy(room, data.data, size);
        ssh_input_filled(s->ssh, size);
        ssh_run(s->ssh, s->pair->now_ns);
        data.data += size;
        data.size -= size;
    }
}

void side_feed_clear(struct side *s, struct slice payload)
{
    struct buf packet;
    buf_init(&packet, 200000);
    put_clear_packet(&packet, payload);
    side_feed(s, buf_slice(&packet));
    buf_clear(&packet);
}

void side_drop_output(struct side *s)
{
    ssh_output_sent(s->ssh, ssh_output(s->ssh).size);
}

void side_inject(struct side *s, struct slice payload)
{
    struct slice nothing = {NULL, 0};
    assert_int_equal(ssh_output(s->ssh).size, 0);
    assert_true(send_now(s->ssh, payload, nothing));
    side_feed(s->other, ssh_output(s->ssh));
    side_drop_output(s);
}

void side_patch_kexinit(struct side *s, void (*patch)(uint8_t *payload, size_t size))
{
    struct buf *init = &s->ssh->transport->kex->our_init;
    struct slice out = ssh_output(s->ssh);
    uint8_t *sent = memmem(out.data, out.size, buf_head(init), init->size);
    assert_non_null(sent);
    patch(buf_head(init), init->size);
    memcpy(sent, buf_head(init), init->size);
}

void patch_away_strict(uint8_t *payload, size_t size)
{
    uint8_t *at;
    while ((at = memmem(payload, size, "kex-strict", 10)) != NULL)
        memcpy(at, "kex-relaxe", 10);
}
