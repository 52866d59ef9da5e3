/* Finds the path without symbolic links. */
#ifndef SALLY_FS_REAL_PATH_H
#define SALLY_FS_REAL_PATH_H

#include <stdbool.h>

#include "sallyport/fs.h"

struct real_path {
    const char *path; /* the answer; the original path if unknown */
    const char *last; /* the name that is not resolved; NULL: all is */
    sally_done_fn *then;
    void *context;
};

/* Asks `inner` and calls `then` with SALLY_OK; at once where `has_links` says that there are none.
 * `follows`: a link as the last component is followed. */
sally_status real_path_find(sally_fs *fs, sally_fs *inner, bool has_links, sally_op *op,
                            struct real_path *found, const char *path, bool follows,
                            sally_done_fn *then, void *context);

#endif
