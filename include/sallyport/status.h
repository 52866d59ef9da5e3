/**
 * @file sallyport/status.h
 * Statuses: how operations end. The values 0 to 31 are those of SFTP (draft-ietf-secsh-filexfer-13
 * section 9.1); each is translated to what the client's protocol version can express.
 */
#ifndef SALLYPORT_STATUS_H
#define SALLYPORT_STATUS_H

#include <stdint.h>

#include "sallyport/export.h"

SALLY_BEGIN_DECLS

/** 0 to 31 for an answer; negative for the special values below. */
typedef int32_t sally_status;

/* clang-format off */
/** Every status: X(name, value, SFTP version 3 code, FTP reply, text for the client). The version 3
 * code is the one that OpenSSH's server sends for the same failure. */
#define SALLY_STATUS_MAP(X)                                                                 \
    X(OK,                           0, 0, 250, "Success")                                   \
    X(EOF,                          1, 1, 226, "End of file")                               \
    X(NO_SUCH_FILE,                 2, 2, 550, "No such file or directory")                 \
    X(PERMISSION_DENIED,            3, 3, 550, "Permission denied")                         \
    X(FAILURE,                      4, 4, 451, "Failure")                                   \
    X(BAD_MESSAGE,                  5, 5, 501, "Malformed request")                         \
    X(NO_CONNECTION,                6, 6, 426, "No connection")                             \
    X(CONNECTION_LOST,              7, 7, 426, "Connection lost")                           \
    X(UNSUPPORTED,                  8, 8, 502, "Operation not supported")                   \
    X(INVALID_HANDLE,               9, 2, 550, "Invalid handle")                            \
    X(NO_SUCH_PATH,                10, 2, 550, "No such path")                              \
    X(FILE_ALREADY_EXISTS,         11, 4, 550, "File already exists")                       \
    X(WRITE_PROTECT,               12, 3, 550, "Read-only storage")                         \
    X(NO_MEDIA,                    13, 4, 450, "No media")                                  \
    X(NO_SPACE_ON_FILESYSTEM,      14, 4, 452, "No space left on storage")                  \
    X(QUOTA_EXCEEDED,              15, 4, 552, "Quota exceeded")                            \
    X(UNKNOWN_PRINCIPAL,           16, 4, 550, "Unknown user or group")                     \
    X(LOCK_CONFLICT,               17, 4, 450, "File is locked")                            \
    X(DIR_NOT_EMPTY,               18, 4, 550, "Directory not empty")                       \
    X(NOT_A_DIRECTORY,             19, 2, 550, "Not a directory")                           \
    X(INVALID_FILENAME,            20, 5, 553, "Invalid file name")                         \
    X(LINK_LOOP,                   21, 2, 550, "Too many symbolic links")                   \
    X(CANNOT_DELETE,               22, 4, 550, "Cannot delete")                             \
    X(INVALID_PARAMETER,           23, 5, 501, "Invalid parameter")                         \
    X(FILE_IS_A_DIRECTORY,         24, 4, 550, "Is a directory")                            \
    X(BYTE_RANGE_LOCK_CONFLICT,    25, 4, 450, "Byte range is locked")                      \
    X(BYTE_RANGE_LOCK_REFUSED,     26, 4, 450, "Byte range lock refused")                   \
    X(DELETE_PENDING,              27, 4, 450, "Delete pending")                            \
    X(FILE_CORRUPT,                28, 4, 551, "File is corrupt")                           \
    X(OWNER_INVALID,               29, 5, 550, "Invalid owner")                             \
    X(GROUP_INVALID,               30, 5, 550, "Invalid group")                             \
    X(NO_MATCHING_BYTE_RANGE_LOCK, 31, 4, 550, "No matching byte range lock")
/* clang-format on */

/** The statuses. ::SALLY_STATUS_MAP has their texts and translations. */
enum {
#define SALLY_STATUS_ENUM(name, value, v3, ftp, text) SALLY_##name = (value),
    SALLY_STATUS_MAP(SALLY_STATUS_ENUM)
#undef SALLY_STATUS_ENUM
    /** Returned by a slot or hook that will call sally_op_finish() later. Never passed to
     * sally_op_finish(). */
    SALLY_PENDING = -1,
    /** Declines an operation with ::SALLY_OP_TRY: it is called again where it may block. */
    SALLY_WOULD_BLOCK = -2,
    /** A before-hook's answer: no objection, continue. */
    SALLY_CONTINUE = -3
};

/** The short text that clients are sent for a status; never NULL. Any thread. */
SALLY_API const char *sally_status_text(sally_status status);

/**
 * The status for a value of errno, from the table that the whole library uses: ::SALLY_OK for 0,
 * ::SALLY_FAILURE for an unknown value. Any thread.
 */
SALLY_API sally_status sally_status_from_errno(int error);

SALLY_END_DECLS

#endif
