/**
 * @file sallyport/error.h
 * Errors: what calls to the library return.
 */
#ifndef SALLYPORT_ERROR_H
#define SALLYPORT_ERROR_H

#include <stdint.h>

#include "sallyport/export.h"

SALLY_BEGIN_DECLS

/** 0 (::SALLY_E_OK) for success, otherwise one of the negative codes below. A function's comment
 * lists those that it returns. Besides, any function may return ::SALLY_E_INVALID for a NULL
 * pointer that it needs, and ::SALLY_E_NO_MEMORY. */
typedef int32_t sally_error;

/* clang-format off */
/** Every error code: X(name, value, text). */
#define SALLY_ERROR_MAP(X)                                                                  \
    X(OK,             0, "success")                                                         \
    X(NO_MEMORY,     -1, "out of memory")                                                   \
    X(INVALID,       -2, "invalid argument")                                                \
    X(BUSY,          -3, "the object is in use")                                            \
    X(NOT_FOUND,     -4, "not found")                                                       \
    X(EXISTS,        -5, "exists already")                                                  \
    X(SYSTEM,        -6, "the operating system reported an error")                          \
    X(UNSUPPORTED,   -7, "not supported")                                                   \
    X(PARSE,         -8, "malformed input")                                                 \
    X(RANGE,         -9, "value out of range")                                              \
    X(STATE,        -10, "not possible in this state")                                      \
    X(LIMIT,        -11, "a limit was reached")                                             \
    X(KEY,          -12, "unusable key")                                                    \
    X(PASSPHRASE,   -13, "wrong or missing passphrase")                                     \
    X(CRYPTO,       -14, "the cryptographic library reported an error")                     \
    X(CLOSED,       -15, "closed")                                                          \
    X(PROTOCOL,     -16, "the peer broke the protocol")                                     \
    X(ADDRESS,      -17, "unusable or occupied network address")                            \
    X(INSECURE,     -18, "other users could read or change the file")                       \
    X(TIMEOUT,      -19, "the time is over")
/* clang-format on */

/** The error codes. ::SALLY_ERROR_MAP has their texts. */
enum {
#define SALLY_ERROR_ENUM(name, value, text) SALLY_E_##name = (value),
    SALLY_ERROR_MAP(SALLY_ERROR_ENUM)
#undef SALLY_ERROR_ENUM
};

/** A short fixed text for a code; never NULL. Objects have more details, see for instance
 * sally_server_error(). Any thread. */
SALLY_API const char *sally_strerror(sally_error error);

SALLY_END_DECLS

#endif
