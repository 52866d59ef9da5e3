/* stat and readdir. */
#include "load.h"

/* ---- stat ---- */

static bool wants_more(const struct session *s)
{
    return s->load->options.seconds > 0 ? !job_is_over(s, 0) : s->next < s->load->options.count;
}

static void ask(struct session *s, struct sftp_slot *slot)
{
    s->next++;
    s->pending++;
    slot->sent_ns = clock_ns();
    sftp_stat(&s->sftp, slot, s->path);
}

static void begin_stat(struct session *s)
{
    struct sftp_slot *slot;
    while (wants_more(s) && (slot = session_free_slot(s)) != NULL)
        ask(s, slot);
}

static void on_attrs(struct session *s, struct sftp_slot *slot, const struct sftp_reply *reply)
{
    job_note(s, slot, 1);
    s->pending--;
    if (reply->type != SSH_FXP_ATTRS)
        session_fail(s, "a stat failed");
    else if (wants_more(s))
        ask(s, slot);
    else if (s->pending == 0)
        session_done(s);
}

const struct workload workload_stat = {.name = "stat", .begin = begin_stat, .reply = on_attrs};

/* ---- readdir: an operation is an entry ---- */

enum { STEP_OPEN, STEP_NAMES, STEP_CLOSE };

static void open_dir(struct session *s)
{
    struct sftp_slot *slot = session_free_slot(s);
    slot->step = STEP_OPEN;
    s->saw_end = false;
    s->next = 0;
    sftp_opendir(&s->sftp, slot, s->path);
}

static void read_more(struct session *s, struct sftp_slot *slot)
{
    slot->step = STEP_NAMES;
    slot->sent_ns = clock_ns();
    s->pending++;
    sftp_readdir(&s->sftp, slot, &s->handle);
}

static void on_dir(struct session *s, const struct sftp_reply *reply)
{
    struct sftp_slot *slot;
    if (!sftp_reply_handle(reply, &s->handle)) {
        session_fail(s, "the folder cannot be opened");
        return;
    }
    while ((slot = session_free_slot(s)) != NULL)
        read_more(s, slot);
}

static void on_names(struct session *s, struct sftp_slot *slot, const struct sftp_reply *reply)
{
    uint32_t count;
    s->pending--;
    if (sftp_reply_names(&s->sftp, reply, &count) && count) {
        job_note(s, slot, count);
        s->next += count;
        if (!s->saw_end)
            read_more(s, slot);
    } else if (reply->type == SSH_FXP_STATUS && reply->status == 1) {
        s->saw_end = true;
    } else {
        session_fail(s, "a readdir failed");
        return;
    }
    if (s->pending == 0) {
        slot->step = STEP_CLOSE;
        sftp_close(&s->sftp, slot, &s->handle);
    }
}

/* The names "." and ".." may be among them. */
static bool is_complete(const struct session *s)
{
    uint64_t wanted = s->load->options.entries;
    return wanted == 0 || s->next == wanted || s->next == wanted + 2;
}

static void on_dir_reply(struct session *s, struct sftp_slot *slot, const struct sftp_reply *reply)
{
    if (slot->step == STEP_OPEN)
        on_dir(s, reply);
    else if (slot->step == STEP_NAMES)
        on_names(s, slot, reply);
    else if (!is_complete(s))
        session_fail(s, "the folder has another number of entries");
    else if (job_is_over(s, ++s->passes))
        session_done(s);
    else
        open_dir(s);
}

const struct workload workload_readdir = {
    .name = "readdir", .begin = open_dir, .reply = on_dir_reply};
