/* The URLs of listeners, which the program may keep for as long as the server lives. */
#include <string.h>

#include "base/mem.h"
#include "server/server.h"

/* Equal ones are stored once: listeners may come and go for years. */
struct kept_url {
    struct list link;
    char text[];
};

const char *server_keep_url(sally_server *server, const char *url)
{
    size_t size = strlen(url) + 1;
    struct kept_url *kept = mem_alloc(sizeof *kept + size);
    if (!kept)
        return NULL;
    list_init(&kept->link);
    memcpy(kept->text, url, size);
    const char *text = NULL;
    pthread_mutex_lock(&server->lock);
    LIST_EACH (item, &server->urls) {
        const struct kept_url *known = CONTAINER_OF(item, struct kept_url, link);
        if (strcmp(known->text, url) == 0)
            text = known->text;
    }
    if (!text)
        list_append(&server->urls, &kept->link);
    pthread_mutex_unlock(&server->lock);
    if (!text)
        return kept->text;
    mem_free(kept);
    return text;
}

void server_urls_free(sally_server *server)
{
    struct list *item;
    while ((item = list_pop_first(&server->urls)) != NULL)
        mem_free(CONTAINER_OF(item, struct kept_url, link));
}
