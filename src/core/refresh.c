/* Each name is looked up by a STAT of the library's own. Hooks do not see it: if they divert paths,
 * they have diverted the OPENDIR already. */
#include "core/refresh.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/session_inside.h"

#define NAMES_AT_ONCE 64u /* before other operations have a turn */

struct refresh {
    struct op *op; /* the READDIR */
    bool waits;    /* for the answer to a STAT */
    bool running;  /* inside refresh_run() */
    bool full;
};

static const char *first_name(const sally_file *file)
{
    return (const char *)buf_head(&file->stale_names);
}

static void add_entry(struct refresh *r, const sally_op *stat)
{
    struct op *op = r->op;
    sally_file *file = op->pub.file;
    const char *name = first_name(file);
    if (stat->status != SALLY_NO_SUCH_FILE) {
        op->entries++;
        r->full = !op->entry(op, name, stat->status == SALLY_OK ? &stat->u.stat.attrs : NULL);
    }
    buf_take(&file->stale_names, strlen(name) + 1);
}

static void on_done(struct op *child)
{
    struct refresh *r = child->owner;
    r->waits = false;
    add_entry(r, &child->pub);
    op_free(child);
    if (!r->running)
        session_go_on(r->op);
}

/* False: memory is short. */
static bool ask_next(struct refresh *r)
{
    sally_file *file = r->op->pub.file;
    const char *name = first_name(file);
    sally_session *s = r->op->session;
    struct op *child = session_own_op(s, SALLY_OP_STAT, NULL, s->hooks ? s->hooks->count : 0);
    if (!child)
        return false;
    size_t size = strlen(file->path) + strlen(name) + 2;
    char *path = sally_op_alloc(&child->pub, size);
    if (!path) {
        op_free(child);
        return false;
    }
    snprintf(path, size, "%s/%s", file->path[1] ? file->path : "", name);
    child->pub.path = path;
    child->pub.u.stat.wanted = ~(SALLY_ATTR_ACL | SALLY_ATTR_EXTENDED);
    child->on_done = on_done;
    child->owner = r;
    r->waits = true;
    session_start_op(child);
    return true;
}

enum refresh_result refresh_run(struct op *op)
{
    struct refresh *r = op->refresh;
    sally_file *file = op->pub.file;
    if (!r) {
        r = op->refresh = sally_op_alloc(&op->pub, sizeof *r);
        if (!r)
            return REFRESH_FULL;
        *r = (struct refresh){.op = op};
    }
    r->running = true;
    uint32_t names = 0;
    while (file->stale_names.size > 0 && !r->waits && !r->full && names++ < NAMES_AT_ONCE) {
        if (sally_op_cancelled(&op->pub) || !ask_next(r))
            r->full = true;
    }
    r->running = false;
    if (r->waits)
        return REFRESH_WAITS;
    if (r->full)
        return REFRESH_FULL;
    return file->stale_names.size > 0 ? REFRESH_YIELDS : REFRESH_ENDED;
}
