#include "os/thread_texts.h"

#include <stdio.h>

#include "base/mem.h"
#include "os/thread.h"

#define TEXT_SIZE 2048

/* So many threads may have a text before those that are gone are looked for. */
#define REAP_AT 64

struct thread_text {
    struct list link;
    uint64_t thread; /* os_thread_id() */
    char text[TEXT_SIZE];
};

void thread_texts_init(struct thread_texts *t)
{
    list_init(&t->texts);
    t->count = 0;
    t->reap_at = REAP_AT;
    t->lost = false;
    pthread_mutex_init(&t->lock, NULL);
}

void thread_texts_clear(struct thread_texts *t)
{
    struct list *item;
    while ((item = list_pop_first(&t->texts)) != NULL)
        mem_free(CONTAINER_OF(item, struct thread_text, link));
    pthread_mutex_destroy(&t->lock);
}

/* Under the lock, as all below. A thread that is gone may have left its text to the next one of the
 * same number. */
static struct thread_text *find(const struct thread_texts *t)
{
    uint64_t self = os_thread_id();
    LIST_EACH (item, &t->texts) {
        struct thread_text *text = CONTAINER_OF(item, struct thread_text, link);
        if (text->thread == self)
            return text;
    }
    return NULL;
}

static void reap(struct thread_texts *t)
{
    uint32_t left = 0;
    LIST_EACH (item, &t->texts) {
        struct thread_text *text = CONTAINER_OF(item, struct thread_text, link);
        if (os_thread_exists(text->thread)) {
            left++;
            continue;
        }
        list_remove(&text->link);
        mem_free(text);
    }
    t->count = left;
    t->reap_at = left + REAP_AT;
}

/* NULL: out of memory. */
static struct thread_text *add(struct thread_texts *t)
{
    if (t->count >= t->reap_at)
        reap(t);
    struct thread_text *text = mem_zalloc(sizeof *text);
    if (!text)
        return NULL;
    text->thread = os_thread_id();
    list_append(&t->texts, &text->link);
    t->count++;
    return text;
}

void thread_texts_set(struct thread_texts *t, const char *format, va_list args)
{
    char room[TEXT_SIZE]; /* what is told may be the text that was there before */
    vsnprintf(room, sizeof room, format, args);
    pthread_mutex_lock(&t->lock);
    struct thread_text *text = find(t);
    if (!text)
        text = add(t);
    if (text)
        snprintf(text->text, sizeof text->text, "%s", room);
    else
        t->lost = true;
    pthread_mutex_unlock(&t->lock);
}

const char *thread_texts_get(const struct thread_texts *t)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&t->lock;
    pthread_mutex_lock(lock);
    const struct thread_text *text = find(t);
    bool lost = t->lost;
    pthread_mutex_unlock(lock);
    return text ? text->text : lost ? "out of memory" : "";
}
