/* Requests as bytes, and for people. */
#include "model.h"
#include "names.h"

#include "sallyport/attrs.h"
#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"

#define OLD_TIME 1000u /* seconds since 1970, before any that the clock sets */

static const char *const act_names[ACT_COUNT] = {
#define ACT_NAME(name, ...) #name,
    ACT_MAP(ACT_NAME)
#undef ACT_NAME
};

const char *act_name(enum act act)
{
    return act_names[act];
}

static void put_handle(struct buf *out, const struct handle *h)
{
    static const uint8_t none[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    if (h->size)
        put_string(out, h->bytes, h->size);
    else
        put_string(out, none, sizeof none);
}

static void put_attrs(struct buf *out, const struct step *s, uint32_t version, uint32_t valid)
{
    const sally_attrs attrs = {
        .valid = valid | SALLY_ATTR_TYPE,
        .type = s->act == ACT_MKDIR ? SALLY_TYPE_DIRECTORY : SALLY_TYPE_REGULAR,
        .size = s->length,
        .permissions = s->access & 0777,
        .atime = {.seconds = OLD_TIME},
        .mtime = {.seconds = (int64_t)OLD_TIME + s->value},
    };
    if (version > 3) {
        attrs_put(out, version, &attrs);
        return;
    }
    sally_attrs plain = attrs;
    plain.valid &= ~(uint32_t)SALLY_ATTR_TYPE;
    attrs_put(out, version, &plain);
}

static void put_data(struct buf *out, const struct step *s)
{
    put_u32(out, s->length);
    for (uint32_t i = 0; i < s->length; i++)
        put_u8(out, (uint8_t)('0' + (s->value * 7 + i) % 75));
}

static void put_wanted(struct buf *out, uint32_t version)
{
    if (version > 3)
        put_u32(out, SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_PERMISSIONS |
                         SSH_FILEXFER_ATTR_MODIFYTIME | SSH_FILEXFER_ATTR_LINK_COUNT);
}

static void put_digest(struct buf *out, const struct step *s)
{
    put_text(out, "md5");
    put_u64(out, s->from);
    put_u64(out, s->value % 2 ? s->length : 0);
    put_u32(out, 0);
}

/* By the handle, and nothing or little else. */
static bool put_by_handle(struct buf *out, const struct step *s, uint32_t version,
                          const struct handle *h)
{
    static const uint8_t types[ACT_COUNT] = {
        [ACT_CLOSE] = SSH_FXP_CLOSE,       [ACT_READ] = SSH_FXP_READ,
        [ACT_WRITE] = SSH_FXP_WRITE,       [ACT_FSTAT] = SSH_FXP_FSTAT,
        [ACT_FSETSTAT] = SSH_FXP_FSETSTAT, [ACT_READDIR] = SSH_FXP_READDIR,
        [ACT_LOCK] = SSH_FXP_BLOCK,        [ACT_UNLOCK] = SSH_FXP_UNBLOCK,
    };
    if (!types[s->act])
        return false;
    buf_head(out)[4] = types[s->act];
    put_handle(out, h);
    if (s->act == ACT_FSTAT)
        put_wanted(out, version);
    if (s->act == ACT_FSETSTAT)
        put_attrs(out, s, version, s->flags);
    if (s->act == ACT_READ || s->act == ACT_WRITE || s->act == ACT_LOCK || s->act == ACT_UNLOCK)
        put_u64(out, s->offset);
    if (s->act == ACT_READ)
        put_u32(out, s->length);
    if (s->act == ACT_WRITE)
        put_data(out, s);
    if (s->act == ACT_LOCK || s->act == ACT_UNLOCK)
        put_u64(out, s->length);
    if (s->act == ACT_LOCK)
        put_u32(out, s->flags);
    return true;
}

static void put_open(struct buf *out, const struct step *s, uint32_t version)
{
    put_text(out, names[s->name]);
    if (version > 3)
        put_u32(out, s->access);
    put_u32(out, s->flags);
    put_attrs(out, s, version, 0);
}

static void put_symlink(struct buf *out, const struct step *s, uint32_t version)
{
    buf_head(out)[4] = version == 6 ? SSH_FXP_LINK : SSH_FXP_SYMLINK;
    put_text(out, version == 6 ? names[s->name] : targets[s->to]);
    put_text(out, version == 6 ? targets[s->to] : names[s->name]);
    if (version == 6)
        put_bool(out, true);
}

static bool put_by_path(struct buf *out, const struct step *s, uint32_t version)
{
    static const uint8_t types[ACT_COUNT] = {
        [ACT_OPEN] = SSH_FXP_OPEN,         [ACT_OPENDIR] = SSH_FXP_OPENDIR,
        [ACT_STAT] = SSH_FXP_STAT,         [ACT_LSTAT] = SSH_FXP_LSTAT,
        [ACT_SETSTAT] = SSH_FXP_SETSTAT,   [ACT_REALPATH] = SSH_FXP_REALPATH,
        [ACT_READLINK] = SSH_FXP_READLINK, [ACT_RENAME] = SSH_FXP_RENAME,
        [ACT_REMOVE] = SSH_FXP_REMOVE,     [ACT_MKDIR] = SSH_FXP_MKDIR,
        [ACT_RMDIR] = SSH_FXP_RMDIR,       [ACT_SYMLINK] = SSH_FXP_SYMLINK,
    };
    if (!types[s->act])
        return false;
    buf_head(out)[4] = types[s->act];
    if (s->act == ACT_OPEN) {
        put_open(out, s, version);
        return true;
    }
    if (s->act == ACT_SYMLINK) {
        put_symlink(out, s, version);
        return true;
    }
    put_text(out, names[s->name]);
    if (s->act == ACT_STAT || s->act == ACT_LSTAT)
        put_wanted(out, version);
    if (s->act == ACT_SETSTAT)
        put_attrs(out, s, version, s->flags);
    if (s->act == ACT_MKDIR)
        put_attrs(out, s, version, SALLY_ATTR_PERMISSIONS);
    if (s->act == ACT_RENAME)
        put_text(out, names[s->to]);
    if (s->act == ACT_RENAME && version == 6)
        put_u32(out, s->flags);
    if (s->act == ACT_REALPATH && version == 6)
        put_u8(out, (uint8_t)s->flags);
    return true;
}

static void put_copy_data(struct buf *out, const struct step *s, const struct handle handles[SLOTS])
{
    put_handle(out, &handles[s->slot]);
    put_u64(out, s->from);
    put_u64(out, s->length);
    put_handle(out, &handles[s->other]);
    put_u64(out, s->offset);
}

static void put_two(struct buf *out, const struct step *s)
{
    put_text(out, names[s->name]);
    put_text(out, names[s->to]);
}

static void put_quick(struct buf *out, const struct step *s)
{
    static const uint8_t wrong[16] = {0};
    put_text(out, names[s->name]);
    put_u64(out, s->from);
    put_u64(out, s->length);
    put_string(out, wrong, s->value % 2 ? sizeof wrong : 0);
}

static void put_extended(struct buf *out, const struct step *s, uint32_t version,
                         const struct handle handles[SLOTS])
{
    static const char *const extensions[ACT_COUNT] = {
        [ACT_LSETSTAT] = "lsetstat@openssh.com",
        [ACT_POSIX_RENAME] = "posix-rename@openssh.com",
        [ACT_HARDLINK] = "hardlink@openssh.com",
        [ACT_COPY_DATA] = "copy-data",
        [ACT_COPY_FILE] = "copy-file",
        [ACT_HASH_HANDLE] = "check-file-handle",
        [ACT_HASH_NAME] = "check-file-name",
        [ACT_MD5_QUICK] = "md5-hash",
        [ACT_FSYNC] = "fsync@openssh.com",
        [ACT_SET_XATTR] = "setxattr@proftpd.org",
        [ACT_GET_XATTR] = "getxattr@proftpd.org",
        [ACT_RANGES] = "ranges@asyncssh.com",
        [ACT_UNKNOWN] = "unknown@example.com",
    };
    buf_head(out)[4] = SSH_FXP_EXTENDED;
    put_text(out, extensions[s->act]);
    switch (s->act) {
    case ACT_LSETSTAT:
        put_text(out, names[s->name]);
        put_attrs(out, s, version, s->flags);
        break;
    case ACT_COPY_DATA:
        put_copy_data(out, s, handles);
        break;
    case ACT_COPY_FILE:
        put_two(out, s);
        put_bool(out, s->flags != 0);
        break;
    case ACT_POSIX_RENAME:
    case ACT_HARDLINK:
        put_two(out, s);
        break;
    case ACT_HASH_HANDLE:
        put_handle(out, &handles[s->slot]);
        put_digest(out, s);
        break;
    case ACT_HASH_NAME:
        put_text(out, names[s->name]);
        put_digest(out, s);
        break;
    case ACT_MD5_QUICK:
        put_quick(out, s);
        break;
    case ACT_FSYNC:
        put_handle(out, &handles[s->slot]);
        break;
    case ACT_SET_XATTR:
        put_text(out, names[s->name]);
        put_text(out, "user.model");
        put_data(out, s);
        put_u32(out, 0);
        break;
    case ACT_GET_XATTR:
        put_text(out, names[s->name]);
        put_text(out, "user.model");
        put_u32(out, 200);
        break;
    case ACT_RANGES:
        put_handle(out, &handles[s->slot]);
        put_u64(out, 0);
        put_u64(out, 4096);
        break;
    default:
        put_text(out, names[s->name]);
        break;
    }
}

void request_put(struct buf *out, const struct step *step, uint32_t version, uint32_t id,
                 const struct handle handles[SLOTS])
{
    struct buf one;
    buf_init(&one, 4096);
    put_u32(&one, 0);
    put_u8(&one, 0);
    put_u32(&one, id);
    if (!put_by_handle(&one, step, version, &handles[step->slot]) &&
        !put_by_path(&one, step, version))
        put_extended(&one, step, version, handles);
    wire_put_u32(buf_head(&one), (uint32_t)(one.size - 4));
    put_bytes(out, buf_head(&one), one.size);
    buf_clear(&one);
}

static bool has_handle(enum act act)
{
    switch (act) {
    case ACT_OPEN:
    case ACT_OPENDIR:
    case ACT_CLOSE:
    case ACT_READ:
    case ACT_WRITE:
    case ACT_FSTAT:
    case ACT_FSETSTAT:
    case ACT_READDIR:
    case ACT_LOCK:
    case ACT_UNLOCK:
    case ACT_COPY_DATA:
    case ACT_HASH_HANDLE:
    case ACT_FSYNC:
    case ACT_RANGES:
        return true;
    default:
        return false;
    }
}

void request_describe(struct buf *out, const struct step *s, uint32_t version)
{
    bool opens = s->act == ACT_OPEN || s->act == ACT_OPENDIR;
    bool two = s->act == ACT_RENAME || s->act == ACT_POSIX_RENAME || s->act == ACT_HARDLINK ||
               s->act == ACT_COPY_FILE;
    put_format(out, "%s", act_name(s->act));
    if (has_handle(s->act))
        put_format(out, " #%u", s->slot);
    if (!has_handle(s->act) || opens)
        put_format(out, " %s", names[s->name]);
    if (two)
        put_format(out, " %s", names[s->to]);
    if (s->act == ACT_SYMLINK)
        put_format(out, " -> %s", targets[s->to]);
    if (s->act == ACT_COPY_DATA)
        put_format(out, "+%u to #%u", s->from, s->other);
    if (s->act == ACT_READ || s->act == ACT_WRITE || s->act == ACT_LOCK || s->act == ACT_UNLOCK ||
        s->act == ACT_COPY_DATA)
        put_format(out, "+%u, %u bytes", s->offset, s->length);
    if (s->act == ACT_OPEN || s->act == ACT_RENAME || s->act == ACT_LOCK)
        put_format(out, " flags %#x", s->flags);
    if (s->act == ACT_OPEN && version > 3)
        put_format(out, " access %#x", s->access);
    if (s->act == ACT_SETSTAT || s->act == ACT_FSETSTAT || s->act == ACT_LSETSTAT)
        put_format(out, "%s%s%s", s->flags & SALLY_ATTR_SIZE ? " size" : "",
                   s->flags & SALLY_ATTR_PERMISSIONS ? " mode" : "",
                   s->flags & SALLY_ATTR_MTIME ? " time" : "");
    if (s->flags & SALLY_ATTR_SIZE && (s->act == ACT_SETSTAT || s->act == ACT_FSETSTAT))
        put_format(out, " %u", s->length);
    put_format(out, "%s", s->last ? " ." : "");
}
