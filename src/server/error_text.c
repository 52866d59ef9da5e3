/* What went wrong, as text. Each thread has its own, so that what one thread reads is not what
 * another thread's call left behind, nor one that is being written. */
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "os/thread.h"
#include "server/server.h"

#define FAILURE_SIZE 2048

/* So many threads may have a text before those that are gone are looked for. */
#define REAP_AT 64

struct failure {
    struct list link;
    uint64_t thread; /* os_thread_id() */
    char text[FAILURE_SIZE];
};

/* Under the failures' lock. A thread that is gone may have left its text to the next one of the
 * same number. */
static struct failure *find(const sally_server *server)
{
    uint64_t self = os_thread_id();
    LIST_EACH (item, &server->failures) {
        struct failure *f = CONTAINER_OF(item, struct failure, link);
        if (f->thread == self)
            return f;
    }
    return NULL;
}

/* Under the lock. */
static void reap(sally_server *server)
{
    uint32_t left = 0;
    LIST_EACH (item, &server->failures) {
        struct failure *f = CONTAINER_OF(item, struct failure, link);
        if (os_thread_exists(f->thread)) {
            left++;
            continue;
        }
        list_remove(&f->link);
        mem_free(f);
    }
    server->failure_count = left;
    server->failures_reap_at = left + REAP_AT;
}

/* Under the lock. NULL: out of memory. */
static struct failure *new_failure(sally_server *server)
{
    if (server->failure_count >= server->failures_reap_at)
        reap(server);
    struct failure *f = mem_zalloc(sizeof *f);
    if (!f)
        return NULL;
    f->thread = os_thread_id();
    list_append(&server->failures, &f->link);
    server->failure_count++;
    return f;
}

sally_error server_fail(sally_server *server, sally_error error, const char *format, ...)
{
    char text[FAILURE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pthread_mutex_lock(&server->failures_lock);
    struct failure *f = find(server);
    if (!f)
        f = new_failure(server);
    if (f)
        snprintf(f->text, sizeof f->text, "%s", text);
    else
        server->failures_lost = true;
    pthread_mutex_unlock(&server->failures_lock);
    return error;
}

const char *sally_server_error(const sally_server *server)
{
    if (!server)
        return "";
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&server->failures_lock;
    pthread_mutex_lock(lock);
    const struct failure *f = find(server);
    bool lost = server->failures_lost;
    pthread_mutex_unlock(lock);
    return f ? f->text : lost ? "out of memory" : "";
}

void server_failures_free(sally_server *server)
{
    struct list *item;
    while ((item = list_take_first(&server->failures)) != NULL)
        mem_free(CONTAINER_OF(item, struct failure, link));
}
