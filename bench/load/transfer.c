/* get and put: a file from its first byte to its last, again and again. put-get: after each put the
 * file is read again, as far as it was written. */
#include <string.h>

#include "load.h"

enum { STEP_OPEN, STEP_BYTES, STEP_CLOSE };

static bool is_put(const struct session *s)
{
    return s->job->workload == &workload_put ||
           (s->job->workload == &workload_put_get && !s->reads_back);
}

static void send_piece(struct session *s, struct sftp_slot *slot)
{
    slot->sent_ns = clock_ns();
    if (is_put(s))
        sftp_write(&s->sftp, slot, &s->handle, slot->offset,
                   pattern_at(&s->load->pattern, s->seed, slot->offset, slot->length));
    else
        sftp_read(&s->sftp, slot, &s->handle, slot->offset, slot->length);
}

static uint64_t file_size(const struct session *s)
{
    return s->reads_back ? s->written : s->job->size;
}

/* Out of time in the middle of a file: what was asked for is still awaited. */
static bool wants_more(const struct session *s)
{
    bool in_time = s->load->options.seconds <= 0 || s->reads_back || !job_is_over(s, 0);
    return s->next < file_size(s) && in_time;
}

static void next_piece(struct session *s, struct sftp_slot *slot)
{
    const struct options *o = &s->load->options;
    uint64_t left = file_size(s) - s->next;
    slot->step = STEP_BYTES;
    slot->offset = s->next;
    slot->length = left < o->request ? (size_t)left : o->request;
    s->next += slot->length;
    s->pending++;
    send_piece(s, slot);
}

static void open_file(struct session *s)
{
    struct sftp_slot *slot = session_free_slot(s);
    slot->step = STEP_OPEN;
    s->next = 0;
    sftp_open(&s->sftp, slot, s->path,
              is_put(s) ? SSH_FXF_WRITE | SSH_FXF_CREAT | SSH_FXF_TRUNC : SSH_FXF_READ);
}

static void close_if_done(struct session *s, struct sftp_slot *slot)
{
    if (s->pending)
        return;
    slot->step = STEP_CLOSE;
    sftp_close(&s->sftp, slot, &s->handle);
}

static void on_open(struct session *s, struct sftp_slot *slot, const struct sftp_reply *reply)
{
    if (!sftp_reply_handle(reply, &s->handle)) {
        session_fail(s, "the file cannot be opened");
        return;
    }
    while (slot && wants_more(s)) {
        next_piece(s, slot);
        slot = session_free_slot(s);
    }
    if (slot)
        close_if_done(s, slot);
}

static void on_piece(struct session *s, struct sftp_slot *slot, const struct sftp_reply *reply)
{
    job_note(s, slot, 1);
    s->pending--;
    if (is_put(s)) {
        if (reply->type != SSH_FXP_STATUS || reply->status != 0) {
            session_fail(s, "a write failed");
            return;
        }
        s->job->bytes += slot->length;
    } else if (reply->type != SSH_FXP_DATA || reply->size == 0) {
        session_fail(s, "a read failed, or the file is too short");
        return;
    } else {
        s->job->bytes += reply->size;
        slot->offset += reply->size;
        slot->length -= reply->size;
        if (slot->length) { /* a server may give less than was asked for */
            s->pending++;
            send_piece(s, slot);
            return;
        }
    }
    if (wants_more(s))
        next_piece(s, slot);
    else
        close_if_done(s, slot);
}

static void on_close(struct session *s, const struct sftp_reply *reply)
{
    if (reply->type != SSH_FXP_STATUS || reply->status != 0) {
        session_fail(s, "the file cannot be closed");
        return;
    }
    if (s->job->workload == &workload_put_get) {
        s->written = s->next;
        s->reads_back = !s->reads_back;
    }
    if (!s->reads_back && job_is_over(s, ++s->passes))
        session_done(s);
    else
        open_file(s);
}

static void on_reply(struct session *s, struct sftp_slot *slot, const struct sftp_reply *reply)
{
    if (slot->step == STEP_OPEN)
        on_open(s, slot, reply);
    else if (slot->step == STEP_BYTES)
        on_piece(s, slot, reply);
    else
        on_close(s, reply);
}

static void on_data(struct session *s, struct sftp_slot *slot, size_t at, struct slice piece)
{
    const struct load *load = s->load;
    if (load->options.verify && !pattern_matches(&load->pattern, s->seed, slot->offset + at, piece))
        session_fail(s, "wrong data");
}

const struct workload workload_get = {
    .name = "get", .begin = open_file, .data = on_data, .reply = on_reply};
const struct workload workload_put_get = {
    .name = "put-get", .begin = open_file, .data = on_data, .reply = on_reply};
const struct workload workload_put = {.name = "put", .begin = open_file, .reply = on_reply};
