#include "sftp/request_lists.h"

#include <string.h>

#include "base/names.h"
#include "core/request_policy.h"

/* A request's name in lists, and the one that an extension has on the wire. */
static const struct {
    const char *name, *on_wire;
} rows[REQUEST_COUNT] = {
#define REQUEST(id, type, versions, name, handle)                  {name, NULL},
#define EXTENSION(id, on_wire, name, version, kind, needs, handle) {name, on_wire},
    REQUEST_MAP(REQUEST) EXTENSION_MAP(EXTENSION)
#undef REQUEST
#undef EXTENSION
};

_Static_assert(REQUEST_COUNT <= 64, "a bit of sftp.denied for each");

static bool same_name(size_t a, size_t b)
{
    return rows[a].name && rows[b].name && strcmp(rows[a].name, rows[b].name) == 0;
}

/* Some requests have several rows. */
static bool is_repeated(size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (same_name(i, row))
            return true;
    return false;
}

const char *sftp_request_name_at(size_t index)
{
    for (size_t i = 0; i < REQUEST_COUNT; i++)
        if (rows[i].name && !is_repeated(i) && index-- == 0)
            return rows[i].name;
    return NULL;
}

const char *sftp_request_alias_at(size_t index, const char **name)
{
    for (size_t i = 0; i < REQUEST_COUNT; i++) {
        if (!rows[i].on_wire || strcmp(rows[i].on_wire, rows[i].name) == 0 || index-- != 0)
            continue;
        *name = rows[i].name;
        return rows[i].on_wire;
    }
    return NULL;
}

bool sftp_request_is_known(const char *name)
{
    for (size_t i = 0; i < REQUEST_COUNT; i++)
        if ((rows[i].name && strcmp(rows[i].name, name) == 0) ||
            (rows[i].on_wire && strcmp(rows[i].on_wire, name) == 0))
            return true;
    return false;
}

static bool list_has(const char *list, struct slice name)
{
    return names_have(slice_of(list), name);
}

/* By its name, or by one that it has on the wire. */
static bool list_has_row(const char *list, size_t row)
{
    for (size_t i = 0; i < REQUEST_COUNT; i++) {
        if (!same_name(i, row))
            continue;
        if (list_has(list, slice_of(rows[i].name)) ||
            (rows[i].on_wire && list_has(list, slice_of(rows[i].on_wire))))
            return true;
    }
    return false;
}

void request_lists_apply(struct sftp *s)
{
    const char *allow = s->options.settings.allow_requests,
               *deny = s->options.settings.deny_requests;
    for (size_t i = 0; i < REQUEST_COUNT; i++)
        if (rows[i].name && ((allow && !list_has_row(allow, i)) || (deny && list_has_row(deny, i))))
            s->denied |= UINT64_C(1) << i;
}

bool request_name_is_denied(const struct sftp *s, struct slice name)
{
    const struct request_policy policy = {s->options.settings.allow_requests,
                                          s->options.settings.deny_requests};
    return !request_policy_allows(&policy, name);
}
