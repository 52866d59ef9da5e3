#include "fs/resolve_links.h"

#include <string.h>

#include "core/op_kinds.h"
#include "core/path.h"

#define MAX_LINKS 40   /* as on Linux */
#define MAX_STEPS 4096 /* components looked up */

bool resolve_has_links(const sally_fs *inner)
{
    return sally_fs_supports(inner, SALLY_OP_READLINK) ||
           sally_fs_supports(inner, SALLY_OP_SYMLINK);
}

static bool walk_init(struct path_walk *w, sally_op *op, const char *root, const char *path,
                      bool follow)
{
    size_t root_size = strlen(root);
    *w = (struct path_walk){
        .root_size = root_size, .size = root_size, .rest = path, .follow = follow};
    w->at = sally_op_alloc(op, root_size + strlen(path) + 2);
    if (!w->at)
        return false;
    memcpy(w->at, root, root_size + 1);
    return true;
}

static void go_up(struct path_walk *w)
{
    while (w->size > w->root_size && w->at[w->size - 1] != '/')
        w->size--;
    if (w->size > w->root_size)
        w->size--; /* the slash itself */
}

static bool is_name(const char *name, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(name, text, size) == 0;
}

/* Moves to the next component that must be looked up: PENDING. OK: the path is resolved. */
static sally_status next_component(struct path_walk *w)
{
    for (;;) {
        w->rest += strspn(w->rest, "/");
        const char *name = w->rest;
        size_t size = strcspn(name, "/");
        w->at[w->size] = 0;
        if (size == 0)
            return SALLY_OK;
        w->rest += size;
        w->last = w->rest[strspn(w->rest, "/")] == 0;
        w->slash = *w->rest == '/';
        if (is_name(name, size, "."))
            continue;
        if (is_name(name, size, "..")) {
            go_up(w);
            continue;
        }
        if (w->size + 1 + size - w->root_size > PATH_MAX_BYTES)
            return SALLY_INVALID_FILENAME;
        if (++w->steps > MAX_STEPS)
            return SALLY_LINK_LOOP;
        w->at[w->size] = '/';
        memcpy(w->at + w->size + 1, name, size);
        w->next_size = w->size + 1 + size;
        w->at[w->next_size] = 0;
        if (!w->last || w->slash || w->follow)
            return SALLY_PENDING;
        w->size = w->next_size; /* not followed, link or not */
    }
}

/* Replaces a link by its text in the rest of the path. */
static sally_status follow_link(struct path_walk *w, sally_op *op, const char *text)
{
    size_t front = strlen(text), back = strlen(w->rest);
    if (++w->links > MAX_LINKS)
        return SALLY_LINK_LOOP;
    if (front == 0)
        return SALLY_NO_SUCH_FILE;
    if (front + back > PATH_MAX_BYTES)
        return SALLY_INVALID_FILENAME;
    if (!w->room) {
        char *at = sally_op_alloc(op, w->root_size + PATH_MAX_BYTES + 1);
        w->room = sally_op_alloc(op, PATH_MAX_BYTES + 1);
        if (!at || !w->room)
            return SALLY_FAILURE;
        memcpy(at, w->at, w->size);
        w->at = at;
    }
    memmove(w->room + front, w->rest, back + 1); /* begins with a slash, or is empty */
    memcpy(w->room, text, front);
    w->rest = w->room;
    if (*text == '/')
        w->size = w->root_size;
    return SALLY_OK;
}

static sally_status on_type(struct resolve *r, const sally_op *op, sally_status status)
{
    struct path_walk *w = r->walk;
    const sally_attrs *attrs = &op->u.stat.attrs;
    uint32_t type = attrs->valid & SALLY_ATTR_TYPE ? attrs->type : SALLY_TYPE_UNKNOWN;
    bool missing = status == SALLY_NO_SUCH_FILE || status == SALLY_NO_SUCH_PATH;
    if (status != SALLY_OK && !(missing && w->last && !w->slash))
        return status;
    r->type_unknown = type == SALLY_TYPE_UNKNOWN;
    if (status == SALLY_OK && (type == SALLY_TYPE_SYMLINK || r->type_unknown)) {
        r->asked = ASKED_TARGET;
        return sally_fs_supports(r->inner, SALLY_OP_READLINK) ? SALLY_OK : SALLY_PERMISSION_DENIED;
    }
    if (status == SALLY_OK && (!w->last || w->slash) && type != SALLY_TYPE_DIRECTORY)
        return SALLY_NOT_A_DIRECTORY;
    w->size = w->next_size;
    return SALLY_OK;
}

static sally_status on_target(struct resolve *r, sally_op *op, sally_status status)
{
    if (status == SALLY_OK)
        return op->u.text.result ? follow_link(r->walk, op, op->u.text.result) : SALLY_FAILURE;
    /* READLINK's answers for anything that is not a link; other failures mean nothing. */
    if (!r->type_unknown || (status != SALLY_INVALID_PARAMETER && status != SALLY_FAILURE))
        return status;
    r->walk->size = r->walk->next_size;
    return SALLY_OK;
}

/* Handles the answer to r->asked, and sets it to the next question. */
static sally_status on_answer(struct resolve *r, sally_op *op, sally_status status)
{
    bool said_type = r->asked == ASKED_TYPE, said_text = r->asked == ASKED_TARGET;
    r->asked = ASKED_NOTHING;
    if (said_type)
        status = on_type(r, op, status);
    else if (said_text)
        status = on_target(r, op, status);
    while (status == SALLY_OK && r->asked == ASKED_NOTHING && r->walk) {
        status = next_component(r->walk);
        if (status == SALLY_OK) {
            r->walk = r->walk == &r->first && r->second.at ? &r->second : NULL;
        } else if (status == SALLY_PENDING) {
            r->asked = ASKED_TYPE;
            status =
                sally_fs_supports(r->inner, SALLY_OP_STAT) ? SALLY_OK : SALLY_PERMISSION_DENIED;
        }
    }
    return status;
}

static void ask(const struct resolve *r, sally_op *op)
{
    op->path = r->walk->at;
    if (r->asked == ASKED_TYPE) {
        op->kind = SALLY_OP_STAT;
        op->u.stat = (sally_op_stat){.wanted = SALLY_ATTR_TYPE};
    } else {
        op->kind = SALLY_OP_READLINK;
        op->u.text = (sally_op_text){.result = NULL};
    }
}

static sally_status go_on(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct resolve *r = context;
    while ((status = on_answer(r, op, status)) == SALLY_OK && r->walk) {
        ask(r, op);
        status = fs_call_inline(fs, r->inner, op, go_on, r);
        if (status == SALLY_PENDING)
            return status;
    }
    op->kind = r->real.kind;
    op->path = r->real.path;
    op->file = r->real.file;
    op->u = r->real.u;
    return r->then(fs, op, status, r->context);
}

sally_status resolve_paths(sally_fs *fs, sally_op *op, struct resolve *r, bool follow)
{
    bool two = op_has_to(op);
    r->real = *op;
    r->asked = ASKED_NOTHING;
    r->walk = &r->first;
    r->second.at = NULL;
    if (!walk_init(&r->first, op, r->root, op->path, follow) ||
        (two && !walk_init(&r->second, op, r->root, op->u.rename.to, false)))
        return r->then(fs, op, SALLY_FAILURE, r->context);
    op->file = NULL;
    return go_on(fs, op, SALLY_OK, r);
}
