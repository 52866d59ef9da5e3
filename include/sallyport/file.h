/**
 * @file sallyport/file.h
 * Open files and directories. The library creates a sally_file, keeps statistics in it, and frees
 * it once CLOSE has been answered. Storages and hooks keep their own data in it:
 * sally_file_set_data().
 *
 * Operations on paths have no file, so the functions below accept NULL, for which they return
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

/** How a transfer ended. Known from CLOSE on. */
enum {
    SALLY_CLOSED_BY_CLIENT = 1, /**< the client closed it */
    SALLY_CLOSED_LOST = 2, /**< the client did not close it: its input ended, it closed the channel
                              or disconnected, the connection broke or timed out, or the program
                              freed the sally_sftp. An upload may be incomplete */
    SALLY_CLOSED_BY_SERVER = 3, /**< the server stopped or disconnected the client, or the program
                                   closed a file of its own with sally_session_submit() */
    SALLY_CLOSED_ERROR =
        4, /**< the client closed it, but an earlier operation on the file had failed, or an scp
              client reported that it could not read all of the file */
    SALLY_CLOSED_REFUSED = 5, /**< the storage opened it, but a wrapper or an after-hook then made
                                 the OPEN or OPENDIR fail: the client never got the file */
    SALLY_CLOSED_ABORTED =
        6, /**< the client aborted the transfer with a command (ABOR), and its session continues.
              Reserved: no protocol in this version does this */
    SALLY_CLOSED_DATA_LOST = 7 /**< the transfer's data connection broke or timed out, and the
                                  session continues. Reserved, as above */
};

/** What has been done with a file since it was opened. */
typedef struct sally_file_facts {
    uint64_t bytes_read;     /**< bytes read by READ and COPY, including those of the program's own
                                operations (sally_session_submit()) */
    uint64_t bytes_written;  /**< bytes that the storage accepted from WRITE and COPY */
    uint64_t highest_offset; /**< end of the highest range written; 0 if nothing was */
    uint64_t gap_bytes; /**< bytes below highest_offset that this handle did not write; exact for up
                           to 16 separate ranges, a lower bound for more */
    uint64_t opened_ns; /**< when OPEN was called, by CLOCK_MONOTONIC; 0 in a sally_sftp, which has
                           no clock */
    uint32_t open_flags;   /**< SALLY_OPEN_ bits */
    uint32_t close_reason; /**< SALLY_CLOSED_ value; 0 while it is open */
    sally_status worst;    /**< the first failure of a READ (other than EOF), WRITE, FSYNC, or COPY
                              from or to it; SALLY_OK if there was none. Failures of operations that
                              the program submitted count only for its own files */
    uint32_t is_directory; /**< 1 if OPENDIR opened it */
    uint32_t internal;     /**< 1 if the program opened it with sally_session_submit() */
    uint32_t reserved;     /**< zero */
    uint64_t reserved2[4]; /**< zero */
} sally_file_facts;

/**
 * Keeps `data` in `file` for `owner`. The owner is any unique address: storages use their
 * ::sally_fs, hooks the address of a variable of their own. Any number of owners can keep data in a
 * file, and none sees the data of another. `free_data` (may be NULL) is called once with `data`
 * when the file goes away, whether it was closed, its OPEN failed or was refused, or its session
 * ended. That happens on the session's network thread, so `free_data` must not wait: work that may
 * wait belongs in a close slot or a CLOSE hook. When other data replaces `data`, it is freed at
 * once, on the caller's thread.
 *
 * A storage may pass no `free_data` and free its data in its close or closedir slot instead, which
 * is always called after a successful OPEN or OPENDIR.
 *
 * Only while an operation on the file is yours, and not concurrently with another call for the same
 * owner. ::SALLY_E_INVALID if `file` or `owner` is NULL; ::SALLY_E_NO_MEMORY (the first three
 * owners need no memory). On failure `data` remains yours.
 */
SALLY_API sally_error sally_file_set_data(sally_file *file, const void *owner, void *data,
                                          void (*free_data)(void *data));

/** The data that `owner` keeps in `file`; NULL if there is none. Only while an operation on the
 * file is yours. */
SALLY_API void *sally_file_data(const sally_file *file, const void *owner);

/**
 * Tells the library which file a handle refers to. A storage with ::SALLY_FS_CONCURRENT calls this
 * in its open slot. Handles with the same `device` and `number` refer to the same file, under any
 * name and from any storage. Handles with different identities refer to different files, and
 * operations on them may run at the same time. A handle without an identity could refer to any
 * file, so its operations are ordered against those on all other files. A wrapper that opens a file
 * other than the one its inner storage opened sets its own identity after the inner storage has
 * answered. Ignored for directories.
 */
SALLY_API void sally_file_set_identity(sally_file *file, uint64_t device, uint64_t number);

/** The identity set by the storage, the last one if several set it, to compare with that of other
 * handles. In `on_done` of OPEN, storages inside have set theirs. False, without writing anything,
 * for a directory, for a file without an identity and for NULL. Only while an operation on the
 * file is yours. (What STAT reports for a path is ::SALLY_ATTR_IDENTITY, which may differ from
 * this.) */
SALLY_API bool sally_file_get_identity(const sally_file *file, uint64_t *device, uint64_t *number);

/** The path by which the file was opened. Valid as long as the file. */
SALLY_API const char *sally_file_path(const sally_file *file);

/** Copies the facts. Only inside callbacks for an operation on this file. */
SALLY_API void sally_file_get_facts(const sally_file *file, sally_file_facts *facts);

/** A number that is unique among the open files of this session, for logs. */
SALLY_API uint64_t sally_file_id(const sally_file *file);

SALLY_END_DECLS

#endif
