/* An open file inside the library. Belongs to its session; see sallyport/file.h for what users see.
 */
#ifndef SALLY_CORE_FILE_H
#define SALLY_CORE_FILE_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/list.h"
#include "sallyport/file.h"

#define FILE_SLOTS      3
#define FILE_MAX_RANGES 16
#define FILE_CLOSED     0x80000000u

/* What one owner keeps. Any thread may read while another one adds: a storage's operation on a file
 * that is still being opened in others. */
struct file_slot {
    const void *_Atomic owner; /* NULL: not used yet, nor are those behind it */
    void *_Atomic data;
    void (*free_data)(void *data); /* NULL: nothing to do */
    _Atomic bool open; /* the owner, a storage, has opened it, and was not asked to close it yet */
};

struct file_slots {
    struct file_slot slots[FILE_SLOTS];
    struct file_slots *_Atomic next;
};

struct file_range { /* bytes written: [from, to) */
    uint64_t from, to;
};

/* One file of a storage, under any name and for all handles of the session. Operations on its
 * handles are ordered by it: see queue.c. */
struct file_inode {
    struct list link; /* the session's inodes */
    uint64_t device, number;
    uint32_t handles;
    uint32_t reads, writes; /* of running operations */
    uint32_t bound_writes;  /* of these, the writes beside which no other may run: see queue.c */
    uint64_t writes_end;    /* of the ranges of the others; 0: none runs */
    uint32_t reads_ahead, writes_ahead; /* of waiting operations, seen in `scan` */
    uint64_t scan;
};

struct sally_file {
    struct list link; /* the session's open files */
    sally_session *session;
    char *path;
    char *first_path; /* before a hook redirected the OPEN, as seen by other hooks. NULL: it is
                       * `path` */
    uint64_t id;
    /* what does not change while it is open; sally_file_get_facts() adds the rest */
    sally_file_facts facts;
    /* Changed at home, read by callbacks on any thread: READs of a concurrent storage end while
     * others run. */
    _Atomic uint64_t bytes_read, bytes_written, highest_offset, gap_bytes;
    _Atomic sally_status worst;
    bool open;    /* OPEN has succeeded */
    bool appends; /* the offsets of its WRITEs are ignored */
    /* A CLOSE was submitted: new operations of the client are refused. Set on the home thread. */
    _Atomic bool closing;
    _Atomic bool hooks_own;  /* a hook answered its OPEN: the storage does not know it */
    _Atomic bool hooks_list; /* a hook has answered READDIR, or will: the storage does not know the
                                names */
    bool at_end;             /* READDIR has returned EOF: the storage is not called again */
    bool free_pending;       /* freed with the last pin */
    bool listing;            /* a READDIR of it runs */
    uint64_t listing_scan;   /* the scan of the queue that has passed over a READDIR of it */
    /* Number of submitted operations of the program that use the file, and FILE_CLOSED once a CLOSE
     * has reached the storage. Any thread adds one, the home thread removes it. */
    _Atomic uint32_t pins;
    /* A program's CLOSE was submitted, or its OPEN is not answered yet: no other may be. */
    _Atomic bool close_submitted;
    _Atomic bool list_submitted; /* a program's READDIR is under way */
    struct op *close_waiting;    /* a CLOSE that follows the last unpin */
    bool identified;             /* a storage has identified the file: */
    uint64_t device, number;
    struct file_inode *inode; /* NULL: may be any file */
    void *owner;              /* the engine's: for instance its handle's number */
    void *note;               /* the host's: what it shows of the file */
    /* The engine's: the READDIR entry that did not fit into the reply before, as its name with a
     * NUL and what is sent of it, and session_changes() when it was read. */
    struct buf carry;
    uint64_t carry_as_of;
    bool has_dots;          /* the engine's: "." and ".." were listed, or put into stale_names */
    struct buf stale_names; /* the engine's: names, each with its NUL, that READDIR begins with; see
                               refresh.c */
    uint64_t names_charge;  /* for these two, see file_charge_names() */
    struct file_range ranges[FILE_MAX_RANGES];
    uint32_t range_count;
    struct file_slots *slots; /* the first ones: */
    struct file_slots inline_slots;
};

/* ---- file_data.c ---- */

/* Makes the slot of `fs`, so that file_mark_open() cannot fail. */
bool file_reserve(sally_file *file, const sally_fs *fs);
void file_mark_open(sally_file *file, const sally_fs *fs, bool open);
/* Whether operations on the file may reach this storage. */
bool file_is_open_in(const sally_file *file, const sally_fs *fs);
/* The file is gone: frees what was kept in it. */
void file_data_release(sally_file *file);

/* ---- file.c ---- */

/* Keeps the file until file_unpin(). False: it was closed. Any thread. */
bool file_pin(sally_file *file);
/* Home thread. Returns the CLOSE that was waiting for this and can go on now; NULL: none. */
struct op *file_unpin(sally_file *file);
/* After an undo that closed it in the storage only: the file lives on as a hook's own. */
void file_reopen(sally_file *file);
/* Before CLOSE reaches the storage: from now on file_pin() fails. False: the file is pinned, and
 * nothing has changed. Any thread. */
bool file_begin_close(sally_file *file);

/* Charges the session for what `carry` and `stale_names` take now. */
void file_charge_names(sally_file *file);

/* The first one counts, and becomes the reason of the close. */
void file_note_failure(sally_file *file, sally_status status);

#endif
