/* Storages at directories of another one: the parts of sally_fs_mounts(). */
#ifndef SALLY_FS_MOUNTS_H
#define SALLY_FS_MOUNTS_H

#include "core/fs.h"

struct mount {
    sally_fs *fs; /* held */
    char *path;   /* canonical; "" for the root */
    size_t size;  /* of path */
};

struct mounts {
    struct mount *mount; /* the longest path first; the root is the last */
    size_t count;
    sally_fs **storages; /* each once */
    size_t storage_count;
    bool empty_root; /* none was given */
};

/* What is kept in an open file or directory. */
struct mounted_file {
    const struct mounts *mounts;
    const struct mount *mount;
    bool made_up; /* a directory that only exists because of mount points below it */
    size_t next;  /* the next mount for READDIR */
    char path[];  /* in the whole tree; mount->size bytes of it are the mount's */
};

const struct mount *mounts_find(const struct mounts *m, const char *path);
/* The part of `path` that the storage sees. */
const char *mounts_inside(const struct mount *mount, const char *path);
/* Whether mounts are below this directory: it exists then. */
bool mounts_has_below(const struct mounts *m, const char *path);
/* A mount point, or a directory above one. */
bool mounts_is_fixed(const struct mounts *m, const struct mount *mount, const char *path);

sally_status mounts_by_path(sally_fs *fs, sally_op *op);
sally_status mounts_open(sally_fs *fs, sally_op *op); /* OPEN, OPENDIR */
sally_status mounts_by_file(sally_fs *fs, sally_op *op);
sally_status mounts_list(sally_fs *fs, sally_op *op, struct mounted_file *dir);
sally_status mounts_session(sally_fs *fs, sally_op *op);

#endif
