/* The contents of a VERSION reply besides the version: draft-13 sections 5.3 to 5.5, draft-05
 * section 4.4, draft-galb-filexfer-extensions-00 section 2. Only what the storage supports and the
 * session may do is announced. */
#include "sftp/announce.h"

#include "sftp/attrs_codec.h"
#include "sftp/extensions.h"
#include "sftp/protocol.h"
#include "sftp/request_lists.h"
#include "sftp/vendor.h"
#include "sftp/version.h"

/* The supported combinations of blocking flags: only the empty one, or all. */
#define NO_BLOCKS  0x0001u
#define ALL_BLOCKS 0xffffu

/* acl-supported: the storage sets entries that allow and that deny. */
#define SSH_ACL_CAP_ALLOW 0x1u
#define SSH_ACL_CAP_DENY  0x2u

/* The attributes that SETSTAT sets, unless the storage says otherwise. */
#define SETTABLE                                                                                   \
    (SALLY_ATTR_SIZE | SALLY_ATTR_NAMES | SALLY_ATTR_PERMISSIONS | SALLY_ATTR_ATIME |              \
     SALLY_ATTR_MTIME | SALLY_ATTR_NANOSECONDS)

#define OPEN_FLAGS_OF_5                                                                            \
    (SSH_FXF_ACCESS_DISPOSITION | SSH_FXF_APPEND_DATA | SSH_FXF_APPEND_DATA_ATOMIC |               \
     SSH_FXF_TEXT_MODE)
#define OPEN_FLAGS_OF_6 (OPEN_FLAGS_OF_5 | SSH_FXF_NOFOLLOW | SSH_FXF_DELETE_ON_CLOSE)
#define BLOCKS_OF_5     (SSH_FXF_BLOCK_READ | SSH_FXF_BLOCK_WRITE | SSH_FXF_BLOCK_DELETE)
#define BLOCKS_OF_6     (BLOCKS_OF_5 | SSH_FXF_BLOCK_ADVISORY)

static void put_u16(struct buf *b, uint16_t v)
{
    put_u8(b, (uint8_t)(v >> 8));
    put_u8(b, (uint8_t)v);
}

static void put_versions(struct buf *out, uint32_t highest)
{
    char text[2 * (SFTP_LAST_VERSION - SFTP_FIRST_VERSION + 1)];
    size_t size = 0;
    for (uint32_t v = SFTP_FIRST_VERSION; v <= highest; v++) {
        text[size++] = (char)('0' + v);
        text[size++] = ',';
    }
    put_text(out, "versions");
    put_string(out, text, size - 1);
}

static bool has_acl(const sally_fs *fs)
{
    return (sally_fs_traits(fs) & SALLY_FS_ACL) != 0;
}

uint32_t announce_settable(const struct sftp *s)
{
    return SETTABLE | (has_acl(sally_session_fs(s->session)) ? SALLY_ATTR_ACL : 0);
}

static bool may(const struct sftp *s, uint32_t any_of)
{
    return (sally_session_permissions(s->session) & any_of) != 0;
}

/* A storage that locks byte ranges keeps share reservations too. */
static bool has_blocks(const struct sftp *s)
{
    return may(s, SALLY_MAY_LOCK) && sally_fs_supports(sally_session_fs(s->session), SALLY_OP_LOCK);
}

/* The flags of OPEN that this session may use with some file. */
static uint32_t open_flags(const struct sftp *s)
{
    uint32_t flags = s->version >= 6 ? OPEN_FLAGS_OF_6 : OPEN_FLAGS_OF_5;
    if (has_blocks(s))
        flags |= s->version >= 6 ? BLOCKS_OF_6 : BLOCKS_OF_5;
    if (!may(s, SALLY_MAY_WRITE))
        flags &= ~(SSH_FXF_APPEND_DATA | SSH_FXF_APPEND_DATA_ATOMIC);
    if (!may(s, SALLY_MAY_REMOVE))
        flags &= ~SSH_FXF_DELETE_ON_CLOSE;
    return flags;
}

/* Attributes are set by SETSTAT, and by requests that create a file or directory. */
static bool may_set_attrs(const struct sftp *s)
{
    return may(s, SALLY_MAY_SETSTAT | SALLY_MAY_CREATE | SALLY_MAY_MKDIR) &&
           sally_fs_supports(sally_session_fs(s->session), SALLY_OP_SETSTAT);
}

/* No read size is promised, since a storage may return less than requested. */
static void put_abilities(const struct sftp *s, const sally_op_session *start, struct buf *out)
{
    bool may_set = may_set_attrs(s);
    uint32_t settable = may_set ? start->settable & ~(uint32_t)NEVER_SET : 0;
    uint32_t bits = may_set ? start->settable_bits : 0;
    put_u32(out, attrs_to_wire(s->version, settable | (bits ? SALLY_ATTR_BITS : 0)));
    put_u32(out, bits);
    put_u32(out, open_flags(s));
    /* Draft-05 lets clients mask the access that they request in OPEN with it, so it must be
     * complete. */
    put_u32(out, ACE4_EVERY);
    put_u32(out, 0);
}

static void put_supported(const struct sftp *s, const sally_op_session *start, struct buf *out)
{
    put_text(out, "supported");
    size_t place = put_string_begin(out);
    put_abilities(s, start, out);
    extensions_put_names(s, start, out);
    put_string_end(out, place);
}

static void put_supported2(const struct sftp *s, const sally_op_session *start, struct buf *out)
{
    put_text(out, "supported2");
    size_t place = put_string_begin(out);
    put_abilities(s, start, out);
    uint16_t blocks = has_blocks(s) ? ALL_BLOCKS : NO_BLOCKS;
    put_u16(out, blocks);
    put_u16(out, blocks);
    put_u32(out, 0); /* names of extended attributes: storages cannot announce any */
    put_u32(out, extensions_put_names(s, start, NULL));
    extensions_put_names(s, start, out);
    put_string_end(out, place);
}

void announce(const struct sftp *s, const sally_op_session *start, struct buf *out)
{
    if (s->version >= 4) {
        put_text(out, "newline");
        put_text(out, "\n");
    }
    /* Also to clients that may select version 6. */
    if (s->options.settings.filename_charset && (s->version >= 4 || version_may_select(s))) {
        put_text(out, "filename-charset");
        put_text(out, s->options.settings.filename_charset);
    }
    if (!request_is_denied(s, REQUEST_VENDOR_ID))
        vendor_put(out);
    if (version_may_select(s))
        put_versions(out, s->options.settings.max_version);
    if (s->version == 5)
        put_supported(s, start, out);
    if (s->version >= 6)
        put_supported2(s, start, out);
    if (s->version >= 6 && has_acl(sally_session_fs(s->session))) {
        put_text(out, "acl-supported");
        size_t place = put_string_begin(out);
        put_u32(out, SSH_ACL_CAP_ALLOW | SSH_ACL_CAP_DENY);
        put_string_end(out, place);
    }
    extensions_announce(s, start, out);
}
