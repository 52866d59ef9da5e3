#include "base/sized.h"

#include <string.h>

bool sized_copy(void *ours, size_t known, const void *theirs, size_t given, size_t least)
{
    const unsigned char *bytes = theirs;
    if (given < least)
        return false;
    for (size_t i = known; i < given; i++) {
        if (bytes[i] != 0)
            return false;
    }
    memset(ours, 0, known);
    memcpy(ours, theirs, given < known ? given : known);
    return true;
}
