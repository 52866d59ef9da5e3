#include "sallyport/version.h"

const char *sally_version(void)
{
    return SALLY_VERSION_STRING;
}
