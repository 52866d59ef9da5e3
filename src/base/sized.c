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

void sized_fill(void *theirs, size_t given, const void *ours, size_t known)
{
    if (given > known)
        memset((unsigned char *)theirs + known, 0, given - known);
    memcpy(theirs, ours, given < known ? given : known);
}
