/**
 * @file sallyport/fs.h
 * Storages: where files live. Fill in the slots that you need, and leave the others NULL.
 *
 * Every slot returns the operation's status. A slot that cannot answer yet returns ::SALLY_PENDING;
 * sally_op_finish() must then be called exactly once, from any thread. The slots of one session are
 * called one after another, so a storage needs no lock inside a session; slots of different
 * sessions are called at the same time, from different threads.
 *
 * A slot may block, but it occupies one of the server's worker threads until it returns. There are
 * 256 of them (setting server.workers), of which one connection can use 16
 * (server.workers_per_connection) and all connections of one user three quarters
 * (server.workers_per_user). Once a limit is reached, further operations of that connection, of
 * that user, or of everyone wait until a slot returns. A slot that may wait longer than a moment
 * should therefore return ::SALLY_PENDING: pending operations occupy no thread. Without workers (in
 * a sally_sftp, and with sally_server_poll() unless server.workers is set) a slot that blocks
 * delays everything.
 *
 * Workers have stacks of 512 KiB (server.worker_stack), which hooks and wrappers above the storage
 * use too. A slot should use at most half of that; allocate larger buffers with sally_op_alloc().
 * The stacks of network threads, on which slots run with ::SALLY_FS_NONBLOCKING and ::SALLY_FS_TRY,
 * are at least as large.
 *
 * The library's threads block all signals, and child processes inherit this. SIGTERM cannot end a
 * program that a slot or hook has started, unless that program starts with an empty signal mask:
 * use posix_spawn() with POSIX_SPAWN_SETSIGMASK, or pthread_sigmask() between fork() and exec().
 */
#ifndef SALLYPORT_FS_H
#define SALLYPORT_FS_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/op.h"
#include "sallyport/session.h"
#include "sallyport/status.h"

SALLY_BEGIN_DECLS

/** Traits of a storage. */
enum {
    /** No slot ever waits: all are called on the network thread, without a thread switch. */
    SALLY_FS_NONBLOCKING = 0x1,
    /** Operations of one session may run at the same time where the client cannot tell the
     * difference:
     * - Operations that only read (READ, STAT, FSTAT, FSYNC, HASH, READLINK, REALPATH, STATVFS,
     *   LOOKUP_IDS, OPENDIR, READDIR, and an OPEN that neither creates, truncates nor reserves) run
     *   concurrently, except that each directory has at most one READDIR at a time.
     * - WRITE, FSETSTAT, LOCK and UNLOCK run concurrently with operations on handles of other files
     *   (sally_file_set_identity()), but not with reads by path. WRITEs of one file run one after
     *   another, unless ::SALLY_FS_CONCURRENT_WRITES is set, too.
     * - All others run alone.
     *
     * READDIR may be called ahead of the client's request, to prefetch the next entries. */
    SALLY_FS_CONCURRENT = 0x2,
    /** The storage supports ::SALLY_OP_TRY. */
    SALLY_FS_TRY = 0x4,
    /** Attributes may include an ACL with allow and deny entries: STAT returns it if
     * ::SALLY_ATTR_ACL is wanted, SETSTAT sets it. */
    SALLY_FS_ACL = 0x8,
    /** With ::SALLY_FS_CONCURRENT: several WRITEs of one file may run at the same time, even on one
     * handle. For storages whose WRITE waits for something, such as a network: an upload then
     * transfers as many WRITEs per round trip as the setting limits.operations allows, instead of
     * one.
     * - WRITEs start in the order they arrived. One whose range overlaps that of an earlier
     * unanswered WRITE waits for it, and so do all later WRITEs of the file.
     * - WRITEs of a handle that was opened with ::SALLY_OPEN_APPEND or in text mode do not run
     * concurrently with other WRITEs of the file.
     * - All other operations that may be on the same file wait for its WRITEs as before, and WRITEs
     *   for them: READ, FSTAT, FSYNC, FSETSTAT (so of a size), LOCK, UNLOCK; CLOSE, COPY and
     *   SETSTAT, as everything that runs alone; and the operations that read by path, such as STAT.
     *   When the slot of one of these is called, all earlier WRITEs have been answered.
     *
     * A failed WRITE does not prevent later ones from being carried out: they may already be
     * running. A storage that answers WRITE before the data is stored must maintain this order
     * itself. WRITEs of scp uploads are treated in the same way. Each WRITE gets a thread of its
     * own, unless ::SALLY_FS_NONBLOCKING or ::SALLY_FS_TRY makes that unnecessary; without this
     * trait, one thread does several WRITEs of a file in a row, which is faster for storages that
     * hardly wait. That is why the local storage does not have this trait, but a wrapper over it
     * may. */
    SALLY_FS_CONCURRENT_WRITES = 0x10,
};

/** The type of all slots. */
typedef sally_status sally_fs_slot(sally_fs *fs, sally_op *op);

/**
 * The slots of a storage, named after the operations. See op.h for inputs and outputs. A NULL slot
 * answers ::SALLY_UNSUPPORTED unless its comment says otherwise. New slots are always appended.
 */
typedef struct sally_fs_methods {
    size_t struct_size;           /**< sizeof(sally_fs_methods) */
    uint32_t traits;              /**< SALLY_FS_ bits */
    uint32_t reserved;            /**< zero */
    sally_fs_slot *session_start; /**< NULL: succeeds. Anything but OK ends the session */
    sally_fs_slot *session_end;   /**< u.session.reason; after all files were closed, and only if
                                     session_start answered with success; a hook may have answered in
                                     its place. Its status is ignored */
    sally_fs_slot *open;          /**< u.open */
    /** NULL: succeeds. The client sees its status: this is the last chance to report that an upload
     * was not stored. OpenSSH's sftp and scp, lftp and AsyncSSH report a failure. curl and
     * Paramiko ignore it: fail WRITE or FSYNC if their users must know. */
    sally_fs_slot *close;
    sally_fs_slot *read;     /**< u.io */
    sally_fs_slot *write;    /**< u.io */
    sally_fs_slot *fsync;    /**< to be answered when the data is on disk */
    sally_fs_slot *lock;     /**< u.lock */
    sally_fs_slot *unlock;   /**< u.lock */
    sally_fs_slot *fstat;    /**< u.stat. NULL: `stat` of the path that the file was opened by */
    sally_fs_slot *fsetstat; /**< u.setstat. NULL: `setstat` of that path */
    sally_fs_slot *opendir;  /**< NULL: `stat` must say that it is a directory */
    sally_fs_slot *readdir;  /**< sally_op_add_entry() */
    sally_fs_slot *closedir; /**< NULL: succeeds */
    sally_fs_slot *stat;     /**< u.stat */
    sally_fs_slot *setstat;  /**< u.setstat */
    sally_fs_slot *remove;   /**< a file or link, never a directory */
    sally_fs_slot *rename;   /**< u.rename */
    sally_fs_slot *mkdir;    /**< u.setstat */
    sally_fs_slot *rmdir;    /**< an empty directory */
    sally_fs_slot *readlink; /**< u.text */
    sally_fs_slot *symlink;  /**< u.symlink */
    sally_fs_slot *link;     /**< u.rename: `path` exists, `to` is created */
    sally_fs_slot *realpath; /**< u.text. NULL: the normalised path is the answer */
    sally_fs_slot *statvfs;  /**< u.statvfs */
    /** u.copy; only called if this storage has opened both files. If it is NULL, or returns
     * ::SALLY_UNSUPPORTED before it has copied anything, the library copies by READ and WRITE,
     * which pass through all of the session's storages */
    sally_fs_slot *copy;
    sally_fs_slot *hash;       /**< u.hash. NULL: unsupported, and not announced to clients */
    sally_fs_slot *lookup_ids; /**< u.lookup_ids. NULL: there are no names */
    sally_fs_slot *extended;   /**< u.extended */
    /** Asks that a pending operation end soon; sally_op_finish() must still be called. Called on
     * the network thread, only while the operation is pending, possibly at the same time as the
     * finish: data that the finishing thread may free or change must be read under a lock that it
     * takes too. Must not wait. Optional.
     *
     * A wrapper sets sally_fs_cancel_inner() here (as sally_fs_methods_wrap() does), which passes
     * the request on to the storage inside that has the operation, or a function that calls it. If
     * an answer arrives while `cancel` runs, `on_done` is only called after it has returned, so the
     * result of sally_op_context() is valid until then. (The exception is a sally_fs_call() in a
     * thread of the wrapper's own, after its slot has returned ::SALLY_PENDING: its `on_done` may
     * be called in that thread meanwhile, and a slot of the storage inside may still be running
     * there when its `cancel` is called.) If the operation is then passed on again, or another one
     * is asked for, it is cancelled again. */
    void (*cancel)(sally_fs *fs, sally_op *op);
    /** Called once, when the last reference is released. May be NULL. */
    void (*destroy)(void *user_data);
    sally_fs_slot *chdir;   /**< NULL: `stat` must say that it is a directory */
    sally_fs_slot *command; /**< u.command */
} sally_fs_methods;

/**
 * Creates a storage. `methods` is copied. On failure `user_data` remains the caller's and destroy
 * is not called: ::SALLY_E_INVALID for an invalid struct_size, for unknown traits, and for
 * `reserved` and unknown slots that are not zero; ::SALLY_E_NO_MEMORY.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_new(sally_fs **out, const sally_fs_methods *methods,
                                                    void *user_data);

/** Takes a reference. Any thread. Returns `fs`. */
SALLY_API sally_fs *sally_fs_ref(sally_fs *fs);

/** Releases a reference; releasing the last one calls destroy. NULL is allowed. Any thread. */
SALLY_API void sally_fs_unref(sally_fs *fs);

/** The user_data that the storage was created with. */
SALLY_API void *sally_fs_data(const sally_fs *fs);

/** The storage's traits. */
SALLY_API uint32_t sally_fs_traits(const sally_fs *fs);

/** Whether the storage answers operations of this kind with anything but ::SALLY_UNSUPPORTED. */
SALLY_API int sally_fs_supports(const sally_fs *fs, uint32_t kind);

/**
 * For wrappers: sets every slot of `methods` that `inner` implements to `slot`. Other slots are
 * left unchanged: where they are NULL, the library's defaults use the wrapper's slots, and clients
 * are not offered what `inner` does not support. `methods->struct_size` must be set; slots and
 * traits may be changed afterwards.
 *
 * The wrapper must set slots that it needs itself, such as `close`, `closedir` and `session_end` to
 * free its data: if `inner` has no `close`, the wrapper's would not be set. sally_fs_call() then
 * answers as for a NULL slot.
 *
 * If `inner` has a `cancel`, that of `methods` becomes sally_fs_cancel_inner(). Of the traits of
 * `inner`, only ::SALLY_FS_ACL is copied. Add the others if they are true of the wrapper's own code
 * too: ::SALLY_FS_NONBLOCKING if it never waits, ::SALLY_FS_CONCURRENT if its slots may be called
 * at the same time for one session, ::SALLY_FS_CONCURRENT_WRITES if that is also true of WRITE on
 * one file, ::SALLY_FS_TRY if it undoes everything, memory included, before it returns
 * ::SALLY_WOULD_BLOCK.
 */
SALLY_API void sally_fs_methods_wrap(sally_fs_methods *methods, const sally_fs *inner,
                                     sally_fs_slot *slot);

/**
 * For wrappers: receives the answer of the storage inside. Called in the thread that answered; the
 * operation is yours again. Returns the status that the next layer sees, or ::SALLY_PENDING after
 * another sally_fs_call() (or anything else that will finish the operation).
 */
typedef sally_status sally_done_fn(sally_fs *fs, sally_op *op, sally_status status, void *context);

/**
 * For wrappers: passes an operation that `fs` was asked to do on to `inner`. Members of `op->u` may
 * be changed on the way (an offset, the bytes of a WRITE in place, `u.setstat.attrs` for another
 * structure), and must be restored in `on_done`, so that the layers above and
 * sally_file_get_facts() see what the client requested. With ::SALLY_FS_TRY, also restore them if
 * this returns ::SALLY_WOULD_BLOCK: the same operation comes again. `on_done`, unless NULL, is
 * called with the answer, at once or later, except for ::SALLY_WOULD_BLOCK. Return what this
 * returns: after ::SALLY_PENDING the operation is no longer yours. A slot that returned
 * ::SALLY_PENDING itself may call this later from any thread, and then passes the result, unless it
 * is ::SALLY_PENDING, to sally_op_finish().
 *
 * If an OPEN, OPENDIR, SESSION_START or LOCK fails although storages inside have answered it with
 * success, the library undoes it in those storages: it sends them CLOSE or CLOSEDIR
 * (::SALLY_CLOSED_REFUSED), SESSION_END or UNLOCK, before the client gets its answer. So an
 * `on_done` that refuses just returns a failure. The wrapper itself does not see the undo: it must
 * free what it has allocated for the file or session before it refuses. Only a file created by OPEN
 * remains. Operations on a file that `inner` has not opened do not reach it, and are answered with
 * ::SALLY_INVALID_HANDLE.
 */
SALLY_API sally_status sally_fs_call(sally_fs *fs, sally_fs *inner, sally_op *op,
                                     sally_done_fn *on_done, void *context);

/** An operation that a wrapper performs in the course of another one: see sally_fs_ask(). */
typedef struct sally_inner_op {
    size_t struct_size; /**< sizeof(sally_inner_op) */
    /** SALLY_OP_ value: any except those that open, close, list or lock (SESSION_START,
     * SESSION_END, OPEN, CLOSE, OPENDIR, READDIR, CLOSEDIR, LOCK) */
    uint32_t kind;
    uint32_t reserved; /**< zero */
    /** As seen by the storage that is asked: absolute, normalised. NULL: that of the original
     * operation */
    const char *path;
    sally_file *file; /**< for kinds on handles: a file of that operation; otherwise NULL */
    sally_op_args u;  /**< by kind. NULL for attributes: none */
} sally_inner_op;

/** For wrappers: receives the answer to sally_fs_ask(), in the thread that answered. `op` is yours
 * again, and unchanged. `asked` has the answer in its `u`, and is valid until this returns, or
 * until the operation is passed on or asks again; what the answer points to is valid as long as
 * the operation. Returns the status that the next layer sees, or what sally_fs_ask() or
 * sally_fs_call() returns. */
typedef sally_status sally_ask_done_fn(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                                       sally_status status, void *context);

/**
 * For wrappers that must check something before they act, or clean up afterwards: asks `inner` for
 * another operation in the course of `op`, which `fs` was asked to do. Call it in a slot, an
 * `on_done`, or wherever the operation is yours, and return what it returns (a thread of the
 * wrapper's own passes it to sally_op_finish()): `inner` is called once you have returned, so that
 * any number of operations may follow one another without growing the stack. Then `on_done` is
 * called, exactly once, in the same thread if the answer comes at once. `own` is copied; what it
 * points to must be valid until `on_done`.
 *
 * The other operation shares the flags of `op`, its place in the session's order, its memory
 * (sally_op_alloc()) and its message (sally_op_set_message()), and is cancelled with it. It is done
 * on behalf of the client, so a sally_fs_filter() inside applies its rules to it, unless `op` is
 * ::SALLY_OP_INTERNAL. Hooks do not see it, the session's permissions do not apply, and it does not
 * count in the facts of a file (sally_file_get_facts()). Long work, such as a loop, should check
 * sally_op_cancelled() itself.
 *
 * With ::SALLY_OP_TRY this does nothing, does not call `on_done`, and returns ::SALLY_WOULD_BLOCK.
 * A wrapper with ::SALLY_FS_TRY whose `on_done` may ask must therefore return ::SALLY_WOULD_BLOCK
 * in its slot, before anything is done. After a late answer ::SALLY_OP_TRY is no longer set.
 *
 * `on_done` gets ::SALLY_FAILURE if out of memory (repeated calls in one operation need memory
 * once), ::SALLY_INVALID_PARAMETER for a kind that is not allowed, a missing file or an invalid
 * struct_size, and ::SALLY_INVALID_HANDLE for a file that `inner` has not opened.
 *
 * For the wrapper's own files and listings, and for locks, see sally_fs_submit().
 */
SALLY_API sally_status sally_fs_ask(sally_fs *fs, sally_fs *inner, sally_op *op,
                                    const sally_inner_op *own, sally_ask_done_fn *on_done,
                                    void *context);

/**
 * For storages and wrappers: does a COPY by FSTAT, READ and WRITE of `fs` itself, for a `copy` slot
 * that cannot do better, such as that of a router whose two files are in different storages. A NULL
 * slot does the same, except that here the operations enter `fs`, not the session's outermost
 * storage, hooks do not see them, and `on_done` (may be NULL) sees the answer, with `u.copy.done`
 * set, as in sally_fs_call(). Return what this returns: usually ::SALLY_PENDING. Copies 256 KiB at
 * a time, up to the size that the source has at the start; if the operation is cancelled, it ends
 * with ::SALLY_FAILURE. Only while the operation is yours. ::SALLY_FAILURE for other kinds, and if
 * out of memory.
 */
SALLY_API sally_status sally_fs_copy_by_io(sally_fs *fs, sally_op *op, sally_done_fn *on_done,
                                           void *context);

/**
 * Submits a storage's or wrapper's own operation directly to `fs`: the caller's own storage, or one
 * inside it. Works like sally_session_submit(), but `path` is a path as `fs` sees it, and hooks do
 * not see the operation. READ and WRITE are only checked against the open flags by the storage, as
 * those of this library do: a wrapper that wants to read what the client only writes adds
 * ::SALLY_OPEN_READ to `u.open.flags` on the way down. `fs` must have opened the file (in `on_done`
 * of OPEN, the storage inside has, the wrapper has not yet); otherwise the answer is
 * ::SALLY_INVALID_HANDLE; once its CLOSE has reached the storage, this returns ::SALLY_E_CLOSED.
 * Holds `fs` until the operation is done. Submitted operations do not count in the facts of a file
 * that the client has opened.
 *
 * The operation is ::SALLY_OP_INTERNAL, so a sally_fs_filter() inside does not restrict it. If it
 * is done on behalf of a client, `fill` should remove that flag (`op->flags`), so that the filter's
 * rules apply.
 *
 * `done` is called on the session's network thread: it must not wait. So it must not pass an
 * operation on with sally_fs_call() to a storage that may wait, but can submit the next one, or
 * pass its answer to sally_op_finish(). To ask for something in the course of an operation,
 * sally_fs_ask() is simpler and faster; this is for the wrapper's own files, and for work that
 * continues after the operation has been answered.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_submit(sally_fs *fs, sally_session *session,
                                                       uint32_t kind, const char *path,
                                                       void (*fill)(void *user_data, sally_op *op),
                                                       sally_submit_done_fn *done, void *user_data);

/**
 * A wrapper's `cancel`: passes the request on to the storage inside that `fs` waits for, even if
 * there are several, for the operation itself (sally_fs_call()) or another one in its course
 * (sally_fs_ask()). Does nothing while `fs` waits for none, or only for the library
 * (sally_fs_copy_by_io()). What was submitted by sally_fs_submit() is cancelled by the library.
 */
SALLY_API void sally_fs_cancel_inner(sally_fs *fs, sally_op *op);

/** What `fs` gave as `context` to the sally_fs_call(), sally_fs_ask() or sally_fs_copy_by_io() that
 * it waits for; NULL when it waits for none, for instance because the operation is with a thread of
 * the wrapper's own, which then knows its state itself. For `cancel`, and for the thread that has
 * the operation.
 */
SALLY_API void *sally_op_context(const sally_op *op, const sally_fs *fs);

SALLY_END_DECLS

#endif
