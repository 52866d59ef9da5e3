/* Operations that the program submits to a session. They do not wait for those of the client. */
#include <string.h>

#include "base/mem.h"
#include "core/file.h"
#include "core/session_internal.h"

/* Entries of one READDIR, before others get a turn on the storage's thread. */
#define ENTRIES_AT_ONCE 1024u

/* The program has seen the entry on its way here: it is the filter. */
static bool on_entry(struct op *op, const char *name, const sally_attrs *attrs,
                     const char *longname)
{
    (void)name;
    (void)attrs;
    (void)longname;
    return op->entries < ENTRIES_AT_ONCE;
}

static void end_listing(const struct op *op)
{
    if (op->kind == SALLY_OP_READDIR)
        atomic_store(&op->pub.file->list_submitted, false);
}

static void submitted_done(struct op *op)
{
    end_listing(op);
    if (op->submit_done)
        op->submit_done(op->submit_user_data, &op->pub, op->pub.status);
    op_free(op);
}

static const sally_attrs no_attrs;

/* Of one that no session has seen. */
static void discard(struct op *op)
{
    sally_fs_unref(op->fs);
    op_release_memory(op);
    mem_free(op);
}

/* Keeps the files of the operation until it is done. False: the file was closed. When the second
 * file of a COPY was closed it is set to NULL and the operation fails later, since the first file
 * can be unpinned on the home thread only. */
static bool pin_files(struct op *op)
{
    sally_file *file = op->pub.file;
    if (file && !file_pin(file))
        return false;
    op->pinned[0] = file;
    if (op->kind == SALLY_OP_COPY && !file_pin(op->pub.u.copy.to))
        op->pub.u.copy.to = NULL;
    else if (op->kind == SALLY_OP_COPY)
        op->pinned[1] = op->pub.u.copy.to;
    return true;
}

/* Only the client closes its own files, and each file is closed once. */
static bool may_close(struct op *op)
{
    sally_file *file = op->pub.file;
    return file && file->facts.internal && !atomic_exchange(&file->close_submitted, true);
}

/* A listing that the client reads has its place in the storage, and storages are promised one
 * READDIR of a directory at a time. */
static sally_error begin_listing(struct op *op)
{
    sally_file *file = op->pub.file;
    if (!file || !file->facts.internal || !file->facts.is_directory)
        return SALLY_E_INVALID;
    if (atomic_exchange(&file->list_submitted, true))
        return SALLY_E_BUSY;
    op->entry = on_entry;
    return SALLY_E_OK;
}

static sally_error prepare(struct op *op, const char *path)
{
    const struct op_kind *kind = op_kind(op->kind);
    sally_status status = SALLY_OK;
    if (kind->handle == NO_HANDLE)
        op->pub.file = NULL;
    if (path)
        status = op_set_raw_path(op, slice_of(path));
    else if (op->pub.file)
        op->pub.path = op->pub.file->path;
    if (status != SALLY_OK)
        return status == SALLY_FAILURE ? SALLY_E_NO_MEMORY : SALLY_E_INVALID;
    if (!op->pub.path || (op->kind == SALLY_OP_COPY && (!op->pub.file || !op->pub.u.copy.to)))
        return SALLY_E_INVALID;
    if (op_kind_closes(op->kind))
        return may_close(op) ? SALLY_E_OK : SALLY_E_INVALID;
    sally_error error = op->kind == SALLY_OP_READDIR ? begin_listing(op) : SALLY_E_OK;
    if (error)
        return error;
    if (pin_files(op))
        return SALLY_E_OK;
    end_listing(op);
    return SALLY_E_CLOSED;
}

static sally_error submit(sally_session *s, sally_fs *fs, uint32_t kind, const char *path,
                          void (*fill)(void *user_data, sally_op *op), sally_submit_done_fn *done,
                          void *user_data)
{
    if (!s || !(op_kind(kind)->flags & KIND_SUBMITTABLE))
        return SALLY_E_INVALID;
    /* Not from the session's pool, which belongs to its home thread. */
    struct op *op = mem_alloc(sizeof *op);
    if (!op)
        return SALLY_E_NO_MEMORY;
    op_init(op, s, kind);
    op->stage = OP_SUBMITTED;
    op->is_internal = op->by_program = true;
    op->skips_permissions = true;
    op->pub.flags |= SALLY_OP_INTERNAL;
    op->on_done = submitted_done;
    op->submit_done = done;
    op->submit_user_data = user_data;
    if (fs) {
        op->fs = sally_fs_ref(fs);
        op->first_hook = UINT32_MAX;
    }
    if (kind == SALLY_OP_OPEN)
        op->pub.u.open.attrs = &no_attrs;
    if (kind == SALLY_OP_COMMAND)
        op->pub.u.command = (sally_op_command){"", ""};
    if (op_kind(kind)->flags & KIND_ATTRS)
        op->pub.u.setstat.attrs = &no_attrs;
    if (fill)
        fill(user_data, &op->pub);
    sally_error error = prepare(op, path);
    if (error) {
        discard(op);
        return error;
    }
    if (kind == SALLY_OP_WRITE)
        op->pub.u.io.done = op->pub.u.io.length;
    atomic_fetch_add_explicit(&s->submitted, 1, memory_order_relaxed);
    s->host->wake(s->host, op);
    return SALLY_E_OK;
}

sally_error sally_session_submit(sally_session *s, uint32_t kind, const char *path,
                                 void (*fill)(void *user_data, sally_op *op),
                                 sally_submit_done_fn *done, void *user_data)
{
    return submit(s, NULL, kind, path, fill, done, user_data);
}

sally_error sally_fs_submit(sally_fs *fs, sally_session *session, uint32_t kind, const char *path,
                            void (*fill)(void *user_data, sally_op *op), sally_submit_done_fn *done,
                            void *user_data)
{
    return fs ? submit(session, fs, kind, path, fill, done, user_data) : SALLY_E_INVALID;
}
