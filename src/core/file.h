/* An open file inside the library. Belongs to its session; see sallyport/file.h for what users see.
 */
#ifndef SALLY_CORE_FILE_H
#define SALLY_CORE_FILE_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/list.h"
#include "sallyport/file.h"

#define FILE_INLINE_SLOTS 3
#define FILE_MAX_RANGES   16
#define FILE_CLOSED       0x80000000u

struct file_slot {
    const sally_fs *fs;
    void *pointer;
    bool open; /* fs has answered OPEN or OPENDIR well, and was not told to close it yet */
};

struct file_range { /* bytes written: [from, to) */
    uint64_t from, to;
};

/* One file of a storage, whatever it is called and however often it is open in the session. What
 * its handles do is ordered by it: see queue.c. */
struct file_body {
    struct list link; /* the session's bodies */
    const sally_fs *fs;
    uint64_t device, number;
    uint32_t handles;
    uint32_t looks, changes;             /* of the operations that run */
    uint32_t looks_ahead, changes_ahead; /* of those that wait, seen in `scan` */
    uint64_t scan;
};

struct sally_file {
    struct list link; /* the session's open files */
    sally_session *session;
    char *path;
    uint64_t id;
    sally_file_facts
        facts; /* what does not change while it is open; sally_file_get_facts() adds the rest */
    /* Changed at home, read by anybody's callback: READs of a concurrent storage end while others
     * run. */
    _Atomic uint64_t bytes_read, bytes_written, highest_offset, gap_bytes;
    _Atomic sally_status worst;
    bool open; /* OPEN was answered well */
    /* A CLOSE is on its way: no new operation of the client may use it. Set at home. */
    _Atomic bool closing;
    bool hooks_own;        /* a hook answered its OPEN: the storage does not know it */
    bool at_end;           /* READDIR has said EOF: the storage is not asked again */
    bool gone;             /* freed as soon as `holds` lets it go */
    bool listing;          /* a READDIR of it runs */
    uint64_t listing_scan; /* the look through the queue in which a READDIR of it was passed */
    /* Operations that the program has submitted, and FILE_CLOSED once a CLOSE has reached the
     * storage. Any thread takes one, the home thread gives it back. */
    _Atomic uint32_t holds;
    _Atomic bool close_submitted;
    struct op *close_waiting; /* a CLOSE that comes when the holds are gone */
    const sally_fs *known_by; /* the storage that told which file this is; NULL: not known */
    uint64_t device, number;
    struct file_body *body; /* NULL: may be any file */
    void *owner;            /* the engine's: for instance its handle's number */
    /* The engine's: the READDIR entry that did not fit into the reply before, as its name with a
     * NUL and what is sent of it, and session_changes() when it was read. */
    struct buf carry;
    uint64_t carry_as_of;
    struct buf
        again; /* the engine's: names, each with its NUL, that READDIR begins with; see relist.c */
    struct file_range ranges[FILE_MAX_RANGES];
    uint32_t range_count;
    struct file_slot *slots;
    uint32_t slot_count, slot_capacity;
    struct file_slot inline_slots[FILE_INLINE_SLOTS];
};

/* Room for what `fs` keeps in the file, so that file_mark_open() cannot fail. */
bool file_reserve(sally_file *file, const sally_fs *fs);
void file_mark_open(sally_file *file, const sally_fs *fs, bool open);
/* Whether operations on the file may reach this storage. */
bool file_is_open_in(const sally_file *file, const sally_fs *fs);

/* One more operation that needs the file; false: it was closed. Any thread. */
bool file_hold(sally_file *file);
/* Home thread. */
void file_unhold(sally_file *file);
/* After a CLOSE that was only the storage's: the file goes on as a hook's own. */
void file_reopen(sally_file *file);
/* Before CLOSE reaches the storage: from now on file_hold() fails. False: operations hold it. Any
 * thread. */
bool file_shut(sally_file *file);

/* The first one counts, and becomes the reason of the close. */
void file_note_failure(sally_file *file, sally_status status);

#endif
