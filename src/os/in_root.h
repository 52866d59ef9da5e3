/* Opens paths below a directory such that no symbolic link can lead out of it, not even one that is
 * created meanwhile. Paths are absolute; "/" is the directory. Every function here sets errno when
 * it fails. */
#ifndef SALLY_OS_IN_ROOT_H
#define SALLY_OS_IN_ROOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct in_root_hidden_file {
    uint64_t device, inode;
    bool is_above;
};

/* Files that seem not to exist, under any name or link. The directories above them must not be
 * moved: callers ask in_root_may_move(). */
struct in_root_hidden {
    struct in_root_hidden_file *files;
    size_t count;
};

struct in_root_gate;

struct in_root {
    int root;        /* the directory; may be an O_PATH descriptor. The caller's */
    bool confined;   /* false: root is the machine's own "/", and links are followed as usual,
                      * except magic links if the kernel can refuse them */
    bool walk;       /* go component by component, even if the kernel could do it */
    bool stay;       /* fail with EXDEV rather than enter other file systems */
    bool brief;      /* fail with EXDEV rather than follow a link or a long path */
    uint64_t device; /* the root's, which is not MEDIUM_PSEUDO */
    /* NULL: nothing. Only with `confined` and `walk`: the kernel does not say what it passes. */
    const struct in_root_hidden *hidden;
    struct in_root_gate *gate; /* for long walks; NULL: any number of them run at a time */
};

/* Where an entry is, or would be: the arguments of the *at calls. */
struct in_root_entry {
    int dir;
    const char *name; /* one component, part of the path; "." for the root itself */
    bool owned;       /* dir is closed by in_root_entry_close() */
};

/* Whether the running kernel can confine a path by itself (openat2, Linux 5.6), found out by
 * trying. */
bool in_root_kernel_can(int root);

/* As open(2); O_CLOEXEC and O_NOCTTY are added. `mode` counts with O_CREAT. O_NOFOLLOW applies to
 * the last component only. */
int in_root_open(const struct in_root *where, const char *path, int flags, mode_t mode);

/* The same, with `stay` too, but fails with EAGAIN if the path is not in the kernel's cache, so
 * that resolving it could wait for a disk, and if it is long or contains a link: 40 links of 4 KiB
 * each take the kernel many milliseconds. No O_CREAT, no O_TRUNC. */
int in_root_open_cached(const struct in_root *where, const char *path, int flags);

/* The directory that holds `path`, with links on the way followed, and the last component, which is
 * not examined. False: errno. */
bool in_root_entry_open(const struct in_root *where, const char *path, struct in_root_entry *entry);
/* Whether the entry may be moved, as far as hidden files are concerned. */
bool in_root_may_move(const struct in_root *where, const struct in_root_entry *entry);
void in_root_entry_close(struct in_root_entry *entry);

/* Whether this is hidden. */
bool in_root_hides(const struct in_root *where, uint64_t device, uint64_t inode);

/* Puts the path without any link in it at the end of `out`, with a NUL, and an O_PATH descriptor of
 * what is there in `*fd`. A missing last component is fine: `*fd` is -1. False: errno. */
bool in_root_canonical(const struct in_root *where, const char *path, struct buf *out, int *fd);

#endif
