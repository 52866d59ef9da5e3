/* What is shown of a connection to whoever asks, in any thread. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "server/conn.h"
#include "server/conn_session.h"
#include "server/server.h"

/* Whoever looks more seldom than this does not show transfers. */
#define WATCHED_NS UINT64_C(3000000000)

void conn_facts_init(struct conn_facts *facts)
{
    pthread_mutex_init(&facts->lock, NULL);
}

void conn_facts_clear(struct conn_facts *facts)
{
    for (uint32_t i = 0; i < facts->transfer_count; i++)
        mem_free(facts->transfers[i].text);
    mem_free(facts->user);
    mem_free(facts->algorithms);
    mem_free(facts->client_version);
    mem_free(facts->server_version);
    pthread_mutex_destroy(&facts->lock);
}

void conn_set_text(struct conn *c, char **place, const char *text)
{
    char *copy = mem_strdup(text); /* without memory nothing is shown: no more than that */
    pthread_mutex_lock(&c->facts.lock);
    char *old = *place;
    *place = copy;
    pthread_mutex_unlock(&c->facts.lock);
    mem_free(old);
}

/* ---- Transfers ---- */

static bool writes(const sally_op *op)
{
    return (op->u.open.flags & (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND)) != 0;
}

static char *describe(const sally_op *op)
{
    size_t size = strlen(op->path) + 5;
    char *text = mem_alloc(size);
    if (text)
        snprintf(text, size, "%s %s", writes(op) ? "put" : "get", op->path);
    return text;
}

/* Some clients announce how much they will write. */
static uint64_t announced_size(const sally_op *op)
{
    const sally_attrs *attrs = op->u.open.attrs;
    bool told = writes(op) && (attrs->valid & SALLY_ATTR_ALLOCATION_SIZE);
    return told ? attrs->allocation_size : 0;
}

static void add_transfer(struct conn_facts *f, const sally_op *op)
{
    char *text = describe(op);
    pthread_mutex_lock(&f->lock);
    if (text && f->transfer_count < CONN_TRANSFERS) {
        f->transfers[f->transfer_count++] =
            (struct conn_transfer){op->file, text, announced_size(op)};
        text = NULL;
    }
    pthread_mutex_unlock(&f->lock);
    mem_free(text);
}

static void remove_transfer(struct conn_facts *f, const sally_file *file)
{
    char *text = NULL;
    pthread_mutex_lock(&f->lock);
    for (uint32_t i = 0; i < f->transfer_count && !text; i++) {
        if (f->transfers[i].file != file)
            continue;
        text = f->transfers[i].text;
        f->transfer_count--;
        memmove(&f->transfers[i], &f->transfers[i + 1],
                (f->transfer_count - i) * sizeof f->transfers[0]);
    }
    pthread_mutex_unlock(&f->lock);
    mem_free(text);
}

static void set_size(struct conn_facts *f, const sally_file *file, uint64_t size)
{
    pthread_mutex_lock(&f->lock);
    for (uint32_t i = 0; i < f->transfer_count; i++)
        if (f->transfers[i].file == file)
            f->transfers[i].size = size;
    pthread_mutex_unlock(&f->lock);
}

static struct conn_facts *facts_of(const sally_op *op)
{
    return &CONTAINER_OF(session_host(op->session), struct conn_session, host)->conn->facts;
}

static void fill_fstat(void *user_data, sally_op *op)
{
    op->file = user_data;
    op->u.stat.wanted = SALLY_ATTR_SIZE;
}

static void accept_size(void *user_data, sally_op *op, sally_status status)
{
    if (status == SALLY_OK && (op->u.stat.attrs.valid & SALLY_ATTR_SIZE))
        set_size(facts_of(op), user_data, op->u.stat.attrs.size);
}

/* How large a file is that a client begins to read is asked only while somebody looks at the
 * connections: it costs an operation. The file stays open until that is answered, for it was asked
 * before the client heard of the file. */
static void ask_size(const sally_op *op)
{
    const struct conn_session *s =
        CONTAINER_OF(session_host(op->session), struct conn_session, host);
    uint64_t walked = atomic_load_explicit(&s->conn->server->walked_ns, memory_order_relaxed);
    if (writes(op) || walked == 0 || loop_now_ns() - walked > WATCHED_NS)
        return;
    /* Without memory it stays unknown. */
    (void)!sally_session_submit(op->session, SALLY_OP_FSTAT, NULL, fill_fstat, accept_size,
                                op->file);
}

/* On any of the server's threads. A file is not freed before its CLOSE has been here. */
static sally_status note_file(void *user_data, sally_op *op)
{
    (void)user_data;
    if (op->kind == SALLY_OP_CLOSE) {
        remove_transfer(facts_of(op), op->file);
    } else if (op->status == SALLY_OK && !(op->flags & SALLY_OP_INTERNAL)) {
        add_transfer(facts_of(op), op);
        ask_size(op);
    }
    return op->status;
}

sally_error conn_watch_files(struct hook_stack *hooks)
{
    const sally_hooks set = {.struct_size = sizeof set,
                             .flags = SALLY_HOOKS_NONBLOCKING,
                             .after_mask =
                                 SALLY_OP_BIT(SALLY_OP_OPEN) | SALLY_OP_BIT(SALLY_OP_CLOSE),
                             .after = note_file};
    return hook_stack_add(hooks, &set);
}

/* What a file counts is written where operations end, which is here. */
void conn_update_transfer(struct conn *c)
{
    struct conn_facts *f = &c->facts;
    sally_file_facts facts = {0};
    if (atomic_load_explicit(&f->open_files, memory_order_relaxed) == 0)
        return;
    pthread_mutex_lock(&f->lock);
    if (f->transfer_count)
        sally_file_get_facts(f->transfers[f->transfer_count - 1].file, &facts);
    pthread_mutex_unlock(&f->lock);
    atomic_store_explicit(&f->transferred, facts.bytes_read + facts.bytes_written,
                          memory_order_relaxed);
}

/* ---- Snapshots ---- */

/* The loop is the only writer. */
static void adjust(_Atomic uint32_t *fact, uint32_t now, uint32_t was)
{
    uint32_t old = atomic_load_explicit(fact, memory_order_relaxed);
    atomic_store_explicit(fact, old + now - was, memory_order_relaxed);
}

void conn_count_sessions(struct conn *c, int more)
{
    adjust(&c->facts.sessions, more > 0, more < 0);
}

void conn_count_files(struct conn *c, uint32_t now, uint32_t was)
{
    adjust(&c->facts.open_files, now, was);
}

void conn_count_operations(struct conn *c, uint32_t now, uint32_t was)
{
    adjust(&c->facts.operations, now, was);
}

static const char *stage_text(uint32_t stage)
{
    static const char *const texts[] = {
        [CONN_HANDSHAKE] = "handshake", [CONN_LOGIN] = "login",       [CONN_OPEN] = "open",
        [CONN_CLOSING] = "closing",     [CONN_LINGERING] = "closing", [CONN_CLOSED] = "closing",
    };
    return texts[stage];
}

/* Copies `text` to `at`, and returns what is behind it. */
static char *append(char *at, const char **place, const char *text)
{
    size_t size = strlen(text) + 1;
    *place = memcpy(at, text, size);
    return at + size;
}

/* Under the facts' lock. */
static char *copy_texts(const struct conn_facts *f, sally_connection_info *info)
{
    const char *user = f->user ? f->user : "";
    const char *algorithms = f->algorithms ? f->algorithms : "";
    const char *activity = f->transfer_count ? f->transfers[f->transfer_count - 1].text : "";
    char *storage = mem_alloc(strlen(user) + strlen(algorithms) + strlen(activity) + 3);
    if (!storage)
        return NULL;
    char *at = append(storage, &info->user, user);
    at = append(at, &info->algorithms, algorithms);
    (void)append(at, &info->activity, activity);
    info->activity_size = f->transfer_count ? f->transfers[f->transfer_count - 1].size : 0;
    return storage;
}

bool conn_describe(struct conn *c, sally_connection_info *info, sally_peer *peer, char **storage)
{
    struct conn_facts *f = &c->facts;
    *info = (sally_connection_info){.id = c->peer.connection_id, .peer = peer};
    pthread_mutex_lock(&f->lock);
    *storage = copy_texts(f, info);
    *peer = c->peer;
    pthread_mutex_unlock(&f->lock);
    if (!*storage)
        return false;
    info->state = stage_text(atomic_load_explicit(&c->stage, memory_order_relaxed));
    uint64_t now = loop_now_ns();
    uint64_t last = atomic_load_explicit(&f->last_input_ns, memory_order_relaxed);
    info->connected_ns = c->connected_wall_ns;
    info->idle_ns = last && now > last ? now - last : 0;
    info->bytes_in = atomic_load_explicit(&f->bytes_in, memory_order_relaxed);
    info->bytes_out = atomic_load_explicit(&f->bytes_out, memory_order_relaxed);
    info->sessions = atomic_load_explicit(&f->sessions, memory_order_relaxed);
    info->open_files = atomic_load_explicit(&f->open_files, memory_order_relaxed);
    info->operations = atomic_load_explicit(&f->operations, memory_order_relaxed);
    info->rekeys = atomic_load_explicit(&f->rekeys, memory_order_relaxed);
    if (*info->activity)
        info->activity_done = atomic_load_explicit(&f->transferred, memory_order_relaxed);
    return true;
}
