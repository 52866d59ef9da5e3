/* Resolves symbolic links below a directory of any storage, one component after the other, by STAT
 * and READLINK. Others may change the tree between a look-up and the operation itself, so a storage
 * that resolves links below a directory itself is safer. */
#ifndef SALLY_FS_RESOLVE_LINKS_H
#define SALLY_FS_RESOLVE_LINKS_H

#include "core/fs.h"

/* One path that is being resolved. */
struct path_walk {
    char *at;         /* the directory and the resolved part of the path; in the end the result */
    size_t root_size; /* of the directory in `at` */
    size_t size;      /* of the resolved part; the current component follows */
    size_t next_size; /* with the current component */
    const char *rest; /* not resolved yet */
    char *room;       /* buffer for `rest`, once a link was found */
    bool follow;      /* a link as the last component is followed */
    bool last, slash; /* the current component is the last one; a slash follows it */
    unsigned links, steps;
};

struct resolve {
    sally_fs *inner;
    const char *root; /* canonical, not "/" */
    struct path_walk first, second;
    struct path_walk *walk; /* the one being resolved; NULL: neither */
    enum { ASKED_NOTHING, ASKED_TYPE, ASKED_TARGET } asked;
    bool type_unknown;    /* STAT did not tell the type */
    struct sally_op real; /* the operation as it came */
    sally_done_fn *then;
    void *context;
};

/* Whether the storage may have links. One without needs no look-ups. */
bool resolve_has_links(const sally_fs *inner);

/* Resolves op->path, and the second path of RENAME and LINK, into `r->first.at` and
 * `r->second.at`, and then calls `then` with the operation as it came. Returns what that returns.
 * `r` is in the operation's memory, with inner, root, then and context set. `follow`: a link as the
 * last component of the first path is followed; that of the second path never is. A missing last
 * component is not an error. Must not be called with SALLY_OP_TRY. */
sally_status resolve_paths(sally_fs *fs, sally_op *op, struct resolve *r, bool follow);

#endif
