/* A channel's output: queued chunks are split into packets as large as the peer accepts, and sealed
 * from where they are. */
#include "ssh/channel_send.h"

#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/wire.h"
#include "sallyport/log.h"
#include "ssh/channel_request.h"
#include "ssh/connection.h"
#include "ssh/send.h"
#include "ssh/transport.h"

#define PACKET_DATA_MAX (64u << 10) /* larger ones gain nothing, and other channels wait longer */
#define HEAD_SIZE       9           /* number, channel, length */
#define ERROR_HEAD_SIZE 13          /* number, channel, type, length */
/* Chunks up to this size, and ends of chunks, are copied behind the head: small replies share a
 * packet, and the rest of one reply starts the packet of the next. */
#define GATHER_MAX 4096

void channel_wake(struct ssh_channel *ch)
{
    if (list_empty(&ch->busy))
        list_append(&ch->ssh->connection->busy, &ch->busy);
    ch->ssh->transport->run_wanted = true;
}

static struct chunk *chunk_of(struct list *item)
{
    return CONTAINER_OF(item, struct chunk, link);
}

static void release_all(struct list *chunks)
{
    struct list *item;
    while ((item = list_pop_first(chunks)) != NULL) {
        struct chunk *c = chunk_of(item);
        c->release(c);
    }
}

void channel_drop_chunks(struct ssh_channel *ch)
{
    ch->queued = 0;
    release_all(&ch->chunks);
}

static void seal_while_warm(struct ssh_channel *ch);

/* The queue was empty until now. */
static void begin_waiting(struct ssh_channel *ch)
{
    struct ssh *ssh = ch->ssh;
    progress_begin(&ch->progress, ssh->now_ns);
    if (!ssh->connection->stall_check_ns && ssh->options.stall_ns)
        ssh->connection->stall_check_ns = progress_deadline(&ch->progress, ssh->options.stall_ns);
}

static void enqueue(struct ssh_channel *ch, struct chunk *c, bool is_error)
{
    if (c->size == 0 || ch->output != OUTPUT_OPEN || ch->ssh->state == OVER) {
        c->release(c);
        return;
    }
    c->is_error = is_error;
    if (!ch->queued)
        begin_waiting(ch);
    list_append(&ch->chunks, &c->link);
    ch->queued += c->size;
    channel_wake(ch);
    if (c->size > GATHER_MAX)
        seal_while_warm(ch);
}

void ssh_channel_send(struct ssh_channel *ch, struct chunk *c)
{
    enqueue(ch, c, false);
}

void ssh_channel_send_error(struct ssh_channel *ch, struct chunk *c)
{
    enqueue(ch, c, true);
}

size_t ssh_channel_queued(const struct ssh_channel *channel)
{
    return channel->queued;
}

/* False: it no longer changes anything. */
static bool advance(struct ssh_channel *ch, enum channel_act act)
{
    enum channel_output after = channel_output_after(ch->output, act);
    if (after == ch->output)
        return false;
    ch->output = after;
    channel_wake(ch);
    return true;
}

void ssh_channel_send_eof(struct ssh_channel *ch)
{
    advance(ch, CHANNEL_SEND_EOF);
}

void ssh_channel_finish(struct ssh_channel *ch, uint32_t exit_status)
{
    if (advance(ch, CHANNEL_FINISH) && ch->ssh->options.role == SSH_SERVER) {
        ch->exit.has_status = true;
        ch->exit.status = exit_status;
    }
}

void ssh_channel_finish_without_status(struct ssh_channel *ch)
{
    advance(ch, CHANNEL_FINISH);
}

void ssh_channel_finish_by_signal(struct ssh_channel *ch, const char *signal, bool core_dumped,
                                  const char *text)
{
    size_t name_size = strlen(signal) + 1, text_size = strlen(text) + 1;
    if (!advance(ch, CHANNEL_FINISH))
        return;
    ch->exit.signal = mem_alloc(name_size + text_size);
    if (!ch->exit.signal)
        return;
    memcpy(ch->exit.signal, signal, name_size);
    memcpy(ch->exit.signal + name_size, text, text_size);
    ch->exit.core_dumped = core_dumped;
}

/* The next packet: small pieces gathered behind the head, then the body where it lies. */
struct packet {
    uint8_t head[ERROR_HEAD_SIZE + GATHER_MAX];
    size_t head_size; /* without what is gathered */
    size_t gathered;
    struct slice body;
    struct list used; /* chunks that are in it to their last byte */
};

/* RFC 4254 section 5.2. */
static void put_head(struct packet *p, uint32_t peer_number, bool is_error)
{
    p->head[0] = is_error ? SSH_MSG_CHANNEL_EXTENDED_DATA : SSH_MSG_CHANNEL_DATA;
    wire_put_u32(p->head + 1, peer_number);
    if (is_error)
        wire_put_u32(p->head + 5, SSH_EXTENDED_DATA_STDERR);
    wire_put_u32(p->head + p->head_size - 4, (uint32_t)(p->gathered + p->body.size));
}

static void use(struct ssh_channel *ch, struct packet *p, struct chunk *c, size_t size)
{
    c->data += size;
    c->size -= size;
    ch->queued -= size;
    progress_note(&ch->progress, size, ch->ssh->now_ns);
    if (c->size == 0) {
        list_remove(&c->link);
        list_append(&p->used, &c->link);
    }
}

static void fill(struct ssh_channel *ch, struct packet *p, size_t limit)
{
    struct list *item;
    bool is_error = chunk_of(list_first(&ch->chunks))->is_error;
    p->head_size = is_error ? ERROR_HEAD_SIZE : HEAD_SIZE;
    p->gathered = 0;
    p->body = (struct slice){NULL, 0};
    list_init(&p->used);
    while (p->gathered < limit && (item = list_first(&ch->chunks)) != NULL) {
        struct chunk *c = chunk_of(item);
        size_t size = min_size(c->size, limit - p->gathered);
        if (c->is_error != is_error)
            break;
        if (size > GATHER_MAX - p->gathered) {
            p->body = (struct slice){c->data, size};
            use(ch, p, c, size);
            break;
        }
        memcpy(p->head + p->head_size + p->gathered, c->data, size);
        p->gathered += size;
        use(ch, p, c, size);
    }
    put_head(p, ch->peer_number, is_error);
}

static enum channel_step send_data(struct ssh_channel *ch)
{
    struct ssh *ssh = ch->ssh;
    size_t limit =
        min_size(min_size(ch->queued, PACKET_DATA_MAX), min_size(ch->peer_window, ch->peer_packet));
    if (limit == 0)
        return STEP_NOTHING; /* an adjust of the peer's wakes it */
    if (!ssh_may_seal_data(ssh, ERROR_HEAD_SIZE + limit))
        return STEP_BLOCKED;
    struct packet p;
    fill(ch, &p, limit);
    ch->peer_window -= (uint32_t)(p.gathered + p.body.size);
    struct slice head = {p.head, p.head_size + p.gathered};
    bool sealed = ssh_seal_data(ssh, head, p.body);
    transport_note_activity(ssh);
    release_all(&p.used);
    return sealed ? STEP_SENT : STEP_OVER;
}

/* Large pieces are sealed when they come, while they are in the processor's cache, and their memory
 * serves for the next ones. Where there are several channels, each waits for its turn. */
static void seal_while_warm(struct ssh_channel *ch)
{
    bool is_alone = ch->ssh->connection->count == 1;
    while (is_alone && channel_is_open(ch) && ch->queued && send_data(ch) == STEP_SENT)
        ;
}

static void send_adjust(struct ssh_channel *ch)
{
    struct ssh *ssh = ch->ssh;
    struct window_budget budget = connection_budget(ssh);
    uint32_t before = ch->window.size;
    uint32_t more =
        window_adjust(&ch->window, &budget, ssh->options.settings.window_max, ssh->now_ns);
    if (ch->window.size != before)
        log_line(ssh->options.log, ssh->options.log_ids, SALLY_LOG_DEBUG, "ssh.window", NULL, 0,
                 "channel %u: window of %u bytes", (unsigned)ch->number, (unsigned)ch->window.size);
    if (more) {
        put_u32(channel_message(ch, SSH_MSG_CHANNEL_WINDOW_ADJUST), more);
        ssh_message_send(ssh);
    }
}

/* RFC 4254 section 6.10. */
static void send_exit(struct ssh_channel *ch)
{
    const struct channel_exit *e = &ch->exit;
    if (!e->has_status && !e->signal)
        return;
    struct buf *m = channel_message(ch, SSH_MSG_CHANNEL_REQUEST);
    put_text(m, e->signal ? "exit-signal" : "exit-status");
    put_bool(m, false);
    if (e->signal) {
        put_text(m, e->signal);
        put_bool(m, e->core_dumped);
        put_text(m, e->signal + strlen(e->signal) + 1);
        put_text(m, ""); /* language tag */
    } else {
        put_u32(m, e->status);
    }
    ssh_message_send(ch->ssh);
}

static void send_end(struct ssh_channel *ch)
{
    enum channel_output due = ch->output;
    ch->output = channel_output_after(due, CHANNEL_SENT);
    if (channel_output_owes_close(due))
        send_exit(ch);
    if (channel_output_owes_eof(due)) {
        channel_message(ch, SSH_MSG_CHANNEL_EOF);
        ssh_message_send(ch->ssh);
    }
    if (channel_output_owes_close(due)) {
        channel_message(ch, SSH_MSG_CHANNEL_CLOSE);
        ssh_message_send(ch->ssh);
    }
}

static bool end_is_due(const struct ssh_channel *ch)
{
    return !ch->queued &&
           (channel_output_owes_eof(ch->output) || channel_output_owes_close(ch->output));
}

enum channel_step channel_step(struct ssh_channel *ch)
{
    if (!channel_is_open(ch))
        return STEP_NOTHING;
    if (!channel_is_closing(ch) && ch->input != INPUT_EOF && window_is_due(&ch->window))
        send_adjust(ch);
    if (ch->ssh->state != READY)
        return STEP_OVER;
    if (ch->queued)
        return send_data(ch);
    if (end_is_due(ch))
        send_end(ch);
    return STEP_NOTHING;
}
