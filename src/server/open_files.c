#include "server/open_files.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/file.h"
#include "server/conn.h"
#include "server/conn_session.h"
#include "server/server.h"

/* Walks that are rarer than this do not show transfers. */
#define WATCHED_NS UINT64_C(3000000000)
/* Files that are copied at a time for sally_server_each_file(): a loop that opens one waits for
 * that. */
#define WALK_AT_ONCE 128u
#define VERB_SIZE    4u /* "get " */

/* ---- Notes ---- */

static bool writes(const sally_op *op)
{
    return (op->u.open.flags & (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND)) != 0;
}

/* Some clients announce how much they will write. */
static uint64_t announced_size(const sally_op *op)
{
    const sally_attrs *attrs = op->u.open.attrs;
    bool is_given = writes(op) && (attrs->valid & SALLY_ATTR_ALLOCATION_SIZE);
    return is_given ? attrs->allocation_size : 0;
}

static struct open_file *of_link(const struct list *link)
{
    return CONTAINER_OF((struct list *)(uintptr_t)link, struct open_file, link);
}

const struct open_file *open_files_last(const struct list *files)
{
    return list_empty(files) ? NULL : of_link(files->prev);
}

static struct conn_facts *facts_of(const sally_op *op)
{
    return &CONTAINER_OF(session_host(op->session), struct conn_session, host)->conn->facts;
}

/* Without memory, it is just not shown. */
static void add(struct conn_facts *f, const sally_op *op)
{
    size_t size = strlen(op->path) + VERB_SIZE + 1;
    struct open_file *o = mem_zalloc(sizeof *o + size);
    if (!o)
        return;
    list_init(&o->link);
    o->file = op->file;
    o->session_id = sally_session_id(op->session);
    o->size = announced_size(op);
    sally_file_get_facts(op->file, &o->facts);
    snprintf(o->text, size, "%s %s", writes(op) ? "put" : "get", op->path);
    pthread_mutex_lock(&f->lock);
    const struct open_file *last = open_files_last(&f->files);
    o->order = last ? last->order + 1 : 1;
    list_append(&f->files, &o->link);
    op->file->note = o;
    pthread_mutex_unlock(&f->lock);
}

static void drop(struct conn_facts *f, sally_file *file)
{
    pthread_mutex_lock(&f->lock);
    struct open_file *o = file->note;
    file->note = NULL;
    if (o)
        list_remove(&o->link);
    pthread_mutex_unlock(&f->lock);
    mem_free(o);
}

void open_files_clear(struct list *files)
{
    struct list *item;
    while ((item = list_pop_first(files)) != NULL)
        mem_free(of_link(item));
}

/* ---- Sizes ---- */

static void fill_fstat(void *user_data, sally_op *op)
{
    op->file = user_data;
    op->u.stat.wanted = SALLY_ATTR_SIZE;
}

static void accept_size(void *user_data, sally_op *op, sally_status status)
{
    const sally_file *file = user_data;
    struct conn_facts *f = facts_of(op);
    if (status != SALLY_OK || !(op->u.stat.attrs.valid & SALLY_ATTR_SIZE))
        return;
    pthread_mutex_lock(&f->lock);
    struct open_file *o = file->note;
    if (o)
        o->size = op->u.stat.attrs.size;
    pthread_mutex_unlock(&f->lock);
}

/* The size of a file that a client begins to read is only requested while connections are being
 * watched: it costs an operation. The file stays open until that is answered, since it was
 * requested before the client got the handle. */
static void ask_size(const sally_op *op)
{
    const struct conn_session *s =
        CONTAINER_OF(session_host(op->session), struct conn_session, host);
    uint64_t visited = atomic_load_explicit(&s->conn->server->visited_ns, memory_order_relaxed);
    if (writes(op) || visited == 0 || loop_now_ns() - visited > WATCHED_NS)
        return;
    /* Without memory it stays unknown. */
    (void)!sally_session_submit(op->session, SALLY_OP_FSTAT, NULL, fill_fstat, accept_size,
                                op->file);
}

/* ---- Watching ---- */

/* On any of the server's threads. A file is not freed before its CLOSE has been here. */
static sally_status note_file(void *user_data, sally_op *op)
{
    (void)user_data;
    if (op->kind == SALLY_OP_CLOSE) {
        drop(facts_of(op), op->file);
    } else if (op->status == SALLY_OK && !(op->flags & SALLY_OP_INTERNAL)) {
        add(facts_of(op), op);
        ask_size(op);
    }
    return op->status;
}

sally_error open_files_watch(struct hook_stack *hooks)
{
    const sally_hooks set = {.struct_size = sizeof set,
                             .flags = SALLY_HOOKS_NONBLOCKING,
                             .after_mask =
                                 SALLY_OP_BIT(SALLY_OP_OPEN) | SALLY_OP_BIT(SALLY_OP_CLOSE),
                             .after = note_file};
    return hook_stack_add(hooks, &set);
}

/* Any thread: what READs and WRITEs add to is atomic, and the rest was copied. Under the facts'
 * lock, which keeps the file. */
static sally_file_facts current_facts(const struct open_file *o)
{
    const sally_file *file = o->file;
    sally_file_facts facts = o->facts;
    facts.bytes_read = atomic_load_explicit(&file->bytes_read, memory_order_relaxed);
    facts.bytes_written = atomic_load_explicit(&file->bytes_written, memory_order_relaxed);
    facts.highest_offset = atomic_load_explicit(&file->highest_offset, memory_order_relaxed);
    facts.gap_bytes = atomic_load_explicit(&file->gap_bytes, memory_order_relaxed);
    facts.worst = atomic_load_explicit(&file->worst, memory_order_relaxed);
    return facts;
}

/* What a file counts is written where operations end, which is here. */
void open_files_update(struct conn *c)
{
    struct conn_facts *f = &c->facts;
    sally_file_facts facts = {0};
    if (atomic_load_explicit(&f->open_files, memory_order_relaxed) == 0)
        return;
    pthread_mutex_lock(&f->lock);
    const struct open_file *last = open_files_last(&f->files);
    if (last)
        facts = current_facts(last);
    pthread_mutex_unlock(&f->lock);
    atomic_store_explicit(&f->transferred, facts.bytes_read + facts.bytes_written,
                          memory_order_relaxed);
}

/* ---- Walks ---- */

typedef bool each_file(void *user_data, const sally_file_info *info);

struct copied_file {
    struct list link;
    uint64_t order;
    sally_file_info info;
    sally_file_facts facts;
    char path[];
};

static struct copied_file *copy_file(const struct open_file *o)
{
    const char *path = o->text + VERB_SIZE;
    size_t size = strlen(path) + 1;
    struct copied_file *copy = mem_zalloc(sizeof *copy + size);
    if (!copy)
        return NULL;
    list_init(&copy->link);
    memcpy(copy->path, path, size);
    copy->order = o->order;
    copy->facts = current_facts(o);
    copy->info = (sally_file_info){.struct_size = sizeof copy->info,
                                   .session_id = o->session_id,
                                   .file_id = sally_file_id(o->file),
                                   .path = copy->path,
                                   .size = o->size,
                                   .facts = &copy->facts};
    return copy;
}

/* Those after `order`, as many as are copied at a time. False: out of memory. */
static bool copy_files(struct conn *c, uint64_t order, struct list *copies)
{
    uint32_t count = 0;
    bool ok = true;
    pthread_mutex_lock(&c->facts.lock);
    LIST_EACH (item, &c->facts.files) {
        const struct open_file *o = of_link(item);
        if (o->order <= order)
            continue;
        struct copied_file *copy = copy_file(o);
        if (copy)
            list_append(copies, &copy->link);
        ok = copy != NULL;
        if (!ok || ++count == WALK_AT_ONCE)
            break;
    }
    pthread_mutex_unlock(&c->facts.lock);
    return ok;
}

/* Shows these to the program, unless it has asked to stop, and frees them. */
static bool show_files(struct conn *c, struct list *copies, bool goes_on, each_file *each,
                       void *user_data)
{
    struct list *item;
    while ((item = list_pop_first(copies)) != NULL) {
        struct copied_file *copy = CONTAINER_OF(item, struct copied_file, link);
        copy->info.connection_id = c->peer.connection_id;
        copy->info.user = sally_connection_user(&c->pub);
        goes_on = goes_on && each(user_data, &copy->info);
        mem_free(copy);
    }
    return goes_on;
}

static sally_error each_file_of(struct conn *c, each_file *each, void *user_data, bool *goes_on)
{
    uint64_t order = 0;
    for (;;) {
        struct list copies;
        list_init(&copies);
        if (!copy_files(c, order, &copies)) {
            (void)show_files(c, &copies, false, each, user_data);
            return SALLY_E_NO_MEMORY;
        }
        if (list_empty(&copies))
            return SALLY_E_OK;
        order = CONTAINER_OF(copies.prev, struct copied_file, link)->order;
        *goes_on = show_files(c, &copies, true, each, user_data);
        if (!*goes_on)
            return SALLY_E_OK;
    }
}

sally_error sally_server_each_file(sally_server *server, each_file *each, void *user_data)
{
    size_t count;
    if (!server)
        return SALLY_E_INVALID;
    if (!each)
        return server_fail(server, SALLY_E_INVALID, "cannot visit the files: the callback is NULL");
    atomic_store_explicit(&server->visited_ns, loop_now_ns(), memory_order_relaxed);
    struct conn **all = registry_all(&server->registry, &count);
    sally_error error = all ? SALLY_E_OK : SALLY_E_NO_MEMORY;
    bool goes_on = true;
    for (size_t i = 0; i < count; i++) {
        if (goes_on && !error)
            error = each_file_of(all[i], each, user_data, &goes_on);
        conn_unref(all[i]);
    }
    mem_free(all);
    return error ? server_fail(server, error, "out of memory") : SALLY_E_OK;
}
