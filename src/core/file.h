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

struct file_slot {
    const sally_fs *fs;
    void *pointer;
};

struct file_range { /* bytes written: [from, to) */
    uint64_t from, to;
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
    bool open;                /* OPEN was answered well */
    bool closing;             /* a CLOSE is on its way: no new operation may use it */
    bool hooks_own;           /* a before-hook answered its OPEN: the storage does not know it */
    bool stands_in;           /* OPENDIR was answered by STAT: the storage has no handle */
    bool at_end;              /* READDIR has said EOF: the storage is not asked again */
    uint32_t readers, others; /* running READs, and other running operations */
    uint64_t
        blocked_scan; /* the look through the queue in which something before had to wait for it */
    void *owner;      /* the engine's: for instance its handle's number */
    struct buf carry; /* the engine's: a READDIR entry that did not fit into the reply before */
    struct file_range ranges[FILE_MAX_RANGES];
    uint32_t range_count;
    struct file_slot *slots;
    uint32_t slot_count, slot_capacity;
    struct file_slot inline_slots[FILE_INLINE_SLOTS];
};

#endif
