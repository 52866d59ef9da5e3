#include "core/request_policy.h"

#include "base/mem.h"
#include "base/names.h"
#include "sallyport/op.h"
#include "sallyport/session.h"

#define K(kind) SALLY_OP_BIT(SALLY_OP_##kind)

/* What denying a request forbids in other protocols. Requests that only return what another one
 * returns too (lstat, fstat, readlink, realpath) forbid nothing: "stat" does. Nor does "close",
 * which every open file needs. */
/* clang-format off */
static const struct row {
    const char *name;
    const char *on_wire; /* lists may have this name too; NULL: none */
    uint64_t kinds;
    uint32_t permissions;
} rows[] = {
    {"open",     NULL,                   K(OPEN),              SALLY_MAY_READ | SALLY_MAY_WRITE | SALLY_MAY_CREATE},
    {"read",     NULL,                   K(READ),              SALLY_MAY_READ},
    {"write",    NULL,                   K(WRITE),             SALLY_MAY_WRITE | SALLY_MAY_CREATE},
    {"opendir",  NULL,                   K(OPENDIR),           SALLY_MAY_LIST},
    {"readdir",  NULL,                   K(READDIR),           SALLY_MAY_LIST},
    {"stat",     NULL,                   K(STAT) | K(FSTAT),   SALLY_MAY_STAT},
    {"setstat",  NULL,                   K(SETSTAT),           SALLY_MAY_SETSTAT},
    {"fsetstat", NULL,                   K(FSETSTAT),          SALLY_MAY_SETSTAT},
    {"remove",   NULL,                   K(REMOVE),            SALLY_MAY_REMOVE},
    {"mkdir",    NULL,                   K(MKDIR),             SALLY_MAY_MKDIR},
    {"rmdir",    NULL,                   K(RMDIR),             SALLY_MAY_RMDIR},
    {"rename",   NULL,                   K(RENAME),            SALLY_MAY_RENAME},
    {"symlink",  NULL,                   K(SYMLINK),           SALLY_MAY_SYMLINK},
    {"statvfs",  "statvfs@openssh.com",  K(STATVFS),           0}, /* removing SALLY_MAY_STAT would
                                                                    * forbid too much */
};
/* clang-format on */

static bool has(const char *list, struct slice name)
{
    return list && names_have(slice_of(list), name);
}

bool request_policy_allows(const struct request_policy *p, struct slice name)
{
    return (!p->allow || has(p->allow, name)) && !has(p->deny, name);
}

static bool has_row(const char *list, const struct row *row)
{
    return has(list, slice_of(row->name)) || (row->on_wire && has(list, slice_of(row->on_wire)));
}

static bool allows_row(const struct request_policy *p, const struct row *row)
{
    return (!p->allow || has_row(p->allow, row)) && !has_row(p->deny, row);
}

uint32_t request_policy_permissions(const struct request_policy *p)
{
    uint32_t left = SALLY_MAY_ALL;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (!allows_row(p, &rows[i]))
            left &= ~rows[i].permissions;
    return left;
}

uint64_t request_policy_denied_kinds(const struct request_policy *p)
{
    uint64_t denied = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (!allows_row(p, &rows[i]))
            denied |= rows[i].kinds;
    return denied;
}
