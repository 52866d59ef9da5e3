/* sally_sftp: the engine for programs with a transport of their own. There is no thread; answers
 * from other threads wait in an inbox (inbox.h). */
#include "sallyport/sftp.h"

#include "base/names.h"
#include "base/number.h"
#include "base/sized.h"
#include "core/path.h"
#include "embed/inbox.h"
#include "os/heap.h"
#include "sftp/protocol.h"
#include "sftp/sftp.h"

/* Defaults, and what follows from the options. */
#define MAX_PACKET         (257u * 1024)
#define MAX_READ           (255u * 1024)
#define LEAST_PACKET       34000u
#define UMASK_VERSION      5u
#define PACKET_OVERHEAD    2048u /* more than the overhead of a WRITE */
#define MAX_NAMES          (64u * 1024)
#define MAX_HANDLES        1024u
#define MAX_OPERATIONS     64u
#define MAX_BYTES          ((size_t)8 * 1024 * 1024)
#define DEFAULT_SESSION_ID 1u
/* Bytes of requests taken before their answers; like a channel's window. */
#define WINDOW ((size_t)2 * 1024 * 1024)

struct sally_sftp {
    struct session_host host;
    sally_session *session;
    struct sftp *engine; /* NULL once it is closed */
    struct hook_stack hooks;
    struct log_sink log;
    sally_peer peer;
    char *texts[8]; /* the caller's, copied */
    int64_t (*wall_seconds)(void *user_data);
    void *user_data;
    struct list output; /* chunks */
    size_t window;      /* bytes that may be accepted */
    bool broken, finished, want_flush;
    struct inbox inbox;
};

static struct sally_sftp *sftp_of(struct session_host *host)
{
    return CONTAINER_OF(host, struct sally_sftp, host);
}

/* This folder has no clock, and needs none. */
static uint64_t no_time(struct session_host *host)
{
    (void)host;
    return 0;
}

static void destroy(struct inbox *inbox)
{
    sally_sftp *x = CONTAINER_OF(inbox, struct sally_sftp, inbox);
    inbox_clear(inbox);
    hook_stack_clear(&x->hooks);
    for (size_t i = 0; i < COUNT_OF(x->texts); i++)
        mem_free(x->texts[i]);
    mem_free(x);
}

static void wake(struct session_host *host, struct op *op)
{
    inbox_add(&sftp_of(host)->inbox, op);
}

static void resume_later(struct session_host *host, struct op *op)
{
    inbox_add_long(&sftp_of(host)->inbox, op);
}

static void on_send(void *user_data, struct chunk *c)
{
    sally_sftp *x = user_data;
    list_append(&x->output, &c->link);
}

static void on_credit(void *user_data, size_t size)
{
    sally_sftp *x = user_data;
    x->window += size;
}

static void on_broken(void *user_data, const char *detail)
{
    sally_sftp *x = user_data;
    (void)detail; /* was logged */
    x->broken = true;
}

static void on_finished(void *user_data)
{
    sally_sftp *x = user_data;
    x->finished = true;
}

static void on_want_flush(void *user_data)
{
    sally_sftp *x = user_data;
    x->want_flush = true;
}

static const struct sftp_events events = {
    .send = on_send,
    .credit = on_credit,
    .broken = on_broken,
    .finished = on_finished,
    .want_flush = on_want_flush,
};

static int64_t now_seconds(void *user_data)
{
    const sally_sftp *x = user_data;
    return x->wall_seconds(x->user_data);
}

static uint64_t log_ns(void *user_data)
{
    int64_t now = now_seconds(user_data);
    return now > 0 ? (uint64_t)now * UINT64_C(1000000000) : 0;
}

/* The caller's texts need not outlive sally_sftp_new(). */
static sally_error copy_texts(sally_sftp *x, sally_sftp_options *o)
{
    sally_peer *peer = &x->peer;
    if (o->peer)
        *peer = *o->peer;
    if (!peer->protocol)
        peer->protocol = "sftp";
    const char **texts[COUNT_OF(x->texts)] = {
        &peer->address,         &peer->local_address, &peer->listener,    &peer->protocol,
        &peer->client_software, &peer->proxy_address, &o->allow_requests, &o->deny_requests,
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        bool of_peer = i < 6;
        if (!*texts[i] && !of_peer)
            continue; /* NULL has a meaning there */
        x->texts[i] = mem_strdup(*texts[i] ? *texts[i] : "");
        if (!x->texts[i])
            return SALLY_E_NO_MEMORY;
        *texts[i] = x->texts[i];
    }
    return SALLY_E_OK;
}

/* A misspelt name would silently deny nothing. Names with an @ may belong to the storage. */
static bool list_is_known(const char *text)
{
    char name[128];
    struct slice list = slice_of(text ? text : ""), each;
    while (names_next(&list, &each)) {
        if (each.size >= sizeof name)
            return false;
        memcpy(name, each.data, each.size);
        name[each.size] = '\0';
        if (each.size && !strchr(name, '@') && !sftp_request_is_known(name))
            return false;
    }
    return true;
}

static sally_error apply_options(sally_sftp *x, sally_sftp_options *o)
{
    if (!list_is_known(o->allow_requests) || !list_is_known(o->deny_requests))
        return SALLY_E_PARSE;
    x->inbox.on_wake = o->on_wake;
    x->inbox.user_data = o->user_data;
    x->wall_seconds = o->wall_seconds;
    x->user_data = o->user_data;
    x->log = (struct log_sink){.write = o->log,
                               .user_data = o->log_user_data,
                               .wall_ns = o->wall_seconds ? log_ns : NULL,
                               .clock = x,
                               .level = or_default(o->log_level, SALLY_LOG_INFO)};
    const sally_hooks *hooks = o->hooks;
    for (size_t i = 0; i < o->hook_count; i++) {
        sally_error error = hook_stack_add(&x->hooks, hooks);
        if (error)
            return error;
        /* The caller's may be shorter or longer than ours. */
        hooks = (const void *)((const char *)hooks + hooks->struct_size);
    }
    return copy_texts(x, o);
}

static sally_error make_session(sally_sftp *x, sally_fs *fs, const sally_sftp_options *o)
{
    struct buf home;
    buf_init(&home, 2 * (size_t)PATH_MAX_BYTES + 2);
    sally_status status = path_normalise(&home, "/", slice_of(o->home ? o->home : "/"));
    sally_error error = status == SALLY_FAILURE ? SALLY_E_NO_MEMORY : SALLY_E_INVALID;
    if (status == SALLY_OK) {
        const struct session_options options = {
            .user = o->user ? o->user : "",
            .home = (const char *)buf_head(&home),
            .peer = &x->peer,
            .fs = fs,
            .permissions = or_default(o->permissions, SALLY_MAY_ALL),
            .id = o->session_id ? o->session_id : DEFAULT_SESSION_ID,
            .max_operations = or_default(o->max_operations, MAX_OPERATIONS),
            .max_files = or_default(o->max_handles, MAX_HANDLES),
            .max_bytes = MAX_BYTES,
            .hooks = &x->hooks,
            .log = &x->log,
        };
        error = session_new(&x->session, &x->host, &options);
    }
    buf_clear(&home);
    return error;
}

static sally_error make_engine(sally_sftp *x, const sally_sftp_options *o)
{
    uint32_t max_packet = or_default(o->max_packet, MAX_PACKET);
    uint32_t umask_version = or_default(o->umask_version, UMASK_VERSION);
    if (max_packet < LEAST_PACKET || umask_version < 2 || umask_version > SFTP_LAST_VERSION)
        return SALLY_E_RANGE;
    const struct sftp_options options = {
        .settings =
            {
                .max_version = or_default(o->max_version, SFTP_LAST_VERSION),
                .max_packet = max_packet,
                .max_read = or_default(o->max_read, MAX_READ),
                .max_write = max_packet - PACKET_OVERHEAD,
                .max_names = MAX_NAMES,
                .list_dots = !o->hide_dots,
                .umask_version = umask_version,
                .allow_requests = o->allow_requests,
                .deny_requests = o->deny_requests,
                .filename_charset = "UTF-8",
            },
        .wall_seconds = x->wall_seconds ? now_seconds : NULL,
        .clock = x,
        .free_large = os_free_pages,
    };
    x->window = max_packet + (size_t)4 > WINDOW ? max_packet + (size_t)4 : WINDOW;
    return sftp_new(&x->engine, x->session, &options, &events, x);
}

static void forget(void *user_data)
{
    (void)user_data;
}

sally_error sally_sftp_new(sally_sftp **out, sally_fs *fs, const sally_sftp_options *options)
{
    sally_sftp_options o = {.struct_size = sizeof o};
    if (!out)
        return SALLY_E_INVALID;
    *out = NULL;
    if (!fs ||
        (options && !sized_copy(&o, sizeof o, options, options->struct_size,
                                offsetof(sally_sftp_options, user))) ||
        o.reserved)
        return SALLY_E_INVALID;
    sally_sftp *x = mem_zalloc(sizeof *x);
    if (!x)
        return SALLY_E_NO_MEMORY;
    if (!inbox_init(&x->inbox, destroy)) {
        mem_free(x);
        return SALLY_E_NO_MEMORY;
    }
    list_init(&x->output);
    x->host = (struct session_host){.resume_later = o.on_wake ? resume_later : NULL,
                                    .wake = wake,
                                    .now_ns = no_time,
                                    .yields = o.on_wake != NULL};
    sally_error error = apply_options(x, &o);
    if (!error)
        error = make_session(x, fs, &o);
    if (!error) {
        error = make_engine(x, &o);
        if (error)
            session_close(x->session, SALLY_CLOSED_BY_SERVER, forget, NULL);
    }
    if (error) {
        destroy(&x->inbox);
        return error;
    }
    *out = x;
    return SALLY_E_OK;
}

sally_error sally_sftp_input(sally_sftp *x, const void *data, size_t size, size_t *taken)
{
    size_t count = size < x->window ? size : x->window;
    inbox_deliver(&x->inbox);
    if (x->broken || x->finished)
        count = 0;
    x->window -= count;
    if (count)
        sftp_input(x->engine, data, count);
    x->want_flush = false;
    sftp_flush(x->engine);
    if (taken)
        *taken = count;
    return x->broken ? SALLY_E_PROTOCOL : SALLY_E_OK;
}

void sally_sftp_eof(sally_sftp *x)
{
    sftp_eof(x->engine);
}

size_t sally_sftp_output(sally_sftp *x, const void **data)
{
    struct list *first = list_first(&x->output);
    if (!first) {
        *data = NULL;
        return 0;
    }
    struct chunk *c = CONTAINER_OF(first, struct chunk, link);
    *data = c->data;
    return c->size;
}

void sally_sftp_sent(sally_sftp *x, size_t size)
{
    struct list *first;
    while ((first = list_first(&x->output))) {
        struct chunk *c = CONTAINER_OF(first, struct chunk, link);
        if (size < c->size) {
            c->data += size;
            c->size -= size;
            break;
        }
        size -= c->size;
        list_remove(&c->link);
        c->release(c);
    }
    if (x->want_flush) {
        x->want_flush = false;
        sftp_flush(x->engine);
    }
}

bool sally_sftp_done(const sally_sftp *x)
{
    return (x->broken || x->finished) && list_empty(&x->output);
}

const char *sally_sftp_request_name(size_t index)
{
    return sftp_request_name_at(index);
}

sally_session *sally_sftp_session(sally_sftp *x)
{
    return x->session;
}

static void on_closed(void *user_data)
{
    sally_sftp *x = user_data;
    inbox_session_ended(&x->inbox);
}

void sally_sftp_free(sally_sftp *x)
{
    if (!x)
        return;
    inbox_close(&x->inbox);
    inbox_deliver(&x->inbox);
    /* Files that the client has closed already have their reason. The others are lost, even if the
     * input ended properly. */
    session_set_end_reason(x->session, x->finished ? SALLY_END_BY_CLIENT : SALLY_END_LOST);
    sftp_close(x->engine, SALLY_CLOSED_LOST, on_closed, x);
    x->engine = NULL;
    struct list *item;
    while ((item = list_pop_first(&x->output))) {
        struct chunk *c = CONTAINER_OF(item, struct chunk, link);
        c->release(c);
    }
    inbox_run_to_the_end(&x->inbox);
}
