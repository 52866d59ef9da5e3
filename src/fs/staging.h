/* Uploads that become visible when they are complete: the parts of sally_fs_staging(). */
#ifndef SALLY_FS_STAGING_H
#define SALLY_FS_STAGING_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "core/fs.h"
#include "fs/real_path.h"
#include "fs/wrap.h"

struct staging {
    sally_fs *inner;
    uint32_t flags;
    bool has_links;
    char *prefix; /* of temporary names */
    _Atomic uint64_t next_number;
    _Atomic uint32_t active; /* uploads: 0 spares the lock */
    pthread_mutex_t lock;    /* for the list, and the paths in it */
    struct list uploads;     /* struct upload */
};

/* A path. Older ones are kept as long as the upload: an operation may be using them. */
struct upload_path {
    struct upload_path *older;
    char text[];
};

/* What is kept in a file that is being uploaded. */
struct upload {
    struct list link;
    sally_session *session;
    struct upload_path *target; /* as the client named it */
    /* without links on the way, which may lead elsewhere at the end */
    struct upload_path *temporary;
    bool exclusive; /* must not replace anything */
    sally_status status;
};

bool staging_is_temporary(const struct staging *st, const char *path);
/* `directory` of a path, and a new temporary name in it; NULL: no memory. */
struct upload_path *staging_name(struct staging *st, const char *target);
struct upload_path *staging_path(const char *text);

void staging_upload_free(struct upload *u);
/* The path of an upload, such as u->temporary, in the operation's memory; NULL: no memory. */
char *staging_path_for(struct staging *st, sally_op *op, struct upload_path *const *path);
/* If the operation's session is uploading this file, its temporary path, in the operation's memory;
 * otherwise NULL. */
const char *staging_own_upload(struct staging *st, sally_op *op);
/* Whether any session is. */
bool staging_any_upload(struct staging *st, const char *target);
/* A name was changed: as the client named both, and without links on the way. */
void staging_moved(struct staging *st, const char *from, const char *to, const char *real_from,
                   const char *real_to);

sally_status staging_open(sally_fs *fs, sally_op *op);
sally_status staging_close(sally_fs *fs, sally_op *op);

#endif
