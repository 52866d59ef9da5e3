/* Uploads that are under way, and names for them. */
#include <stdio.h>
#include <string.h>

#include "core/path.h"
#include "fs/staging.h"

#define DIGITS 16

bool staging_is_temporary(const struct staging *st, const char *path)
{
    return strncmp(path_last(path), st->prefix, strlen(st->prefix)) == 0;
}

struct upload_path *staging_path(const char *text)
{
    size_t size = strlen(text) + 1;
    struct upload_path *path = mem_alloc(sizeof(*path) + size);
    if (!path)
        return NULL;
    path->older = NULL;
    memcpy(path->text, text, size);
    return path;
}

struct upload_path *staging_name(struct staging *st, const char *target)
{
    size_t directory = (size_t)(path_last(target) - target), prefix = strlen(st->prefix);
    size_t size = directory + prefix + DIGITS + 1;
    struct upload_path *path = mem_alloc(sizeof(*path) + size);
    if (!path)
        return NULL;
    path->older = NULL;
    memcpy(path->text, target, directory);
    snprintf(path->text + directory, size - directory, "%s%016llx", st->prefix,
             (unsigned long long)atomic_fetch_add(&st->next_number, 1));
    return path;
}

static void free_paths(struct upload_path *path)
{
    while (path) {
        struct upload_path *older = path->older;
        mem_free(path);
        path = older;
    }
}

void staging_upload_free(struct upload *u)
{
    if (!u)
        return;
    free_paths(u->target);
    free_paths(u->temporary);
    mem_free(u);
}

char *staging_path_for(struct staging *st, sally_op *op, struct upload_path *const *path)
{
    pthread_mutex_lock(&st->lock);
    char *copy = sally_op_strdup(op, (*path)->text);
    pthread_mutex_unlock(&st->lock);
    return copy;
}

const char *staging_own_upload(struct staging *st, sally_op *op)
{
    const char *found = NULL;
    if (!op->path || atomic_load_explicit(&st->active, memory_order_relaxed) == 0)
        return NULL;
    pthread_mutex_lock(&st->lock);
    LIST_EACH (item, &st->uploads) {
        const struct upload *u = CONTAINER_OF(item, struct upload, link);
        if (!found && u->session == op->session && strcmp(u->target->text, op->path) == 0)
            found = sally_op_strdup(op, u->temporary->text);
    }
    pthread_mutex_unlock(&st->lock);
    return found;
}

bool staging_any_upload(struct staging *st, const char *target)
{
    bool any = false;
    pthread_mutex_lock(&st->lock);
    LIST_EACH (item, &st->uploads) {
        const struct upload *u = CONTAINER_OF(item, struct upload, link);
        any = any || strcmp(u->target->text, target) == 0;
    }
    pthread_mutex_unlock(&st->lock);
    return any;
}

static void move(struct upload_path **path, const char *from, const char *to)
{
    const char *text = (*path)->text;
    if (!path_is_below(text, from))
        return;
    size_t front = strlen(to), back = strlen(text + strlen(from)) + 1;
    struct upload_path *moved = mem_alloc(sizeof(*moved) + front + back);
    if (!moved)
        return; /* CLOSE will not find it, and will fail */
    memcpy(moved->text, to, front);
    memcpy(moved->text + front, text + strlen(from), back);
    moved->older = *path;
    *path = moved;
}

void staging_moved(struct staging *st, const char *from, const char *to, const char *real_from,
                   const char *real_to)
{
    pthread_mutex_lock(&st->lock);
    LIST_EACH (item, &st->uploads) {
        struct upload *u = CONTAINER_OF(item, struct upload, link);
        /* The file of its target's name is another one, and may move away. */
        if (strcmp(u->target->text, from) != 0)
            move(&u->target, from, to);
        move(&u->temporary, real_from, real_to);
    }
    pthread_mutex_unlock(&st->lock);
}
