#include "base/cursor.h"

#include "base/mem.h"

char *slice_strdup(struct slice s)
{
    if (slice_has_nul(s))
        return NULL;
    return mem_strndup((const char *)s.data, s.size);
}
