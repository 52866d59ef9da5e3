#include "fs/filter.h"

#include <string.h>

#include "base/sized.h"
#include "core/op_kinds.h"
#include "core/path.h"
#include "core/permission.h"
#include "fs/resolve_links.h"
#include "fs/wrap.h"
#include "sallyport/file.h"
#include "sallyport/wrappers.h"

/* What is kept in an open file or directory. */
struct filtered_file {
    const struct filter *filter;
    uint32_t permissions;
    const char *real; /* without links; behind path */
    char path[];
};

/* A path operation whose paths are being resolved; in the operation's memory. */
struct filtering {
    struct filter_verdict verdict[2];        /* of both paths */
    const char *real, *real_to;              /* the paths without links */
    size_t at;                               /* which one is resolved */
    enum { WHOLE, MISSING, DIRECTORY } part; /* what of it is resolved */
    bool is_new;                             /* OPEN: of a file that is not there yet */
};

static struct filter *filter_of(sally_fs *fs)
{
    return sally_fs_data(fs);
}

static sally_status resolve(sally_fs *fs, sally_op *op, struct filtering *w);

static sally_status opened(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct filtering *w = context;
    if (w->is_new)
        op->u.open.flags &= ~(uint32_t)SALLY_OPEN_NOFOLLOW;
    if (status != SALLY_OK)
        return status;
    size_t path = strlen(op->path) + 1, real = strlen(w->real) + 1;
    struct filtered_file *file = mem_alloc(sizeof(*file) + path + real);
    if (!file || sally_file_set_data(op->file, fs, file, NULL) != SALLY_E_OK) {
        mem_free(file);
        return SALLY_FAILURE; /* the library closes it */
    }
    file->filter = filter_of(fs);
    file->permissions = w->verdict[0].permissions;
    file->real = file->path + path;
    memcpy(file->path, op->path, path);
    memcpy(file->path + path, w->real, real);
    return SALLY_OK;
}

static sally_status real_path(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const char *result = op->u.text.result;
    (void)context;
    if (status != SALLY_OK || !result)
        return status;
    return filter_judge(filter_of(fs), result, NULL).flags & SALLY_FILTER_HIDDEN
               ? SALLY_NO_SUCH_FILE
               : SALLY_OK;
}

/* Files are judged by their names; moving a directory moves its contents too. */
static sally_status looked(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                           sally_status status, void *context)
{
    const sally_attrs *attrs = &asked->u.stat.attrs;
    (void)context;
    bool is_missing = status == SALLY_NO_SUCH_FILE || status == SALLY_NO_SUCH_PATH;
    bool is_file = status == SALLY_OK && (attrs->valid & SALLY_ATTR_TYPE) &&
                   attrs->type != SALLY_TYPE_DIRECTORY;
    return is_missing || is_file ? sally_fs_call(fs, filter_of(fs)->inner, op, NULL, NULL)
                                 : SALLY_PERMISSION_DENIED;
}

static bool keeps_rules(const struct filter *f, const char *from, const char *to)
{
    return !filter_is_anchor(f, to) && filter_has_same_below(f, from, to);
}

static sally_status rename_it(sally_fs *fs, sally_op *op, struct filtering *w)
{
    const struct filter *f = filter_of(fs);
    if (filter_is_anchor(f, w->real))
        return SALLY_PERMISSION_DENIED;
    if (keeps_rules(f, op->path, op->u.rename.to) && keeps_rules(f, w->real, w->real_to))
        return sally_fs_call(fs, f->inner, op, NULL, NULL);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    return wrap_ask_stat(fs, f->inner, op, op->path, 0, looked, w);
}

static sally_status go_on(sally_fs *fs, sally_op *op, struct filtering *w)
{
    const struct filter *f = filter_of(fs);
    sally_status status = filter_check(f, op, w->verdict[0], w->verdict[1]);
    if (status != SALLY_OK)
        return status;
    if (op->kind == SALLY_OP_RENAME)
        return rename_it(fs, op, w);
    if (op->kind == SALLY_OP_REALPATH && !(w->verdict[0].permissions & SALLY_MAY_STAT))
        return sally_op_set_result(op, op->path);
    if (op->kind == SALLY_OP_REALPATH)
        return sally_fs_call(fs, f->inner, op, real_path, NULL);
    if (!op_kind_opens(op->kind))
        return sally_fs_call(fs, f->inner, op, NULL, NULL);
    if (w->is_new) { /* the path that was judged, and no other */
        op->path = w->real;
        op->u.open.flags |= SALLY_OPEN_NOFOLLOW;
    }
    return sally_fs_call(fs, f->inner, op, opened, w);
}

static const char *path_at(const sally_op *op, size_t at)
{
    return at == 0 ? op->path : op->u.rename.to;
}

static sally_status next_path(sally_fs *fs, sally_op *op, struct filtering *w)
{
    w->at++;
    w->part = DIRECTORY;
    return w->at == 1 && op_has_to(op) ? resolve(fs, op, w) : go_on(fs, op, w);
}

static const char *join(sally_op *op, const char *directory, const char *name)
{
    size_t front = directory[1] ? strlen(directory) : 0, back = strlen(name) + 1;
    char *path = sally_op_alloc(op, front + 1 + back);
    if (!path)
        return NULL;
    memcpy(path, directory, front);
    path[front] = '/';
    memcpy(path + front + 1, name, back);
    return path;
}

static sally_status resolved(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                             sally_status status, void *context)
{
    const struct filter *f = filter_of(fs);
    struct filtering *w = context;
    const char *real = asked->u.text.result;
    if (status == SALLY_FAILURE)
        return status; /* out of memory: the target is unknown */
    if (status != SALLY_OK || !real) {
        if (w->part == DIRECTORY)
            return next_path(fs, op, w); /* it does not exist: the operation will fail */
        bool creates = op->kind == SALLY_OP_OPEN && (op->u.open.flags & SALLY_OPEN_CREATE);
        w->is_new = creates;
        w->part = w->part == WHOLE && creates ? MISSING : DIRECTORY;
        return resolve(fs, op, w);
    }
    const char *last = path_last(path_at(op, w->at));
    if (w->part == DIRECTORY && *last)
        real = join(op, real, last);
    if (!real)
        return SALLY_FAILURE;
    w->verdict[w->at] = filter_both(w->verdict[w->at], filter_judge(f, real, NULL));
    *(w->at == 0 ? &w->real : &w->real_to) = real;
    return next_path(fs, op, w);
}

static sally_status resolve(sally_fs *fs, sally_op *op, struct filtering *w)
{
    const char *path = path_at(op, w->at), *slash = strrchr(path, '/');
    char *directory = NULL;
    if (w->part == DIRECTORY) {
        directory = sally_op_strdup(op, path);
        if (!directory)
            return SALLY_FAILURE;
        directory[slash == path ? 1 : slash - path] = 0;
        path = directory;
    }
    uint32_t flags = w->part == MISSING ? SALLY_REALPATH_STAT_IF : SALLY_REALPATH_STAT_ALWAYS;
    const sally_inner_op own = {
        .struct_size = sizeof(own), .kind = SALLY_OP_REALPATH, .path = path, .u.text.flags = flags};
    return sally_fs_ask(fs, filter_of(fs)->inner, op, &own, resolved, w);
}

static sally_status by_path(sally_fs *fs, sally_op *op)
{
    const struct filter *f = filter_of(fs);
    struct filter_verdict from = filter_judge(f, op->path, NULL), to = {SALLY_MAY_ALL, 0};
    if (op_has_to(op))
        to = filter_judge(f, op->u.rename.to, NULL);
    sally_status status = filter_check(f, op, from, to);
    if (status != SALLY_OK)
        return status;
    if (f->has_links && (op->flags & SALLY_OP_TRY))
        return SALLY_WOULD_BLOCK;
    if (!f->has_links && !op_kind_opens(op->kind) && op->kind != SALLY_OP_REALPATH &&
        op->kind != SALLY_OP_RENAME)
        return sally_fs_call(fs, f->inner, op, NULL, NULL);
    struct filtering *w = sally_op_alloc(op, sizeof(*w));
    if (!w)
        return SALLY_FAILURE;
    *w = (struct filtering){.verdict = {from, to},
                            .real = op->path,
                            .real_to = op_has_to(op) ? op->u.rename.to : NULL,
                            .part = op_follows(op) ? WHOLE : DIRECTORY};
    return f->has_links && op->kind != SALLY_OP_REALPATH ? resolve(fs, op, w) : go_on(fs, op, w);
}

static bool see_entry(void *context, sally_op *op, sally_entry *entry)
{
    const struct filtered_file *dir = context;
    const uint32_t gone = SALLY_FILTER_HIDDEN | SALLY_FILTER_UNLISTED;
    (void)op;
    return !(filter_judge(dir->filter, dir->path, entry->name).flags & gone) &&
           !(filter_judge(dir->filter, dir->real, entry->name).flags & gone);
}

static sally_status closed(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    sally_file_set_data(op->file, fs, NULL, NULL);
    mem_free(context);
    return status;
}

static sally_status by_file(sally_fs *fs, sally_op *op)
{
    sally_fs *inner = filter_of(fs)->inner;
    struct filtered_file *file = sally_file_data(op->file, fs);
    const sally_file *second = op_second_file(op);
    const struct filtered_file *to = second ? sally_file_data(second, fs) : NULL;
    if (!file)
        return sally_fs_call(fs, inner, op, NULL, NULL);
    if (op_kind_closes(op->kind))
        return sally_fs_call(fs, inner, op, closed, file);
    uint32_t needed = op->kind == SALLY_OP_COPY ? SALLY_MAY_READ : op_permissions_needed(op);
    if ((needed & ~file->permissions) || (to && !(to->permissions & SALLY_MAY_WRITE)))
        return SALLY_PERMISSION_DENIED;
    if (op->kind == SALLY_OP_READDIR && sally_op_filter_entries(op, see_entry, file) != SALLY_E_OK)
        return SALLY_FAILURE;
    return sally_fs_call(fs, inner, op, NULL, NULL);
}

static sally_status filter_slot(sally_fs *fs, sally_op *op)
{
    if (op->file && op_kind(op->kind)->handle != NO_HANDLE)
        return by_file(fs, op);
    if (!op->path || (op->flags & SALLY_OP_INTERNAL) || op->kind == SALLY_OP_SESSION_START ||
        op->kind == SALLY_OP_SESSION_END || op->kind == SALLY_OP_LOOKUP_IDS)
        return sally_fs_call(fs, filter_of(fs)->inner, op, NULL, NULL);
    return by_path(fs, op);
}

static void filter_destroy(void *user_data)
{
    struct filter *f = user_data;
    for (size_t i = 0; i < f->count; i++) {
        mem_free(f->rules[i].path);
        mem_free(f->rules[i].names);
    }
    sally_fs_unref(f->inner);
    mem_free(f);
}

static sally_error add(struct filter *f, const sally_filter_rule *given)
{
    const char *path = given->path ? given->path : "/";
    const uint32_t known = SALLY_FILTER_HIDDEN | SALLY_FILTER_UNLISTED;
    struct filter_rule *rule = &f->rules[f->count];
    if (*path != '/' || (given->permissions & ~(uint32_t)SALLY_MAY_ALL) || (given->flags & ~known))
        return SALLY_E_INVALID;
    struct buf clean;
    buf_init(&clean, PATH_MAX_BYTES + 1);
    sally_status status = path_normalise(&clean, "/", slice_of(path));
    *rule = (struct filter_rule){.permissions = given->permissions, .flags = given->flags};
    if (status == SALLY_OK)
        rule->path = mem_strdup((const char *)buf_head(&clean));
    rule->names = mem_strdup(given->names);
    buf_clear(&clean);
    f->count++;
    if (status == SALLY_INVALID_FILENAME)
        return SALLY_E_INVALID;
    return rule->path && (rule->names || !given->names) ? SALLY_E_OK : SALLY_E_NO_MEMORY;
}

static sally_error fill(struct filter *f, const sally_filter_rule *rules, size_t count)
{
    sally_error error = SALLY_E_OK;
    for (size_t i = 0; i < count && !error; i++) {
        sally_filter_rule given;
        const void *at = (const char *)rules + i * rules->struct_size;
        error = sized_copy(&given, sizeof(given), at, rules->struct_size,
                           SIZED_TO(sally_filter_rule, flags))
                    ? add(f, &given)
                    : SALLY_E_INVALID;
    }
    return error;
}

sally_error sally_fs_filter(sally_fs **out, sally_fs *inner, const sally_filter_rule *rules,
                            size_t count)
{
    if (!out || !inner || (count && !rules))
        return SALLY_E_INVALID;
    *out = NULL;
    if (count > (SIZE_MAX - sizeof(struct filter)) / sizeof(struct filter_rule))
        return SALLY_E_NO_MEMORY;
    struct filter *f = mem_zalloc(sizeof(*f) + count * sizeof(f->rules[0]));
    if (!f)
        return SALLY_E_NO_MEMORY;
    f->inner = sally_fs_ref(inner);
    f->has_links = resolve_has_links(inner);
    sally_fs_methods methods;
    wrap_methods(&methods, inner, filter_slot);
    methods.open = methods.close = methods.opendir = methods.closedir = filter_slot;
    methods.realpath = filter_slot;
    methods.destroy = filter_destroy;
    sally_error error = fill(f, rules, count);
    if (!error)
        error = sally_fs_new(out, &methods, f);
    if (error)
        filter_destroy(f);
    return error;
}
