/* Names are converted one by one between the slashes, and only if the way back leads to the same
 * bytes: two files never get one name, and what a client was shown opens what it was shown for.
 *
 * A name that cannot be converted is shown as its own bytes when these are no UTF-8 either: then
 * they can only be that name, and lead back to it. Otherwise U+FFFD stands for what is not ASCII.
 */
#include "sftp/names.h"

#include "base/utf8.h"
#include "core/path.h"
#include "sftp/protocol.h"

/* A path may have slashes and dots that count for nothing. */
#define MAX_RAW  (4 * (size_t)PATH_MAX_BYTES)
#define MAX_TEXT (8 * MAX_RAW) /* no charset takes more */

/* Appends. False: not there and back, or out->failed. */
static bool convert(struct charset *c, enum charset_way way, struct slice in, struct buf *out)
{
    enum charset_way back = way == CHARSET_TO_UTF8 ? CHARSET_FROM_UTF8 : CHARSET_TO_UTF8;
    struct buf again;
    size_t before = out->size;
    if (!c->convert(c, way, in, out))
        return false;
    buf_init(&again, MAX_TEXT);
    struct slice text = {buf_head(out) + before, out->size - before};
    bool same = c->convert(c, back, text, &again) && slice_equal(in, buf_slice(&again));
    if (again.failed)
        out->failed = true;
    buf_clear(&again);
    if (!same)
        buf_truncate(out, before);
    return same;
}

static struct slice next_name(struct cursor *c)
{
    struct slice rest = cursor_rest(c);
    const uint8_t *slash = memchr(rest.data, '/', rest.size);
    return get_bytes(c, slash ? (size_t)(slash - rest.data) : rest.size);
}

static void put_slash(struct cursor *c, struct buf *out)
{
    if (cursor_left(c)) {
        cursor_read(c, 1);
        put_u8(out, '/');
    }
}

static sally_status convert_name(struct charset *c, struct slice name, struct buf *out)
{
    if (utf8_is_ascii(name)) {
        put_bytes(out, name.data, name.size);
        return SALLY_OK;
    }
    size_t before = out->size;
    if (utf8_is_valid(name))
        return convert(c, CHARSET_FROM_UTF8, name, out) ? SALLY_OK : SALLY_INVALID_FILENAME;
    /* One that was shown as it is; not another spelling of one that was converted. */
    if (convert(c, CHARSET_TO_UTF8, name, out)) {
        buf_truncate(out, before);
        return SALLY_INVALID_FILENAME;
    }
    put_bytes(out, name.data, name.size);
    return SALLY_OK;
}

sally_status names_to_storage(const struct naming *n, struct slice raw, struct buf *out)
{
    if (raw.size > MAX_RAW || slice_has_nul(raw))
        return SALLY_INVALID_FILENAME;
    if (!n->translates || !n->charset) {
        put_bytes(out, raw.data, raw.size);
        return out->failed ? SALLY_FAILURE : SALLY_OK;
    }
    struct cursor c = cursor_of_slice(raw);
    sally_status status = SALLY_OK;
    while (status == SALLY_OK && cursor_left(&c)) {
        status = convert_name(n->charset, next_name(&c), out);
        put_slash(&c, out);
    }
    return out->failed ? SALLY_FAILURE : status;
}

static bool show_name(struct charset *c, struct slice name, struct buf *out)
{
    static const uint8_t replacement[] = {0xef, 0xbf, 0xbd};
    if (utf8_is_ascii(name)) {
        put_bytes(out, name.data, name.size);
        return true;
    }
    if (convert(c, CHARSET_TO_UTF8, name, out))
        return true;
    if (!utf8_is_valid(name)) {
        put_bytes(out, name.data, name.size);
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] < 0x80)
            put_u8(out, name.data[i]);
        else
            put_bytes(out, replacement, sizeof replacement);
    }
    return false;
}

const char *names_to_client(const struct naming *n, const char *name, struct buf *room, bool *exact)
{
    struct slice whole = slice_of(name);
    *exact = true;
    if (!n->translates || utf8_is_ascii(whole))
        return name;
    if (!n->charset) {
        *exact = utf8_is_valid(whole);
        return name;
    }
    struct cursor c = cursor_of_slice(whole);
    buf_reset(room);
    room->max = MAX_TEXT;
    while (cursor_left(&c)) {
        *exact &= show_name(n->charset, next_name(&c), room);
        put_slash(&c, room);
    }
    put_u8(room, 0);
    return room->failed ? NULL : (const char *)buf_head(room);
}

void names_mark(sally_attrs *attrs, const char *original)
{
    if (!(attrs->valid & SALLY_ATTR_BITS))
        attrs->attrib_bits = attrs->attrib_bits_valid = 0;
    attrs->attrib_bits |= SSH_FILEXFER_ATTR_FLAGS_TRANSLATION_ERR;
    attrs->attrib_bits_valid |= SSH_FILEXFER_ATTR_FLAGS_TRANSLATION_ERR;
    attrs->untranslated_name = original;
    attrs->valid |= SALLY_ATTR_BITS | SALLY_ATTR_UNTRANSLATED_NAME;
}
