/* Applies rules to operations. */
#include <string.h>

#include "base/glob.h"
#include "core/op_kinds.h"
#include "core/path.h"
#include "core/permission.h"
#include "fs/filter.h"
#include "sallyport/session.h"
#include "sallyport/wrappers.h"

static bool any_name_matches(const char *pattern, const char *names)
{
    while (*names) {
        names += *names == '/';
        size_t size = strcspn(names, "/");
        const struct slice name = {(const uint8_t *)names, size};
        if (size && glob_matches_any(slice_of(pattern), name))
            return true;
        names += size;
    }
    return false;
}

/* Whether "directory/entry" is this path. */
static bool is_entry(const char *path, const char *directory, const char *entry)
{
    size_t size = directory[1] ? strlen(directory) : 0;
    return strncmp(path, directory, size) == 0 && path[size] == '/' &&
           strcmp(path + size + 1, entry) == 0;
}

static bool is_about(const struct filter_rule *rule, const char *path, const char *entry)
{
    if (!path_is_below(path, rule->path))
        return entry && !rule->names && is_entry(rule->path, path, entry);
    if (!rule->names)
        return true;
    size_t size = rule->path[1] ? strlen(rule->path) : 0;
    return any_name_matches(rule->names, path + size) ||
           (entry && any_name_matches(rule->names, entry));
}

struct filter_verdict filter_judge(const struct filter *f, const char *path, const char *entry)
{
    for (size_t i = 0; i < f->count; i++)
        if (is_about(&f->rules[i], path, entry))
            return (struct filter_verdict){f->rules[i].permissions, f->rules[i].flags};
    return (struct filter_verdict){SALLY_MAY_ALL, 0};
}

struct filter_verdict filter_both(struct filter_verdict a, struct filter_verdict b)
{
    return (struct filter_verdict){a.permissions & b.permissions, a.flags | b.flags};
}

bool filter_is_anchor(const struct filter *f, const char *path)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->rules[i].path[1] && path_is_below(f->rules[i].path, path))
            return true;
    return false;
}

/* The next rule from `at` on that may apply to something below the path: the count if none does.
 * One that applies to everything below it is the last one that matters. */
static size_t next_below(const struct filter *f, size_t at, const char *path, bool *is_last)
{
    for (; at < f->count; at++) {
        const struct filter_rule *rule = &f->rules[at];
        *is_last = is_about(rule, path, NULL);
        if (*is_last || (rule->names && path_is_below(path, rule->path)))
            return at;
    }
    return at;
}

bool filter_has_same_below(const struct filter *f, const char *path, const char *other)
{
    size_t at = 0, other_at = 0;
    for (;;) {
        bool is_last = false, other_is_last = false;
        at = next_below(f, at, path, &is_last);
        other_at = next_below(f, other_at, other, &other_is_last);
        is_last = is_last || at == f->count;
        other_is_last = other_is_last || other_at == f->count;
        if (is_last || other_is_last) /* these decide for everything else */
            return is_last && other_is_last;
        if (at++ != other_at++)
            return false;
    }
}

static bool makes(const sally_op *op)
{
    return op->kind == SALLY_OP_MKDIR || op->kind == SALLY_OP_SYMLINK ||
           (op->kind == SALLY_OP_OPEN && (op->u.open.flags & SALLY_OPEN_CREATE));
}

sally_status filter_check(const struct filter *f, const sally_op *op, struct filter_verdict from,
                          struct filter_verdict to)
{
    bool renames = op->kind == SALLY_OP_RENAME;
    if (from.flags & SALLY_FILTER_HIDDEN)
        return makes(op) ? SALLY_PERMISSION_DENIED : SALLY_NO_SUCH_FILE;
    if (op_permissions_needed(op) & ~from.permissions)
        return SALLY_PERMISSION_DENIED;
    if (!op_has_to(op))
        return SALLY_OK;
    uint32_t needed = SALLY_MAY_CREATE;
    if (renames && (op->u.rename.flags & SALLY_RENAME_OVERWRITE))
        needed |= SALLY_MAY_REMOVE;
    if ((to.flags & SALLY_FILTER_HIDDEN) || (needed & ~to.permissions))
        return SALLY_PERMISSION_DENIED;
    if (renames ? filter_is_anchor(f, op->path) : (to.permissions & ~from.permissions) != 0)
        return SALLY_PERMISSION_DENIED;
    return SALLY_OK;
}
