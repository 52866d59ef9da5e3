/* Memory that lasts as long as a login attempt, and may contain secrets. */
#include <stddef.h>
#include <string.h>

#include "auth/request.h"
#include "base/mem.h"

struct auth_memory {
    struct auth_memory *next;
    size_t size; /* of data */
    max_align_t data[];
};

void *sally_auth_alloc(sally_auth_request *request, size_t size)
{
    struct auth_request *r = CONTAINER_OF(request, struct auth_request, pub);
    if (size > SIZE_MAX / 2)
        return NULL;
    struct auth_memory *memory = mem_zalloc(sizeof *memory + size);
    if (!memory)
        return NULL;
    memory->size = size;
    memory->next = r->memory;
    r->memory = memory;
    return memory->data;
}

char *sally_auth_strdup(sally_auth_request *request, const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = sally_auth_alloc(request, size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void auth_memory_free(struct auth_memory *memory)
{
    while (memory) {
        struct auth_memory *next = memory->next;
        mem_wipe_free(memory, sizeof *memory + memory->size);
        memory = next;
    }
}
