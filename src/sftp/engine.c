#include "sftp/engine.h"

static void free_engine(struct sftp *s)
{
    handles_clear(&s->handles);
    blocks_free(s->blocks);
    mem_free(s);
}

void engine_enter(struct sftp *s)
{
    s->depth++;
}

void engine_leave(struct sftp *s)
{
    if (--s->depth == 0 && s->free_pending)
        free_engine(s);
}

void engine_end(struct sftp *s)
{
    s->free_pending = true;
    if (s->depth == 0)
        free_engine(s);
}

bool engine_has_memory(const struct sftp *s, size_t size)
{
    bool is_idle = s->active == 0 && !s->incoming.op && list_empty(&s->blocks->in_use);
    return session_has_room(s->session, size, is_idle);
}

void engine_count_upload(struct sftp *s, uint32_t open_flags, int more)
{
    if (!(open_flags & SALLY_OPEN_WRITE))
        return;
    uint32_t before = s->uploads;
    s->uploads += (uint32_t)more;
    if ((before == 0 || s->uploads == 0) && s->events.uploading && !s->closing)
        s->events.uploading(s->user_data, before == 0);
}

void engine_out_of_memory(struct sftp *s)
{
    session_set_end_reason(s->session, SALLY_END_LIMIT);
    engine_break(s, "out of memory");
}

void engine_break(struct sftp *s, const char *detail)
{
    if (s->state == BROKEN)
        return;
    s->state = BROKEN;
    s->broken = detail;
    session_set_end_reason(s->session, SALLY_END_PROTOCOL);
    log_line(session_log(s->session), session_log_ids(s->session), SALLY_LOG_INFO, "sftp.broken",
             NULL, 0, "SFTP ends: %s", detail);
}
