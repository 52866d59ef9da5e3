/* A reply to READDIR while it is made. It is filled up to max_names in the storage's thread, which
 * touches nothing but what belongs to the operation; an entry that does not fit any more waits in
 * the file for the next READDIR. */
#ifndef SALLY_SFTP_LISTING_H
#define SALLY_SFTP_LISTING_H

#include "core/file.h"
#include "sftp/names.h"

/* Length, type, id, count. */
#define NAME_HEAD 13
/* Version 6: end-of-list. */
#define NAME_TAIL 1

struct listing {
    struct buf names; /* lies over the block */
    struct buf carry; /* the entry that did not fit; its own memory */
    struct buf plain; /* of a prefetched reply: its names, each with its NUL */
    bool ahead;
    uint64_t as_of; /* session_changes() when it was requested */
    uint32_t version;
    uint32_t default_attrs; /* of the engine, as the next one */
    struct naming naming;
    struct buf room;  /* for names that are converted */
    uint32_t count;   /* entries in names */
    uint32_t skipped; /* entries that cannot be sent */
    int64_t now;
    size_t max;
    bool full;
};

/* In the storage's thread. False: it was the last one that fits. */
bool listing_add(struct listing *l, const char *name, const sally_attrs *attrs);
/* Begins with the entry that did not fit into the reply before. False: there is none, or it is out
 * of date, and its name has moved to file->stale_names. */
bool listing_add_carry(struct listing *l, sally_file *file);
/* Frees what an answer has not taken over, which may never have come; NULL is allowed. */
void listing_drop(struct listing *l);

#endif
