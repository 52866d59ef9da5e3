#include "fs/staging.h"

#include <string.h>
#include <time.h>

#include "base/sized.h"
#include "core/op_kinds.h"
#include "fs/resolve_links.h"
#include "fs/wrap.h"
#include "sallyport/file.h"
#include "sallyport/wrappers.h"

#define DEFAULT_PREFIX ".upload-"

/* Temporary files are for the program only. PENDING: the operation does not involve one. */
static sally_status check_names(const struct staging *st, const sally_op *op)
{
    if ((op->flags & SALLY_OP_INTERNAL) || !op->path)
        return SALLY_PENDING;
    bool creates = op->kind == SALLY_OP_MKDIR || op->kind == SALLY_OP_SYMLINK ||
                   (op->kind == SALLY_OP_OPEN && (op->u.open.flags & SALLY_OPEN_CREATE));
    if (staging_is_temporary(st, op->path))
        return creates ? SALLY_PERMISSION_DENIED : SALLY_NO_SUCH_FILE;
    if (op_has_to(op) && staging_is_temporary(st, op->u.rename.to))
        return SALLY_PERMISSION_DENIED;
    return SALLY_PENDING;
}

static bool leave_out(void *context, sally_op *op, sally_entry *entry)
{
    const struct staging *st = context;
    (void)op;
    return strncmp(entry->name, st->prefix, strlen(st->prefix)) != 0;
}

struct moving {
    const char *from, *to;
    struct real_path real_from, real_to;
};

static sally_status moved(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct moving *m = context;
    (void)op;
    if (status == SALLY_OK)
        staging_moved(sally_fs_data(fs), m->from, m->to, m->real_from.path, m->real_to.path);
    return status;
}

static sally_status move_it(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct staging *st = sally_fs_data(fs);
    (void)status;
    return sally_fs_call(fs, st->inner, op, moved, context);
}

static sally_status find_to(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct staging *st = sally_fs_data(fs);
    struct moving *m = context;
    (void)status;
    return real_path_find(fs, st->inner, st->has_links, op, &m->real_to, m->to, false, move_it, m);
}

static sally_status rename_other(sally_fs *fs, sally_op *op)
{
    const struct staging *st = sally_fs_data(fs);
    if (atomic_load_explicit(&st->active, memory_order_relaxed) == 0)
        return sally_fs_call(fs, st->inner, op, NULL, NULL);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    struct moving *m = sally_op_alloc(op, sizeof(*m));
    if (!m)
        return SALLY_FAILURE;
    *m = (struct moving){.from = op->path, .to = op->u.rename.to};
    return real_path_find(fs, st->inner, st->has_links, op, &m->real_from, m->from, false, find_to,
                          m);
}

static sally_status by_file(sally_fs *fs, sally_op *op)
{
    struct staging *st = sally_fs_data(fs);
    struct upload *u = sally_file_data(op->file, fs);
    if (u) {
        pthread_mutex_lock(&st->lock);
        op->path = u->temporary->text;
        pthread_mutex_unlock(&st->lock);
    }
    return sally_fs_call(fs, st->inner, op, NULL, NULL);
}

static sally_status staging_slot(sally_fs *fs, sally_op *op)
{
    struct staging *st = sally_fs_data(fs);
    if (op->kind == SALLY_OP_CLOSE)
        return staging_close(fs, op);
    if (op->kind == SALLY_OP_READDIR) {
        if (sally_op_filter_entries(op, leave_out, st) != SALLY_E_OK)
            return SALLY_FAILURE;
        return sally_fs_call(fs, st->inner, op, NULL, NULL);
    }
    if (op->file && op_kind(op->kind)->handle != NO_HANDLE)
        return by_file(fs, op);
    sally_status status = check_names(st, op);
    if (status != SALLY_PENDING)
        return status;
    const char *own = NULL;
    switch (op->kind) {
    case SALLY_OP_OPEN:
        return staging_open(fs, op);
    case SALLY_OP_RENAME:
        return rename_other(fs, op);
    case SALLY_OP_STAT:
    case SALLY_OP_SETSTAT:
    case SALLY_OP_HASH:
        own = staging_own_upload(st, op);
        break;
    default:
        break;
    }
    if (own)
        op->path = own;
    return sally_fs_call(fs, st->inner, op, NULL, NULL);
}

static void staging_destroy(void *user_data)
{
    struct staging *st = user_data;
    sally_fs_unref(st->inner);
    pthread_mutex_destroy(&st->lock);
    mem_free(st->prefix);
    mem_free(st);
}

static bool is_good_prefix(const char *prefix)
{
    size_t size = strlen(prefix);
    return size > 0 && size <= 64 && !strchr(prefix, '/');
}

/* Numbers that are most likely new: OPEN tries others where one is taken. */
static uint64_t first_number(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec << 32 | (uint64_t)now.tv_nsec;
}

sally_error sally_fs_staging(sally_fs **out, sally_fs *inner, const sally_staging_options *options)
{
    sally_staging_options given = {.struct_size = sizeof(given)};
    if (!out || !inner ||
        (options && !sized_copy(&given, sizeof(given), options, options->struct_size,
                                SIZED_TO(sally_staging_options, reserved))) ||
        (given.flags & ~(uint32_t)SALLY_STAGING_KEEP) || given.reserved ||
        (given.prefix && !is_good_prefix(given.prefix)))
        return SALLY_E_INVALID;
    *out = NULL;
    if (!sally_fs_supports(inner, SALLY_OP_STAT) || !sally_fs_supports(inner, SALLY_OP_RENAME))
        return SALLY_E_UNSUPPORTED;
    struct staging *st = mem_zalloc(sizeof(*st));
    char *prefix = mem_strdup(given.prefix ? given.prefix : DEFAULT_PREFIX);
    if (!st || !prefix) {
        mem_free(prefix);
        mem_free(st);
        return SALLY_E_NO_MEMORY;
    }
    st->inner = sally_fs_ref(inner);
    st->flags = given.flags;
    st->has_links = resolve_has_links(inner);
    st->prefix = prefix;
    atomic_init(&st->next_number, first_number());
    pthread_mutex_init(&st->lock, NULL);
    list_init(&st->uploads);
    sally_fs_methods methods;
    wrap_methods(&methods, inner, staging_slot);
    methods.close = staging_slot;
    methods.destroy = staging_destroy;
    sally_error error = sally_fs_new(out, &methods, st);
    if (error)
        staging_destroy(st);
    return error;
}
