#include "base/names.h"

#include <string.h>

bool names_next(struct slice *list, struct slice *name)
{
    if (list->size == 0)
        return false;
    const uint8_t *comma = memchr(list->data, ',', list->size);
    name->data = list->data;
    name->size = comma ? (size_t)(comma - list->data) : list->size;
    size_t used = name->size + (comma ? 1 : 0);
    list->data += used;
    list->size -= used;
    return true;
}

bool names_have(struct slice list, struct slice name)
{
    struct slice candidate;
    while (names_next(&list, &candidate))
        if (slice_equal(candidate, name))
            return true;
    return false;
}
