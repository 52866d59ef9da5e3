/* What any thread can see of a connection. */
#include <string.h>

#include "base/mem.h"
#include "server/conn.h"
#include "server/conn_session.h"
#include "server/server.h"

void conn_facts_init(struct conn_facts *facts)
{
    pthread_mutex_init(&facts->lock, NULL);
    list_init(&facts->files);
}

void conn_facts_clear(struct conn_facts *facts)
{
    open_files_clear(&facts->files);
    mem_free(facts->user);
    mem_free(facts->algorithms);
    mem_free(facts->client_version);
    mem_free(facts->server_version);
    pthread_mutex_destroy(&facts->lock);
}

void conn_set_text(struct conn *c, char **place, const char *text)
{
    char *copy = mem_strdup(text); /* without memory, it is just not shown */
    pthread_mutex_lock(&c->facts.lock);
    char *old = *place;
    *place = copy;
    pthread_mutex_unlock(&c->facts.lock);
    mem_free(old);
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

/* Copies `text` to `at`, and returns the position after it. */
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
    const struct open_file *last = open_files_last(&f->files);
    const char *activity = last ? last->text : "";
    char *storage = mem_alloc(strlen(user) + strlen(algorithms) + strlen(activity) + 3);
    if (!storage)
        return NULL;
    char *at = append(storage, &info->user, user);
    at = append(at, &info->algorithms, algorithms);
    (void)append(at, &info->activity, activity);
    info->activity_size = last ? last->size : 0;
    return storage;
}

bool conn_describe(struct conn *c, sally_connection_info *info, sally_peer *peer, char **storage)
{
    struct conn_facts *f = &c->facts;
    *info = (sally_connection_info){
        .struct_size = sizeof *info, .id = c->peer.connection_id, .peer = peer};
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
