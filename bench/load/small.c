/* Many small files: each is opened, written and closed, opened, read and closed, or one half of it;
 * a file in every slot. */
#include <stdio.h>
#include <string.h>

#include "load.h"

enum { STEP_CREATE, STEP_WRITE, STEP_WRITTEN, STEP_OPEN, STEP_READ, STEP_CLOSE };

#define PATH_SIZE 4096

static uint32_t seed_of(const struct session *s, const struct sftp_slot *slot)
{
    return s->seed + (uint32_t)slot->offset;
}

static void open_file(struct session *s, struct sftp_slot *slot, unsigned step)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/f%u-%llu", s->path, (unsigned)s->number,
             (unsigned long long)slot->offset);
    slot->step = step;
    sftp_open(&s->sftp, slot, path,
              step == STEP_CREATE ? SSH_FXF_WRITE | SSH_FXF_CREAT | SSH_FXF_TRUNC : SSH_FXF_READ);
}

static bool wants_more(const struct session *s)
{
    return s->load->options.seconds > 0 ? !job_is_over(s, 0) : s->next < s->load->options.count;
}

/* With a limit of time, the same files come again. */
static void next_file(struct session *s, struct sftp_slot *slot)
{
    slot->sent_ns = clock_ns();
    slot->offset = s->next++ % s->load->options.count;
    slot->length = (size_t)s->job->size;
    s->pending++;
    open_file(s, slot, s->job->workload == &workload_small_get ? STEP_OPEN : STEP_CREATE);
}

static void begin(struct session *s)
{
    struct sftp_slot *slot;
    while (wants_more(s) && (slot = session_free_slot(s)) != NULL)
        next_file(s, slot);
}

static void file_done(struct session *s, struct sftp_slot *slot)
{
    job_note(s, slot, 1);
    s->pending--;
    if (wants_more(s))
        next_file(s, slot);
    else if (s->pending == 0)
        session_done(s);
}

static void transfer(struct session *s, struct sftp_slot *slot)
{
    if (slot->step++ == STEP_CREATE)
        sftp_write(&s->sftp, slot, &slot->handle, 0,
                   pattern_at(&s->load->pattern, seed_of(s, slot), 0, slot->length));
    else
        sftp_read(&s->sftp, slot, &slot->handle, 0, slot->length);
}

static void on_reply(struct session *s, struct sftp_slot *slot, const struct sftp_reply *reply)
{
    bool good = reply->type == SSH_FXP_STATUS && reply->status == 0;
    if (slot->step == STEP_CREATE || slot->step == STEP_OPEN)
        good = sftp_reply_handle(reply, &slot->handle);
    else if (slot->step == STEP_READ)
        good = reply->type == SSH_FXP_DATA && reply->size == slot->length;
    if (!good) {
        session_fail(s, "a small file failed");
        return;
    }
    switch (slot->step) {
    case STEP_CREATE:
    case STEP_OPEN:
        transfer(s, slot);
        break;
    case STEP_WRITE:
    case STEP_READ:
        s->job->bytes += slot->length;
        slot->step++;
        sftp_close(&s->sftp, slot, &slot->handle);
        break;
    case STEP_WRITTEN:
        if (s->job->workload == &workload_small)
            open_file(s, slot, STEP_OPEN);
        else
            file_done(s, slot);
        break;
    default:
        file_done(s, slot);
        break;
    }
}

static void on_data(struct session *s, struct sftp_slot *slot, size_t at, struct slice piece)
{
    const struct load *load = s->load;
    if (load->options.verify && !pattern_matches(&load->pattern, seed_of(s, slot), at, piece))
        session_fail(s, "wrong data");
}

const struct workload workload_small = {
    .name = "small", .begin = begin, .data = on_data, .reply = on_reply};
const struct workload workload_small_put = {.name = "small-put", .begin = begin, .reply = on_reply};
const struct workload workload_small_get = {
    .name = "small-get", .begin = begin, .data = on_data, .reply = on_reply};
