#include "sallyport/error.h"

const char *sally_strerror(sally_error error)
{
    switch (error) {
#define TEXT(name, value, text)                                                                    \
    case value:                                                                                    \
        return text;
        SALLY_ERROR_MAP(TEXT)
#undef TEXT
    default:
        return "unknown error";
    }
}
