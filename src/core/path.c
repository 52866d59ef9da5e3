#include "core/path.h"

#include <string.h>

/* Cuts the last component of the canonical path that starts at `from`: "/a/b" to "/a", "/a" to "".
 */
static void drop_last(struct buf *out, size_t from)
{
    const uint8_t *head = buf_head(out);
    size_t size = out->size;
    while (size > from && head[size - 1] != '/')
        size--;
    if (size > from)
        size--; /* the slash itself */
    buf_truncate(out, size);
}

static void put_component(struct buf *out, struct slice name)
{
    put_u8(out, '/');
    put_bytes(out, name.data, name.size);
}

static bool is_relative(struct slice raw)
{
    return raw.size == 0 || raw.data[0] != '/';
}

/* Each component already has a slash in `raw`, except the first one of a relative path. */
size_t path_room(const char *base, struct slice raw)
{
    size_t size = raw.size < PATH_MAX_BYTES ? raw.size : PATH_MAX_BYTES;
    return (is_relative(raw) ? strlen(base) : 0) + size + sizeof "/";
}

sally_status path_normalise(struct buf *out, const char *base, struct slice raw)
{
    if (slice_has_nul(raw))
        return SALLY_INVALID_FILENAME;
    if (raw.size > PATH_MAX_BYTES)
        return SALLY_INVALID_FILENAME;
    size_t from = out->size;
    if (is_relative(raw) && strcmp(base, "/") != 0)
        put_bytes(out, base, strlen(base));

    size_t at = 0;
    while (at < raw.size && !out->failed) {
        size_t begin = at;
        while (at < raw.size && raw.data[at] != '/')
            at++;
        struct slice name = {raw.data + begin, at - begin};
        if (at < raw.size)
            at++; /* the slash */
        if (name.size == 0 || slice_is(name, "."))
            continue;
        if (slice_is(name, ".."))
            drop_last(out, from);
        else
            put_component(out, name);
    }
    if (out->size == from)
        put_u8(out, '/');
    if (!out->failed && out->size - from > PATH_MAX_BYTES) {
        buf_truncate(out, from);
        return SALLY_INVALID_FILENAME;
    }
    put_u8(out, '\0');
    return out->failed ? SALLY_FAILURE : SALLY_OK;
}

const char *path_last(const char *path)
{
    return strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
}

bool path_is_below(const char *path, const char *root)
{
    size_t size = strlen(root);
    if (size == 1) /* "/" */
        return true;
    return strncmp(path, root, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

bool path_is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}
