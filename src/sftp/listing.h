/* A reply to READDIR under construction. The storage's thread fills it up to max_names, and touches
 * only what belongs to the operation; an entry that no longer fits waits in the file for the next
 * READDIR. */
#ifndef SALLY_SFTP_LISTING_H
#define SALLY_SFTP_LISTING_H

#include "core/file.h"
#include "sftp/names.h"

/* Length, type, id, count. */
#define NAME_HEAD 13
/* Version 6: end-of-list. */
#define NAME_TAIL 1

struct listing {
    struct buf names; /* overlays the block */
    struct buf carry; /* the entry that did not fit; its own memory */
    struct buf taken; /* the entry left over from the previous reply, with which this one begins */
    struct buf plain; /* of a prefetched reply: its names, each with its NUL */
    bool ahead;
    uint64_t as_of; /* session_changes() when it was requested */
    uint32_t version;
    uint32_t default_attrs; /* of the engine, like the next member */
    struct naming naming;
    struct buf room;  /* for names that are converted */
    uint32_t count;   /* entries in names */
    uint32_t skipped; /* entries that cannot be sent */
    int64_t now;
    size_t max;
    bool full;
};

/* In the storage's thread; attrs and longname may be NULL. False: no more entries fit. */
bool listing_add(struct listing *l, const char *name, const sally_attrs *attrs,
                 const char *longname);
/* Begins with the entry that did not fit into the previous reply. False: there is none, or it is
 * out of date and its name was moved to file->stale_names. */
bool listing_add_carry(struct listing *l, sally_file *file);
/* The reply is not sent: the entry that it begins with waits for the next one. */
void listing_give_carry_back(struct listing *l, sally_file *file);
/* Frees what the reply, if there was one, has not taken over; NULL is allowed. */
void listing_drop(struct listing *l);

#endif
