#include "sallyport/version.h"

const char *sally_version(void)
{
    return SALLY_VERSION_STRING;
}

uint32_t sally_version_number(void)
{
    return SALLY_VERSION_NUMBER;
}
