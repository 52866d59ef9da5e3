#include "core/op.h"

#include <stdint.h>
#include <string.h>

#include "base/clean.h"
#include "base/mem.h"
#include "base/sized.h"
#include "core/file.h"
#include "core/path.h"
#include "core/session_internal.h"

struct op_block {
    struct op_block *next;
    _Alignas(16) unsigned char bytes[];
};

#define MESSAGE_MAX       255
#define UNKNOWN_MAX       32u
#define UNKNOWN_MAX_BYTES 1024u

void op_init(struct op *op, sally_session *s, uint32_t kind)
{
    memset(op, 0, offsetof(struct op, inline_bytes));
    list_init(&op->link);
    list_init(&op->long_link);
    list_init(&op->run_link);
    list_init(&op->followers);
    atomic_init(&op->handoff, 0);
    atomic_init(&op->frame_count, 0);
    atomic_init(&op->frames, op->inline_frames);
    op->frame_capacity = OP_INLINE_FRAMES;
    op->session = s;
    op->kind = op->pub.kind = kind;
    op->pub.session = s;
}

void op_release_memory(struct op *op)
{
    while (op->blocks) {
        struct op_block *block = op->blocks;
        op->blocks = block->next;
        mem_free(block);
    }
}

void *sally_op_alloc(sally_op *pub, size_t size)
{
    struct op *op = op_of(pub);
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded <= OP_INLINE_BYTES - op->inline_used) {
        void *room = op->inline_bytes + op->inline_used;
        op->inline_used += rounded;
        return room;
    }
    struct op_block *block = mem_alloc(sizeof *block + rounded);
    if (!block)
        return NULL;
    block->next = op->blocks;
    op->blocks = block;
    return block->bytes;
}

static char *copy_text(sally_op *op, const void *text, size_t size)
{
    char *copy = size < SIZE_MAX ? sally_op_alloc(op, size + 1) : NULL;
    if (copy) {
        if (size)
            memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

char *sally_op_strdup(sally_op *op, const char *text)
{
    return text ? copy_text(op, text, strlen(text)) : NULL;
}

char *op_copy_text(struct op *op, struct slice raw)
{
    return slice_has_nul(raw) ? NULL : copy_text(&op->pub, raw.data, raw.size);
}

static sally_status set_path(struct op *op, struct slice raw, const char **place)
{
    const char *home = op->session->home;
    size_t room = path_room(home, raw);
    char *text = sally_op_alloc(&op->pub, room);
    if (!text)
        return SALLY_FAILURE;
    struct buf path;
    buf_init_lent(&path, text, room);
    sally_status status = path_normalise(&path, home, raw);
    if (status == SALLY_OK)
        *place = text;
    return status;
}

sally_status op_set_raw_path(struct op *op, struct slice raw)
{
    sally_status status = set_path(op, raw, &op->pub.path);
    op->asked_path = op->pub.path;
    return status;
}

sally_status op_set_raw_to(struct op *op, struct slice raw)
{
    return set_path(op, raw, &op->pub.u.rename.to);
}

/* Most clients send the canonical form. */
static sally_status note_raw(struct op *op, struct slice raw, const char *path, const char **place)
{
    *place = path && slice_is(raw, path) ? path : op_copy_text(op, raw);
    return *place ? SALLY_OK : SALLY_FAILURE;
}

sally_status op_note_raw_path(struct op *op, struct slice raw)
{
    return note_raw(op, raw, op->pub.path, &op->raw_path);
}

sally_status op_note_raw_to(struct op *op, struct slice raw)
{
    return note_raw(op, raw, op->pub.u.rename.to, &op->raw_to);
}

const char *sally_op_raw_path(const sally_op *op)
{
    return op ? ((const struct op *)(const void *)op)->raw_path : NULL;
}

const char *sally_op_raw_to(const sally_op *op)
{
    return op ? ((const struct op *)(const void *)op)->raw_to : NULL;
}

static sally_error error_of(sally_status status)
{
    if (status == SALLY_OK)
        return SALLY_E_OK;
    return status == SALLY_INVALID_FILENAME ? SALLY_E_INVALID : SALLY_E_NO_MEMORY;
}

sally_error sally_op_set_path(sally_op *op, const char *path)
{
    if (!path)
        return SALLY_E_INVALID;
    return error_of(set_path(op_of(op), slice_of(path), &op->path));
}

sally_error sally_op_set_to(sally_op *op, const char *to)
{
    if (!to || !op_has_to(op))
        return SALLY_E_INVALID;
    return error_of(op_set_raw_to(op_of(op), slice_of(to)));
}

sally_error sally_op_set_message(sally_op *op, const char *text)
{
    char clean[MESSAGE_MAX + 1], *copy = NULL;
    if (text) {
        size_t size = clean_copy(clean, sizeof clean, slice_of(text));
        copy = copy_text(op, clean, size);
        if (!copy)
            return SALLY_E_NO_MEMORY;
    }
    op_of(op)->message = copy;
    return SALLY_E_OK;
}

const sally_lock_holder *sally_op_lock_holder(const sally_op *op)
{
    const struct op *inner = (const struct op *)(const void *)op;
    return inner ? inner->lock_holder : NULL;
}

sally_error sally_op_set_lock_holder(sally_op *op, const sally_lock_holder *holder)
{
    if (!op)
        return SALLY_E_INVALID;
    struct op *inner = op_of(op);
    if (!holder) {
        inner->lock_holder = NULL;
        return SALLY_E_OK;
    }
    sally_lock_holder given;
    if (!sized_copy(&given, sizeof given, holder, holder->struct_size,
                    SIZED_TO(sally_lock_holder, is_range)))
        return SALLY_E_INVALID;
    sally_lock_holder *copy = sally_op_alloc(op, sizeof *copy);
    if (!copy)
        return SALLY_E_NO_MEMORY;
    *copy = given;
    copy->struct_size = sizeof *copy;
    copy->user = sally_op_strdup(op, given.user ? given.user : "");
    copy->path = sally_op_strdup(op, given.path ? given.path : "");
    if (!copy->user || !copy->path)
        return SALLY_E_NO_MEMORY;
    inner->lock_holder = copy;
    return SALLY_E_OK;
}

sally_error sally_op_add_unknown_name(sally_op *op, const char *name)
{
    struct op *inner = op_of(op);
    if (!name)
        return SALLY_E_INVALID;
    uint32_t number = inner->unknown ? inner->unknown->number + 1 : 1;
    if (number > UNKNOWN_MAX || strnlen(name, UNKNOWN_MAX_BYTES + 1) > UNKNOWN_MAX_BYTES)
        return SALLY_E_RANGE;
    struct op_name *unknown = sally_op_alloc(op, sizeof *unknown);
    char *copy = unknown ? sally_op_strdup(op, name) : NULL;
    if (!copy)
        return SALLY_E_NO_MEMORY;
    *unknown = (struct op_name){inner->unknown, number, copy};
    inner->unknown = unknown;
    return SALLY_E_OK;
}

sally_status sally_op_set_result(sally_op *op, const char *text)
{
    char *copy = sally_op_strdup(op, text);
    if (!copy)
        return SALLY_FAILURE;
    op->u.text.result = copy;
    return SALLY_OK;
}

sally_error sally_op_filter_entries(sally_op *pub, sally_entry_fn *filter, void *context)
{
    struct op *op = op_of(pub);
    if (!filter || pub->kind != SALLY_OP_READDIR)
        return SALLY_E_INVALID;
    for (struct op_filter *f = op->filters; f; f = f->older)
        if (f->see == filter && f->context == context)
            return SALLY_E_OK;
    struct op_filter *added = sally_op_alloc(pub, sizeof *added);
    if (!added)
        return SALLY_E_NO_MEMORY;
    *added = (struct op_filter){.older = op->filters, .see = filter, .context = context};
    op->filters = added;
    return SALLY_E_OK;
}

/* Entries that are not sent: without a name, and those that the library adds itself. */
static bool is_left_out(const char *name)
{
    return !name || !*name || path_is_dots(name);
}

static bool add_entry(sally_op *pub, const char *name, const sally_attrs *attrs,
                      const char *longname)
{
    struct op *op = op_of(pub);
    if (is_left_out(name) || !op->entry)
        return true;
    if (!op->filters) {
        op->entries++;
        return op->entry(op, name, attrs, longname);
    }
    sally_attrs changed = attrs ? *attrs : (sally_attrs){.valid = 0};
    sally_entry entry = {
        .struct_size = sizeof entry, .name = name, .attrs = &changed, .longname = longname};
    for (const struct op_filter *f = op->filters; f; f = f->older) {
        if (!f->see(f->context, pub, &entry) || is_left_out(entry.name))
            return true;
        entry.attrs = &changed; /* a filter cannot put another in its place */
    }
    op->entries++;
    return op->entry(op, entry.name, attrs || changed.valid ? &changed : NULL, entry.longname);
}

bool sally_op_add_entry(sally_op *op, const char *name, const sally_attrs *attrs)
{
    return add_entry(op, name, attrs, NULL);
}

bool sally_op_add_entry_from(sally_op *op, const sally_entry *entry)
{
    sally_entry given;
    return !entry ||
           !sized_copy(&given, sizeof given, entry, entry->struct_size,
                       SIZED_TO(sally_entry, longname)) ||
           add_entry(op, given.name, given.attrs, given.longname);
}

sally_status sally_op_read_from(sally_op *op, const void *data, size_t size)
{
    if (!data || op->u.io.offset >= size)
        return SALLY_EOF;
    size_t left = size - (size_t)op->u.io.offset;
    op->u.io.done = left < op->u.io.length ? (uint32_t)left : op->u.io.length;
    memcpy(op->u.io.data, (const char *)data + op->u.io.offset, op->u.io.done);
    return SALLY_OK;
}

const char *sally_op_kind_name(uint32_t kind)
{
    switch (kind) {
#define NAME(name, value, slot, permission)                                                        \
    case value:                                                                                    \
        return #slot;
        SALLY_OP_MAP(NAME)
#undef NAME
    default:
        return "?";
    }
}

void op_use_file(struct op *op, sally_file *file)
{
    op->pub.file = file;
    op->pub.path = op->asked_path = file->path;
}

bool sally_op_cancelled(const sally_op *pub)
{
    const struct op *op = (const struct op *)(const void *)pub;
    return (atomic_load_explicit(&op->handoff, memory_order_relaxed) & OP_CANCELLED) != 0;
}
