/* What is shown of a connection to whoever asks, in any thread. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "server/channel.h"
#include "server/conn.h"

void conn_facts_init(struct conn_facts *facts)
{
    pthread_mutex_init(&facts->lock, NULL);
    facts->state = "handshake";
}

void conn_facts_clear(struct conn_facts *facts)
{
    mem_free(facts->user);
    mem_free(facts->algorithms);
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

void conn_set_state(struct conn *c, const char *state)
{
    pthread_mutex_lock(&c->facts.lock);
    c->facts.state = state;
    pthread_mutex_unlock(&c->facts.lock);
}

void conn_update_numbers(struct conn *c)
{
    uint32_t sessions = 0, files = 0, operations = 0;
    LIST_EACH(item, &c->channels)
    {
        const struct channel *ch = CONTAINER_OF(item, struct channel, link);
        sessions++;
        if (!ch->sftp)
            continue;
        files += session_file_count(ch->session);
        operations += session_in_flight(ch->session);
    }
    atomic_store_explicit(&c->facts.sessions, sessions, memory_order_relaxed);
    atomic_store_explicit(&c->facts.open_files, files, memory_order_relaxed);
    atomic_store_explicit(&c->facts.operations, operations, memory_order_relaxed);
}

static char *append(char *at, const char **place, const char *text, size_t size)
{
    memcpy(at, text, size);
    at[size] = '\0';
    *place = at;
    return at + size + 1;
}

bool conn_describe(struct conn *c, sally_connection_info *info, sally_peer *peer, char **storage)
{
    struct conn_facts *f = &c->facts;
    pthread_mutex_lock(&f->lock);
    const char *user = f->user ? f->user : "";
    const char *algorithms = f->algorithms ? f->algorithms : "";
    size_t user_size = strlen(user), algorithms_size = strlen(algorithms);
    char *text = mem_alloc(user_size + algorithms_size + 2);
    *peer = c->peer;
    *storage = text;
    *info = (sally_connection_info){.id = c->peer.connection_id, .peer = peer, .state = f->state};
    if (text) {
        char *at = append(text, &info->user, user, user_size);
        append(at, &info->algorithms, algorithms, algorithms_size);
    }
    pthread_mutex_unlock(&f->lock);
    if (!text)
        return false;
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
    info->activity = "";
    return true;
}
