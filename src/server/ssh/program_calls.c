/* What the program calls, from any thread (sallyport/channel.h). */
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/sized.h"
#include "server/ssh/program.h"

#define QUEUE_USUAL     (64u << 10)
#define QUEUE_LEAST     (4u << 10)
#define SIGNAL_NAME_MAX 64u
#define SIGNAL_TEXT_MAX 255u

sally_error sally_channel_accept(sally_channel *p, const sally_channel_options *options)
{
    sally_channel_options copy;
    if (!options || !sized_copy(&copy, sizeof copy, options, options->struct_size,
                                SIZED_TO(sally_channel_options, closed)))
        return SALLY_E_INVALID;
    copy.queue_size = copy.queue_size ? copy.queue_size : QUEUE_USUAL;
    if (copy.queue_size < QUEUE_LEAST)
        copy.queue_size = QUEUE_LEAST;
    sally_error error = SALLY_E_OK;
    pthread_mutex_lock(&p->lock);
    if (p->state == PROGRAM_REQUESTED) {
        p->options = copy;
        p->state = PROGRAM_ACCEPTED;
    } else {
        error = p->state == PROGRAM_CLOSED ? SALLY_E_CLOSED : SALLY_E_STATE;
    }
    pthread_mutex_unlock(&p->lock);
    return error;
}

sally_channel *sally_channel_ref(sally_channel *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void sally_channel_unref(sally_channel *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (p->options.free_data)
        p->options.free_data(p->options.user_data);
    pthread_mutex_destroy(&p->lock);
    mem_free(p->signal);
    mem_free(p->signal_text);
    mem_free(p);
}

sally_connection *sally_channel_connection(const sally_channel *p)
{
    return &p->conn->pub;
}

void *sally_channel_login_data(const sally_channel *p)
{
    return p->login_data;
}

/* ---- Output ---- */

/* Whether something can still be sent. */
static sally_error check_output(const sally_channel *p)
{
    if (p->state == PROGRAM_CLOSED)
        return SALLY_E_CLOSED;
    return p->state == PROGRAM_REQUESTED || p->exit ? SALLY_E_STATE : SALLY_E_OK;
}

static void release(struct chunk *chunk)
{
    struct output_piece *piece = CONTAINER_OF(chunk, struct output_piece, chunk);
    sally_channel *p = piece->program;
    pthread_mutex_lock(&p->lock);
    p->queued -= piece->cost;
    if (p->home && (p->wants_room || p->exit))
        conn_session_make_ready(&p->home->session); /* chunks are released at home */
    pthread_mutex_unlock(&p->lock);
    mem_free(piece);
}

static struct output_piece *new_piece(sally_channel *p, const void *data, size_t size,
                                      bool is_error)
{
    struct output_piece *piece = mem_alloc(sizeof *piece + size);
    if (!piece)
        return NULL;
    memcpy(piece->data, data, size);
    piece->chunk = (struct chunk){.data = piece->data, .size = size, .release = release};
    list_init(&piece->chunk.link);
    piece->program = p;
    piece->cost = sizeof *piece + size;
    piece->is_error = is_error;
    return piece;
}

static sally_error enqueue(sally_channel *p, const void *data, size_t size, size_t *taken,
                           bool is_error)
{
    size_t room = p->options.queue_size - p->queued;
    size_t fits = room > sizeof(struct output_piece) ? room - sizeof(struct output_piece) : 0;
    *taken = min_size(size, fits);
    p->wants_room = p->wants_room || *taken < size;
    if (*taken == 0)
        return SALLY_E_OK;
    struct output_piece *piece = new_piece(p, data, *taken, is_error);
    if (!piece) {
        *taken = 0;
        return SALLY_E_NO_MEMORY;
    }
    list_append(&p->queue, &piece->chunk.link);
    p->queued += piece->cost;
    program_wake(p);
    return SALLY_E_OK;
}

static sally_error write_to(sally_channel *p, const void *data, size_t size, size_t *taken,
                            bool is_error)
{
    *taken = 0;
    if (!data && size)
        return SALLY_E_INVALID;
    pthread_mutex_lock(&p->lock);
    sally_error error = check_output(p);
    if (!error && p->owes_eof)
        error = SALLY_E_STATE;
    if (!error)
        error = enqueue(p, data, size, taken, is_error);
    pthread_mutex_unlock(&p->lock);
    return error;
}

sally_error sally_channel_write(sally_channel *p, const void *data, size_t size, size_t *taken)
{
    return write_to(p, data, size, taken, false);
}

sally_error sally_channel_write_stderr(sally_channel *p, const void *data, size_t size,
                                       size_t *taken)
{
    return write_to(p, data, size, taken, true);
}

sally_error sally_channel_send_eof(sally_channel *p)
{
    pthread_mutex_lock(&p->lock);
    sally_error error = check_output(p);
    if (!error && p->owes_eof)
        error = SALLY_E_STATE;
    if (!error) {
        p->owes_eof = true;
        program_wake(p);
    }
    pthread_mutex_unlock(&p->lock);
    return error;
}

/* ---- Input ---- */

void sally_channel_consumed(sally_channel *p, size_t size)
{
    pthread_mutex_lock(&p->lock);
    size = min_size(size, p->unconsumed);
    p->unconsumed -= size;
    p->consumed += size;
    if (size)
        program_wake(p);
    pthread_mutex_unlock(&p->lock);
}

/* ---- The end ---- */

static sally_error end(sally_channel *p, enum program_exit how, uint32_t status)
{
    sally_error error = check_output(p);
    if (!error) {
        p->exit = how;
        p->exit_status = status;
        program_wake(p);
    }
    return error;
}

sally_error sally_channel_exit(sally_channel *p, uint32_t status)
{
    pthread_mutex_lock(&p->lock);
    sally_error error = end(p, EXIT_STATUS, status);
    pthread_mutex_unlock(&p->lock);
    return error;
}

sally_error sally_channel_close(sally_channel *p)
{
    pthread_mutex_lock(&p->lock);
    sally_error error = end(p, EXIT_UNREPORTED, 0);
    pthread_mutex_unlock(&p->lock);
    return error;
}

static bool is_signal_name(const char *name)
{
    size_t size = strnlen(name, SIGNAL_NAME_MAX + 1);
    for (size_t i = 0; i < size; i++)
        if (name[i] <= ' ' || name[i] > '~')
            return false;
    return size > 0 && size <= SIGNAL_NAME_MAX;
}

sally_error sally_channel_exit_signal(sally_channel *p, const char *name, bool core_dumped,
                                      const char *text)
{
    if (!name || !is_signal_name(name) ||
        (text && strnlen(text, SIGNAL_TEXT_MAX + 1) > SIGNAL_TEXT_MAX))
        return SALLY_E_INVALID;
    char *name_copy = mem_strdup(name), *text_copy = mem_strdup(text ? text : "");
    sally_error error = SALLY_E_NO_MEMORY;
    pthread_mutex_lock(&p->lock);
    if (name_copy && text_copy)
        error = end(p, EXIT_SIGNAL, 0);
    if (!error) {
        p->signal = name_copy;
        p->signal_text = text_copy;
        p->core_dumped = core_dumped;
        name_copy = text_copy = NULL;
    }
    pthread_mutex_unlock(&p->lock);
    mem_free(name_copy);
    mem_free(text_copy);
    return error;
}
