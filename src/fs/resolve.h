/* Resolves symbolic links below a directory of any storage, one component after the other, by STAT
 * and READLINK. Between a look and what is done then, others may change what was looked at: a
 * storage that can resolve links below a directory itself does it better. */
#ifndef SALLY_FS_RESOLVE_H
#define SALLY_FS_RESOLVE_H

#include "core/fs.h"

/* One path on its way. */
struct way {
    char *at;         /* the directory, and what is resolved of the path: the answer in the end */
    size_t root_size; /* of the directory's part of it */
    size_t size;      /* resolved; the component that is looked at follows */
    size_t next_size; /* with it */
    const char *rest; /* left to resolve */
    char *room;       /* holds the rest, once a link has been met */
    bool follow;      /* a link as last component, too */
    bool last, slash; /* the component that is looked at is the last one; a slash follows it */
    unsigned links, steps;
};

struct resolve {
    sally_fs *inner;
    const char *root; /* in its canonical form, not "/" */
    struct way first, second;
    struct way *way; /* the one that is resolved now; NULL: neither */
    enum { NO_QUESTION, WHAT_IS_IT, WHERE_TO } asked;
    bool unsure;          /* STAT did not tell the type */
    struct sally_op real; /* what was to be done */
    sally_done_fn *then;
    void *context;
};

/* What has no links needs no look-ups. */
bool resolve_has_links(const sally_fs *inner);

/* Resolves op->path, and the second path of RENAME and LINK, into `r->first.at` and
 * `r->second.at`, and then calls `then` with the operation as it came. Returns what that returns.
 * `r` is in the operation's memory, with inner, root, then and context set. `follow`: a link as
 * last component of the first path too; that of the second is always meant itself. A missing last
 * component is no failure. Not with SALLY_OP_TRY. */
sally_status resolve_paths(sally_fs *fs, sally_op *op, struct resolve *r, bool follow);

#endif
