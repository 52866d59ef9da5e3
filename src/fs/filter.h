/* The rules of sally_fs_filter(). */
#ifndef SALLY_FS_FILTER_H
#define SALLY_FS_FILTER_H

#include "core/fs.h"

struct filter_rule {
    char *path;  /* canonical */
    char *names; /* NULL: all */
    uint32_t permissions, flags;
};

struct filter {
    sally_fs *inner;
    bool has_links;
    size_t count;
    struct filter_rule rules[];
};

/* The rule about a path, or about an entry of a directory. */
struct filter_verdict {
    uint32_t permissions, flags;
};
struct filter_verdict filter_judge(const struct filter *f, const char *path, const char *entry);
/* What both permit. */
struct filter_verdict filter_both(struct filter_verdict a, struct filter_verdict b);
/* Whether a rule begins at this path or below it. */
/* Whether the same rules apply to names below both. */
bool filter_has_same_below(const struct filter *f, const char *path, const char *other);
bool filter_is_anchor(const struct filter *f, const char *path);

/* SALLY_OK: the operation on a path is permitted by `from` and (for two paths) `to`. */
sally_status filter_check(const struct filter *f, const sally_op *op, struct filter_verdict from,
                          struct filter_verdict to);

#endif
