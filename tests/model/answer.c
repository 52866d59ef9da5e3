/* Replies as text, less what two equal trees may differ in. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"

#define MAX_ENTRIES    64
#define KIND_DIRECTORY 4u     /* in the upper bits of a mode */
#define CLOCK_TIME     100000 /* seconds since 1970: those that are later are the clock's */

static void *take(void *user_data, size_t size)
{
    struct attrs_room *r = user_data;
    size_t at = (r->used + 15) & ~(size_t)15;
    if (at > sizeof r->bytes || size > sizeof r->bytes - at)
        return NULL;
    r->used = at + size;
    return r->bytes + at;
}

bool attrs_take(struct attrs_room *out, uint32_t version, struct cursor *in)
{
    const struct attrs_memory memory = {take, out};
    out->used = 0;
    return attrs_get(in, version, &out->attrs, &memory) == SALLY_OK;
}

static void put_printable(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] > ' ' && s.data[i] < 0x7f && s.data[i] != '\\')
            put_u8(out, s.data[i]);
        else
            put_format(out, "\\%02x", s.data[i]);
    }
}

/* Version 3 tells the type by the mode, which the codec does not keep. */
static uint32_t mode_of_version_3(struct cursor in)
{
    uint32_t flags = get_u32(&in);
    if (!(flags & SSH_FILEXFER_ATTR_PERMISSIONS))
        return 0;
    if (flags & SSH_FILEXFER_ATTR_SIZE)
        get_u64(&in);
    if (flags & SSH_FILEXFER_ATTR_UIDGID)
        get_u64(&in);
    return get_u32(&in);
}

/* A directory's size and links are the file system's affair. */
static void describe_attrs(struct buf *out, uint32_t version, struct cursor *in)
{
    struct attrs_room room;
    uint32_t kind = version == 3 ? mode_of_version_3(*in) >> 12 : 0;
    if (!attrs_take(&room, version, in)) {
        put_format(out, "bad attributes");
        return;
    }
    const sally_attrs a = room.attrs;
    bool directory = version == 3 ? kind == KIND_DIRECTORY : a.type == SALLY_TYPE_DIRECTORY;
    put_format(out, "type %u", version == 3 ? kind : a.type);
    if (a.valid & SALLY_ATTR_SIZE && !directory)
        put_format(out, " size %llu", (unsigned long long)a.size);
    if (a.valid & SALLY_ATTR_PERMISSIONS)
        put_format(out, " mode %o", a.permissions);
    if (a.valid & SALLY_ATTR_LINK_COUNT && !directory)
        put_format(out, " links %u", a.link_count);
    if (a.valid & SALLY_ATTR_MTIME && a.mtime.seconds < CLOCK_TIME)
        put_format(out, " time %lld.%u", (long long)a.mtime.seconds, a.mtime.nanoseconds);
}

static int compare(const void *a, const void *b)
{
    const struct buf *x = a, *y = b;
    return strcmp((const char *)buf_head(x), (const char *)buf_head(y));
}

/* Storages list in an order of their own. */
static void describe_names(struct buf *out, uint32_t version, struct cursor *in, bool listing)
{
    struct buf entries[MAX_ENTRIES];
    uint32_t count = get_u32(in), kept = 0;
    for (uint32_t i = 0; i < count && kept < MAX_ENTRIES; i++) {
        struct buf *b = &entries[kept++];
        buf_init(b, 4096);
        put_printable(b, get_string(in));
        if (version == 3)
            get_string(in); /* the line for people */
        put_format(b, " (");
        describe_attrs(b, version, in);
        put_format(b, ")");
        put_u8(b, 0);
    }
    if (listing)
        qsort(entries, kept, sizeof entries[0], compare);
    put_format(out, "names %u", count);
    for (uint32_t i = 0; i < kept; i++) {
        put_format(out, " %s", (const char *)buf_head(&entries[i]));
        buf_clear(&entries[i]);
    }
    if (version == 6 && cursor_left(in) && listing)
        put_format(out, " end %u", get_u8(in));
}

void answer_describe(struct buf *out, const struct step *step, uint32_t version,
                     struct slice packet, bool loose)
{
    struct cursor in = cursor_of_slice(packet);
    uint8_t type = get_u8(&in);
    get_u32(&in);
    if (loose) {
        put_format(out, "(listed before)");
        return;
    }
    switch (type) {
    case SSH_FXP_STATUS:
        put_format(out, "status %u ", get_u32(&in));
        put_printable(out, get_string(&in));
        get_string(&in);
        if (cursor_left(&in)) {
            put_format(out, " / ");
            put_printable(out, cursor_rest(&in));
        }
        break;
    case SSH_FXP_HANDLE:
        put_format(out, "handle");
        break;
    case SSH_FXP_DATA:
        put_format(out, "data ");
        put_printable(out, get_string(&in));
        break;
    case SSH_FXP_NAME:
        describe_names(out, version, &in, step->act == ACT_READDIR);
        break;
    case SSH_FXP_ATTRS:
        describe_attrs(out, version, &in);
        break;
    case SSH_FXP_EXTENDED_REPLY:
        put_format(out, "reply ");
        put_printable(out, cursor_rest(&in));
        break;
    default:
        put_format(out, "type %u", type);
    }
    if (in.bad)
        put_format(out, " MALFORMED");
}
