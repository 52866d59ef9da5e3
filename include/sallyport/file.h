/**
 * @file sallyport/file.h
 * An open file or directory. The library makes it, counts on it and frees it after CLOSE was
 * answered. Storages, hooks and others keep data of their own in it: sally_file_set_data().
 *
 * Operations on paths have no file, so the functions below accept NULL: they then return
 * ::SALLY_E_INVALID, NULL or 0.
 */
#ifndef SALLYPORT_FILE_H
#define SALLYPORT_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/op.h"

SALLY_BEGIN_DECLS

/** How a transfer ended, known from CLOSE on. */
enum {
    SALLY_CLOSED_BY_CLIENT = 1, /**< the client said close */
    SALLY_CLOSED_LOST = 2,      /**< the client did not close it: its input ended, it closed the
                                   channel or disconnected, the connection broke or timed out, or
                                   the program freed the sally_sftp. An upload may be incomplete */
    SALLY_CLOSED_BY_SERVER = 3, /**< the server stops, or disconnected the client, or the program
                                   closed a file of its own with sally_session_submit() */
    SALLY_CLOSED_ERROR = 4,     /**< the client said close, but an earlier operation on the file had
                                   failed, or an scp client reported that it could not read all that
                                   it had to send */
    SALLY_CLOSED_REFUSED = 5,   /**< the storage opened it, but a wrapper or an after-hook then
                                   failed the OPEN or OPENDIR: the client never got the file */
    SALLY_CLOSED_ABORTED = 6,   /**< the client broke the transfer off by a command (ABOR), and its
                                   session goes on. Reserved: no protocol of this version has it */
    SALLY_CLOSED_DATA_LOST = 7  /**< the connection that carried the transfer's data broke or timed
                                   out, and the session goes on. Reserved, as above */
};

/** What was done with a file while it was open. */
typedef struct sally_file_facts {
    uint64_t bytes_read; /**< sum of all READs, and what COPY took from it; the program's own
                            (sally_session_submit()) count as well */
    uint64_t
        bytes_written; /**< sum of all WRITEs that the storage took, and what COPY put into it */
    uint64_t highest_offset; /**< end of the last byte written; 0 for none */
    uint64_t gap_bytes;  /**< bytes below highest_offset that this handle did not write; exact while
                            at most 16 separate ranges were written, else at least this */
    uint64_t opened_ns;  /**< time of the OPEN by CLOCK_MONOTONIC; 0 in a sally_sftp, which has no
                            clock */
    uint32_t open_flags; /**< SALLY_OPEN_ bits */
    uint32_t close_reason; /**< SALLY_CLOSED_ value; 0 while it is open */
    sally_status worst;    /**< first failure of a READ (but EOF), WRITE, FSYNC, or COPY from or to
                              it; SALLY_OK for none. Failures of operations that the program has
                              submitted count for files of its own only */
    uint32_t is_directory; /**< 1 when it came from OPENDIR */
    uint32_t internal;     /**< 1 when the program opened it with sally_session_submit() */
    uint32_t reserved;     /**< zero */
    uint64_t reserved2[4]; /**< zero */
} sally_file_facts;

/**
 * Keeps `data` in `file` for `owner`, which is any unique address: a storage
 * its ::sally_fs, hooks the address of a variable of their own. Owners do not see each other's
 * data, and there may be any number of them. `free_data` (or NULL) is called with `data` once, when
 * the file is gone, however that came about: closed, its OPEN failed or was refused, its session
 * ended. It is called on the session's network thread, where it must not wait; what has to wait
 * belongs in a close slot or a hook of CLOSE. `data` that is replaced by other data is freed at
 * once, in the caller's thread.
 *
 * A storage may also free its data in its close or closedir slot, which is called whenever its OPEN
 * or OPENDIR ended well, and give no `free_data`.
 *
 * Only while an operation on the file is yours, and not at the same time as another call for the
 * same owner. ::SALLY_E_INVALID for a `file` or `owner` that is NULL, ::SALLY_E_NO_MEMORY (the
 * first three owners need none): `data` is then still yours.
 */
SALLY_API sally_error sally_file_set_data(sally_file *file, const void *owner, void *data,
                                          void (*free_data)(void *data));

/** The data that `owner` keeps in `file`; NULL when there is none. Only while an operation on the
 * file is yours. */
SALLY_API void *sally_file_data(const sally_file *file, const void *owner);

/**
 * Tells the library which file a handle refers to. A storage that is ::SALLY_FS_CONCURRENT calls
 * this in its open slot. Handles with the same `device` and `number` refer to the same file,
 * whatever names they were opened by, and whichever storage says so. Handles with different
 * identities refer to different files, and operations on them may run at the same time. A handle
 * without an identity may refer to any file: its operations are ordered against those on all other
 * files. A wrapper that opens another file than the storage inside sets an identity of its own once
 * the storage inside has answered. Ignored for directories.
 */
SALLY_API void sally_file_set_identity(sally_file *file, uint64_t device, uint64_t number);

/** The path that the file was opened by; lives as long as the file. */
SALLY_API const char *sally_file_path(const sally_file *file);

/** A copy of the facts; inside callbacks for an operation on this file. */
SALLY_API void sally_file_get_facts(const sally_file *file, sally_file_facts *facts);

/** A number that no other open file of this session has, for logs. */
SALLY_API uint64_t sally_file_id(const sally_file *file);

SALLY_END_DECLS

#endif
