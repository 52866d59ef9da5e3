#include "server/protocols.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static const struct protocol *const protocols[] = {
    &protocol_sftp,
};

const struct protocol *protocol_at(size_t index)
{
    return index < COUNT_OF(protocols) ? protocols[index] : NULL;
}

const struct protocol *protocol_find(const char *name, size_t size)
{
    const struct protocol *p;
    for (size_t i = 0; (p = protocol_at(i)) != NULL; i++)
        if (strlen(p->name) == size && memcmp(p->name, name, size) == 0)
            return p;
    return NULL;
}

void protocols_list(char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < COUNT_OF(protocols) && used < size; i++)
        used +=
            (size_t)snprintf(out + used, size - used, "%s%s://", i ? ", " : "", protocols[i]->name);
}
