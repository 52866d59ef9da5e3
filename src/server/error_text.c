/* What went wrong, as text. Each thread has its own, so that what one thread reads is not what
 * another thread's call left behind, nor one that is being written. */
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "server/server.h"

#define FAILURE_SIZE 2048

struct failure {
    struct list link;
    pthread_t thread;
    char text[FAILURE_SIZE];
};

/* Under the failures' lock. Threads that are gone leave theirs behind: to the next one of the same
 * name, or the end. */
static struct failure *find(const sally_server *server)
{
    LIST_EACH (item, &server->failures) {
        struct failure *f = CONTAINER_OF(item, struct failure, link);
        if (pthread_equal(f->thread, pthread_self()))
            return f;
    }
    return NULL;
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
    if (!f && (f = mem_zalloc(sizeof *f)) != NULL) {
        f->thread = pthread_self();
        list_append(&server->failures, &f->link);
    }
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
