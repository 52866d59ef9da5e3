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
    if (--s->depth == 0 && s->gone)
        free_engine(s);
}

void engine_end(struct sftp *s)
{
    s->gone = true;
    if (s->depth == 0)
        free_engine(s);
}

void engine_break(struct sftp *s, const char *detail)
{
    if (s->state == BROKEN)
        return;
    s->state = BROKEN;
    s->broken = detail;
    log_line(session_log(s->session), session_log_ids(s->session), SALLY_LOG_INFO, "sftp.broken",
             NULL, 0, "SFTP ends: %s", detail);
}
