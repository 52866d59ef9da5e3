#include "core/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/session_internal.h"

/* A directory entry that waits for the next reply: a name, a longname, attributes. */
#define CARRY_MAX (256u * 1024u)
/* The names of a reply and one entry carried over; the engine limits the size of replies. */
#define STALE_NAMES_MAX (2u * 1024u * 1024u)

/* What an open file costs in memory: its descriptor in the kernel is not counted. */
#define FILE_BYTES 4096u

const char *file_charge(sally_session *s)
{
    const char *setting = s->file_account ? account_charge(s->file_account, 1) : NULL;
    if (setting || !s->memory)
        return setting;
    setting = local_account_charge(s->memory, FILE_BYTES);
    if (setting && s->file_account)
        account_release(s->file_account, 1);
    return setting;
}

void file_uncharge(sally_session *s)
{
    if (s->file_account)
        account_release(s->file_account, 1);
    if (s->memory)
        local_account_release(s->memory, FILE_BYTES);
}

void file_charge_names(sally_file *file)
{
    struct local_account *memory = file->session->memory;
    if (memory)
        local_account_adjust(memory, &file->names_charge,
                             file->carry.capacity + file->stale_names.capacity);
}

sally_file *file_new(sally_session *s, const char *path, uint32_t open_flags, bool directory)
{
    sally_file *file = mem_zalloc(sizeof *file);
    if (!file)
        return NULL;
    file->path = mem_strdup(path);
    if (!file->path) {
        mem_free(file);
        return NULL;
    }
    list_init(&file->link);
    buf_init(&file->carry, CARRY_MAX);
    buf_init(&file->stale_names, STALE_NAMES_MAX);
    file->session = s;
    file->id = ++s->next_file;
    file->slots = &file->inline_slots;
    file->facts.open_flags = open_flags;
    file_note_flags(file, open_flags);
    file->facts.is_directory = directory;
    file->facts.opened_ns = s->host->now_ns(s->host);
    s->file_count++;
    if (s->counters)
        counter_add(&s->counters->files_now, 1);
    return file;
}

void file_note_flags(sally_file *file, uint32_t open_flags)
{
    if (open_flags & (SALLY_OPEN_APPEND | SALLY_OPEN_APPEND_ATOMIC))
        file->appends = true;
}

static void release_inode(sally_file *file)
{
    struct file_inode *inode = file->inode;
    if (!inode || --inode->handles > 0)
        return;
    list_remove(&inode->link);
    mem_free(inode);
}

static void destroy(sally_file *file)
{
    file_data_release(file);
    release_inode(file);
    buf_clear(&file->carry);
    buf_clear(&file->stale_names);
    mem_free(file->first_path);
    mem_free(file->path);
    mem_free(file);
}

void file_free(sally_file *file)
{
    sally_session *s = file->session;
    list_remove(&file->link);
    s->file_count--;
    file_uncharge(s);
    if (s->memory)
        local_account_adjust(s->memory, &file->names_charge, 0);
    if (s->counters)
        counter_sub(&s->counters->files_now, 1);
    file->free_pending = true;
    uint32_t pins = atomic_fetch_or(&file->pins, FILE_CLOSED) & ~FILE_CLOSED;
    if (pins == 0)
        destroy(file);
}

bool file_pin(sally_file *file)
{
    uint32_t pins = atomic_load(&file->pins);
    do {
        if (pins & FILE_CLOSED)
            return false;
    } while (!atomic_compare_exchange_weak(&file->pins, &pins, pins + 1));
    return true;
}

struct op *file_unpin(sally_file *file)
{
    uint32_t left = atomic_fetch_sub(&file->pins, 1) - 1;
    if (left & ~FILE_CLOSED)
        return NULL;
    if (file->free_pending) {
        destroy(file);
        return NULL;
    }
    struct op *waiting = file->close_waiting;
    file->close_waiting = NULL;
    return waiting;
}

bool file_begin_close(sally_file *file)
{
    uint32_t none = 0;
    return atomic_compare_exchange_strong(&file->pins, &none, FILE_CLOSED) || none == FILE_CLOSED;
}

void file_reopen(sally_file *file)
{
    atomic_fetch_and(&file->pins, ~FILE_CLOSED);
    file->facts.close_reason = 0;
}

static bool is_inode_of(const struct file_inode *inode, const sally_file *file)
{
    return inode->device == file->device && inode->number == file->number;
}

void file_find_inode(sally_file *file)
{
    sally_session *s = file->session;
    if (!file->identified || file->inode)
        return;
    LIST_EACH (item, &s->inodes) {
        struct file_inode *inode = CONTAINER_OF(item, struct file_inode, link);
        if (is_inode_of(inode, file)) {
            inode->handles++;
            file->inode = inode;
            return;
        }
    }
    struct file_inode *inode = mem_zalloc(sizeof *inode);
    if (!inode)
        return; /* then it counts as any file: slower, but correct */
    inode->device = file->device;
    inode->number = file->number;
    inode->handles = 1;
    list_append(&s->inodes, &inode->link);
    file->inode = inode;
}

void sally_file_set_identity(sally_file *file, uint64_t device, uint64_t number)
{
    if (!file)
        return;
    file->identified = true;
    file->device = device;
    file->number = number;
}

bool sally_file_get_identity(const sally_file *file, uint64_t *device, uint64_t *number)
{
    if (!file || !file->identified || file->facts.is_directory)
        return false;
    *device = file->device;
    *number = file->number;
    return true;
}

bool file_set_path(sally_file *file, const char *path)
{
    if (strcmp(file->path, path) == 0)
        return true;
    char *copy = mem_strdup(path);
    if (!copy)
        return false;
    if (file->first_path)
        mem_free(file->path);
    else
        file->first_path = file->path;
    file->path = copy;
    return true;
}

const char *sally_file_path(const sally_file *file)
{
    return file ? file->path : NULL;
}

void sally_file_get_facts(const sally_file *file, sally_file_facts *facts)
{
    if (!file) {
        *facts = (sally_file_facts){0};
        return;
    }
    *facts = file->facts;
    facts->bytes_read = atomic_load_explicit(&file->bytes_read, memory_order_relaxed);
    facts->bytes_written = atomic_load_explicit(&file->bytes_written, memory_order_relaxed);
    facts->highest_offset = atomic_load_explicit(&file->highest_offset, memory_order_relaxed);
    facts->gap_bytes = atomic_load_explicit(&file->gap_bytes, memory_order_relaxed);
    facts->worst = atomic_load_explicit(&file->worst, memory_order_relaxed);
}

uint64_t sally_file_id(const sally_file *file)
{
    return file ? file->id : 0;
}

/* Ranges are kept sorted and apart. With all places taken, the new range is joined to the one
 * before it: the gap between them is forgotten, so that gap_bytes only ever errs on the low side.
 */
static void note_range(sally_file *file, uint64_t from, uint64_t to)
{
    struct file_range *r = file->ranges;
    uint32_t at = 0;
    while (at < file->range_count && r[at].to < from)
        at++;
    uint32_t end = at; /* ranges [at, end) touch the new one */
    while (end < file->range_count && r[end].from <= to) {
        from = r[end].from < from ? r[end].from : from;
        to = r[end].to > to ? r[end].to : to;
        end++;
    }
    if (at == end && file->range_count == FILE_MAX_RANGES) {
        uint32_t into = at > 0 ? at - 1 : 0;
        r[into].from = r[into].from < from ? r[into].from : from;
        r[into].to = r[into].to > to ? r[into].to : to;
        return;
    }
    memmove(&r[at + 1], &r[end], (file->range_count - end) * sizeof *r);
    r[at] = (struct file_range){from, to};
    file->range_count += 1 - (end - at);
}

static uint64_t gap_bytes(const sally_file *file)
{
    uint64_t gaps = 0, at = 0;
    for (uint32_t i = 0; i < file->range_count; i++) {
        gaps += file->ranges[i].from - at;
        at = file->ranges[i].to;
    }
    return gaps;
}

static void note_read(sally_file *file, uint64_t size)
{
    struct counters *counters = file->session->counters;
    counter_add(&file->bytes_read, size);
    if (counters)
        counter_add(&counters->bytes_read, size);
}

static void note_written(sally_file *file, uint64_t from, uint64_t size)
{
    struct counters *counters = file->session->counters;
    counter_add(&file->bytes_written, size);
    if (counters)
        counter_add(&counters->bytes_written, size);
    uint64_t to;
    if (file->facts.open_flags &
        SALLY_OPEN_APPEND) /* the offset is ignored: each write follows the last */
        from = counter_get(&file->highest_offset);
    if (size == 0 || __builtin_add_overflow(from, size, &to))
        return;
    note_range(file, from, to);
    if (to > counter_get(&file->highest_offset))
        atomic_store_explicit(&file->highest_offset, to, memory_order_relaxed);
    atomic_store_explicit(&file->gap_bytes, gap_bytes(file), memory_order_relaxed);
}

void file_note_moved(const struct op *op)
{
    const sally_op *pub = &op->pub;
    if (pub->kind == SALLY_OP_READ) {
        note_read(pub->file, pub->u.io.done);
    } else if (pub->kind == SALLY_OP_WRITE) {
        note_written(pub->file, pub->u.io.offset, pub->u.io.length);
    } else {
        note_read(pub->file, pub->u.copy.done);
        note_written(pub->u.copy.to, pub->u.copy.to_offset, pub->u.copy.done);
    }
}

void file_note_failure(sally_file *file, sally_status status)
{
    if (file->worst == SALLY_OK)
        file->worst = status;
}

static const char *reason_text(uint32_t reason)
{
    switch (reason) {
    case SALLY_CLOSED_BY_CLIENT:
        return "client";
    case SALLY_CLOSED_LOST:
        return "lost";
    case SALLY_CLOSED_BY_SERVER:
        return "server";
    case SALLY_CLOSED_REFUSED:
        return "refused";
    case SALLY_CLOSED_ABORTED:
        return "aborted";
    case SALLY_CLOSED_DATA_LOST:
        return "data_lost";
    default:
        return "error";
    }
}

void file_log_close(const sally_file *file)
{
    const sally_session *s = file->session;
    sally_file_facts facts;
    if (file->facts.is_directory || !log_wants(s->log, SALLY_LOG_INFO))
        return;
    char got[24], put[24];
    sally_file_get_facts(file, &facts);
    snprintf(got, sizeof got, "%" PRIu64, facts.bytes_read);
    snprintf(put, sizeof put, "%" PRIu64, facts.bytes_written);
    const sally_log_field fields[] = {
        {"user", s->user},
        {"path", file->path},
        {"read", got},
        {"written", put},
        {"reason", reason_text(facts.close_reason)},
    };
    log_line(s->log, session_ids(s), SALLY_LOG_INFO, "file.closed", fields, COUNT_OF(fields),
             "File closed");
}
