/* Each name is looked up by a STAT of the library's own. Hooks do not see it: if they redirect
 * paths, they have already redirected the OPENDIR. A name that is not found is omitted, unless the
 * directory itself is no longer at its path: a listing continues in a directory that was renamed,
 * and its names are then listed without attributes. */
#include "core/refresh.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/path.h"
#include "core/session_internal.h"

/* Attributes that any client can parse, and no ACL of unlimited size. */
#define LISTED_ATTRS                                                                               \
    (SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_IDS | SALLY_ATTR_NAMES |                       \
     SALLY_ATTR_PERMISSIONS | SALLY_ATTR_ATIME | SALLY_ATTR_MTIME | SALLY_ATTR_CTIME |             \
     SALLY_ATTR_CREATETIME | SALLY_ATTR_NANOSECONDS | SALLY_ATTR_BITS | SALLY_ATTR_LINK_COUNT)
#define NAMES_AT_ONCE 64u /* before other operations have a turn */

struct refresh {
    struct op *op; /* the READDIR */
    bool waits;    /* for the answer to a STAT */
    bool running;  /* inside refresh_run() */
    bool full;
    bool missing;          /* the first name is; the directory is asked for next */
    bool is_here, is_away; /* what came of that */
};

static const char *first_name(const sally_file *file)
{
    return (const char *)buf_head(&file->stale_names);
}

static void tell(struct refresh *r, const sally_attrs *attrs)
{
    r->op->entries++;
    r->full = !r->op->entry(r->op, first_name(r->op->pub.file), attrs, NULL);
}

static void forget_name(struct refresh *r)
{
    struct buf *names = &r->op->pub.file->stale_names;
    buf_consume(names, strlen(first_name(r->op->pub.file)) + 1);
}

static void apply_directory(struct refresh *r, const sally_op *stat)
{
    const sally_attrs *attrs = &stat->u.stat.attrs;
    bool is_other = (attrs->valid & SALLY_ATTR_TYPE) && attrs->type != SALLY_TYPE_DIRECTORY;
    r->missing = false;
    r->is_here = stat->status == SALLY_OK && !is_other;
    r->is_away = !r->is_here;
    if (r->is_here)
        forget_name(r);
}

static void apply_name(struct refresh *r, const sally_op *stat)
{
    static const sally_attrs directory = {.valid = SALLY_ATTR_TYPE, .type = SALLY_TYPE_DIRECTORY};
    sally_attrs attrs = stat->u.stat.attrs;
    attrs.valid &= LISTED_ATTRS;
    if (path_is_dots(
            first_name(r->op->pub.file))) { /* these exist, even if their attributes are unknown */
        tell(r, stat->status == SALLY_OK ? &attrs : &directory);
        forget_name(r);
        return;
    }
    r->missing = stat->status == SALLY_NO_SUCH_FILE && !r->is_here;
    if (r->missing)
        return;
    if (stat->status != SALLY_NO_SUCH_FILE)
        tell(r, stat->status == SALLY_OK ? &attrs : NULL);
    forget_name(r);
}

static void on_done(struct op *child)
{
    struct refresh *r = child->owner;
    r->waits = false;
    if (r->missing)
        apply_directory(r, &child->pub);
    else
        apply_name(r, &child->pub);
    op_free(child);
    if (!r->running)
        session_continue_op(r->op);
}

/* The path of the name, in the STAT's memory; NULL: out of memory. */
static const char *path_of(struct op *stat, const char *directory, const char *name)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = sally_op_alloc(&stat->pub, size);
    if (!path)
        return NULL;
    if (strcmp(name, ".") == 0) {
        memcpy(path, directory, strlen(directory) + 1);
    } else if (strcmp(name, "..") == 0) {
        size_t parent = (size_t)(path_last(directory) - directory);
        parent = parent > 1 ? parent - 1 : 1;
        memcpy(path, directory, parent);
        path[parent] = '\0';
    } else {
        snprintf(path, size, "%s/%s", directory[1] ? directory : "", name);
    }
    return path;
}

/* False: out of memory. */
static bool ask_next(struct refresh *r)
{
    sally_file *file = r->op->pub.file;
    const char *name = r->missing ? "." : first_name(file);
    sally_session *s = r->op->session;
    struct op *child = session_own_op(s, SALLY_OP_STAT, NULL, s->hooks ? s->hooks->count : 0);
    if (!child)
        return false;
    child->pub.path = path_of(child, file->path, name);
    if (!child->pub.path) {
        op_free(child);
        return false;
    }
    child->pub.u.stat.wanted = LISTED_ATTRS;
    child->pub.u.stat.flags = path_is_dots(name) ? SALLY_FOLLOW : 0;
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
    while (file->stale_names.size > 0 && !r->waits && !r->full && names++ < NAMES_AT_ONCE &&
           !session_turn_is_over(op->session)) {
        if (r->is_away && !sally_op_cancelled(&op->pub)) {
            tell(r, NULL);
            forget_name(r);
        } else if (sally_op_cancelled(&op->pub) || !ask_next(r)) {
            r->full = true;
        }
    }
    r->running = false;
    if (r->waits)
        return REFRESH_WAITS;
    if (r->full)
        return REFRESH_FULL;
    return file->stale_names.size > 0 ? REFRESH_YIELDS : REFRESH_ENDED;
}
