/* The session of a channel that the program serves: on the connection's loop. */
#include "server/ssh/program.h"

#include "base/mem.h"
#include "base/number.h"
#include "server/server.h"

static void on_wake(struct task *task);

sally_channel *program_new(struct conn *c)
{
    sally_channel *p = mem_zalloc(sizeof *p);
    if (!p)
        return NULL;
    if (pthread_mutex_init(&p->lock, NULL) != 0) {
        mem_free(p);
        return NULL;
    }
    atomic_init(&p->refs, 1);
    p->conn = c;
    p->login_data = c->login.data;
    p->loop = &c->loop->loop;
    list_init(&p->queue);
    p->task = (struct task){.loop = p->loop, .home = on_wake};
    list_init(&p->task.link);
    return p;
}

bool program_is_accepted(sally_channel *p)
{
    pthread_mutex_lock(&p->lock);
    bool is_accepted = p->state == PROGRAM_ACCEPTED;
    pthread_mutex_unlock(&p->lock);
    return is_accepted;
}

/* ---- Waking ---- */

static void make_ready(const sally_channel *p)
{
    conn_session_make_ready(&p->home->session);
    conn_make_ready(p->conn);
}

void program_wake(sally_channel *p)
{
    if (!p->home || p->is_posted)
        return;
    if (loop_is_here(p->loop)) {
        make_ready(p);
        return;
    }
    p->is_posted = true;
    loop_give_task(&p->task);
}

/* ---- The end ---- */

static void drop(sally_channel *p)
{
    struct list pieces, *item;
    list_init(&pieces);
    pthread_mutex_lock(&p->lock);
    list_move_all(&pieces, &p->queue);
    pthread_mutex_unlock(&p->lock);
    while ((item = list_pop_first(&pieces)) != NULL) {
        struct chunk *chunk = CONTAINER_OF(item, struct chunk, link);
        chunk->release(chunk);
    }
}

/* From now on it is not woken. Returns whether the task is still on its way. */
static bool close_program(sally_channel *p)
{
    pthread_mutex_lock(&p->lock);
    bool was_accepted = p->state == PROGRAM_ACCEPTED || p->state == PROGRAM_OPEN;
    bool is_posted = p->is_posted;
    p->state = PROGRAM_CLOSED;
    p->home = NULL;
    pthread_mutex_unlock(&p->lock);
    drop(p);
    if (was_accepted && p->options.closed)
        p->options.closed(p->options.user_data, p);
    return is_posted;
}

void program_turn_away(sally_channel *p)
{
    pthread_mutex_lock(&p->lock);
    bool is_done = p->state == PROGRAM_OPEN || p->state == PROGRAM_CLOSED;
    pthread_mutex_unlock(&p->lock);
    if (!is_done)
        (void)close_program(p);
}

static void finish_end(sally_channel *p)
{
    session_close(p->ending->session, p->end_reason, p->on_closed, p->ending);
    sally_channel_unref(p);
}

/* The session, and with it the connection's loop, waits for the task. */
static void end(struct conn_session *s, uint32_t reason, void (*on_closed)(void *user_data))
{
    sally_channel *p = channel_of_session(s)->engine;
    p->end_reason = reason;
    p->ending = s;
    bool is_posted = close_program(p);
    p->on_closed = on_closed;
    if (!is_posted)
        finish_end(p);
}

static void on_wake(struct task *task)
{
    sally_channel *p = CONTAINER_OF(task, struct sally_channel, task);
    pthread_mutex_lock(&p->lock);
    p->is_posted = false;
    if (p->home)
        make_ready(p);
    pthread_mutex_unlock(&p->lock);
    if (p->on_closed)
        finish_end(p);
}

/* ---- Turns ---- */

static struct output_piece *pop_piece(sally_channel *p)
{
    pthread_mutex_lock(&p->lock);
    struct list *item = list_pop_first(&p->queue);
    pthread_mutex_unlock(&p->lock);
    return item ? CONTAINER_OF(item, struct output_piece, chunk.link) : NULL;
}

static void send_pieces(sally_channel *p, struct channel *ch)
{
    struct turn *turn = conn_turn_of(p->conn);
    struct output_piece *piece;
    while (!turn_is_over(turn) && (piece = pop_piece(p)) != NULL) {
        turn_spend(turn, TURN_PACKET);
        if (piece->is_error)
            channel_send_error(ch, &piece->chunk);
        else
            channel_send(ch, &piece->chunk);
    }
}

static void credit(sally_channel *p, struct channel *ch)
{
    pthread_mutex_lock(&p->lock);
    size_t size = p->consumed;
    p->consumed = 0;
    pthread_mutex_unlock(&p->lock);
    if (size)
        channel_credit(ch, size);
}

static void offer_room(sally_channel *p)
{
    pthread_mutex_lock(&p->lock);
    bool has_room = p->wants_room && !p->exit && p->queued <= p->options.queue_size / 2;
    if (has_room)
        p->wants_room = false;
    pthread_mutex_unlock(&p->lock);
    if (has_room && p->options.writable)
        p->options.writable(p->options.user_data, p);
}

static void say_end(sally_channel *p, struct ssh_channel *channel)
{
    switch (p->exit) {
    case EXIT_STATUS:
        ssh_channel_finish(channel, p->exit_status);
        break;
    case EXIT_SIGNAL:
        ssh_channel_finish_by_signal(channel, p->signal, p->core_dumped, p->signal_text);
        break;
    default:
        ssh_channel_finish_without_status(channel);
        break;
    }
}

/* Once everything was passed on; the session ends when the client has read it. */
static void send_end(sally_channel *p, struct channel *ch)
{
    pthread_mutex_lock(&p->lock);
    bool is_handed_over = list_empty(&p->queue), is_sent = p->queued == 0;
    bool exits = p->exit != EXIT_NOT, owes_eof = p->owes_eof;
    pthread_mutex_unlock(&p->lock);
    if (!is_handed_over)
        return;
    if (exits && !p->is_finishing) {
        p->is_finishing = true;
        say_end(p, ch->ssh_channel);
        ch->line->engine_pending = true;
    } else if (owes_eof && !exits && !p->has_sent_eof) {
        p->has_sent_eof = true;
        ssh_channel_send_eof(ch->ssh_channel);
        ch->line->engine_pending = true;
    }
    if (p->is_finishing && is_sent)
        conn_session_finish(&ch->session);
}

static void flush(struct conn_session *s)
{
    struct channel *ch = channel_of_session(s);
    sally_channel *p = ch->engine;
    send_pieces(p, ch);
    credit(p, ch);
    offer_room(p);
    send_end(p, ch);
}

/* ---- Input ---- */

static bool has_exited(sally_channel *p)
{
    pthread_mutex_lock(&p->lock);
    bool has_exited = p->exit != EXIT_NOT;
    pthread_mutex_unlock(&p->lock);
    return has_exited;
}

static void input(struct channel *ch, const uint8_t *data, size_t size)
{
    sally_channel *p = ch->engine;
    if (has_exited(p) || !p->options.received) {
        channel_credit(ch, size);
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->unconsumed += size;
    pthread_mutex_unlock(&p->lock);
    size_t done = p->options.received(p->options.user_data, p, data, size);
    sally_channel_consumed(p, min_size(done, size));
}

/* If the client has disconnected, there is nothing to send. */
static void input_end(struct conn_session *s)
{
    sally_channel *p = channel_of_session(s)->engine;
    if (s->stage != CONN_SESSION_ATTACHED) {
        s->is_finished = true;
        return;
    }
    if (p->has_input_end || has_exited(p))
        return;
    p->has_input_end = true;
    if (p->options.eof)
        p->options.eof(p->options.user_data, p);
}

/* ---- The beginning ---- */

static sally_error make(struct channel *ch, struct slice command)
{
    (void)command;
    struct conn_session *s = &ch->session;
    sally_channel *p = ch->engine;
    const char *refusal = local_account_charge(&s->conn->memory, p->options.queue_size);
    if (refusal) {
        conn_note_refused_channel(s->conn, refusal);
        return SALLY_E_LIMIT;
    }
    s->charged += p->options.queue_size;
    s->is_busy = true;
    session_set_protocol(s->session, "channel");
    pthread_mutex_lock(&p->lock);
    p->state = PROGRAM_OPEN;
    p->home = ch;
    pthread_mutex_unlock(&p->lock);
    sally_channel_ref(p);
    return SALLY_E_OK;
}

const struct channel_kind channel_program = {
    .make = make,
    .input = input,
    .session = {flush, input_end, NULL, channel_detach_session, end, channel_free_session},
};
