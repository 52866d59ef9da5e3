#include "fs/acl.h"

#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"

#define XATTR_VERSION 2u
#define NO_ID         UINT32_MAX

/* More acl-flags; types, flags and masks of draft-ietf-secsh-filexfer-13 section 7.8. */
#define AUDIT_ALARM_INCLUDED 0x10u
#define ALLOWED              0u
#define DENIED               1u
#define INHERIT              0x03u /* by files and directories: POSIX makes no difference */
#define INHERIT_ONLY         0x08u
#define IDENTIFIER_GROUP     0x40u
#define READ_DATA            0x00000001u
#define WRITE_DATA           0x00000002u
#define APPEND_DATA          0x00000004u
#define EXECUTE              0x00000020u
#define DELETE_CHILD         0x00000040u
/* READ_ATTRIBUTES, READ_ACL, SYNCHRONIZE: these cannot be denied; WRITE_ATTRIBUTES and WRITE_ACL
 * are the owner's. */
#define EVERYBODYS 0x00120080u
#define OWNERS     0x00040100u

static uint16_t get_le16(struct cursor *c)
{
    uint16_t low = get_u8(c);
    return (uint16_t)(low | get_u8(c) << 8);
}

static uint32_t get_le32(struct cursor *c)
{
    uint32_t low = get_le16(c);
    return low | (uint32_t)get_le16(c) << 16;
}

static uint8_t *put_le(uint8_t *out, uint32_t value, unsigned bytes)
{
    for (; bytes; bytes--, value >>= 8)
        *out++ = (uint8_t)value;
    return out;
}

bool acl_decode(struct acl *acl, const void *bytes, size_t size)
{
    struct cursor c = cursor_of(bytes, size);
    acl->count = 0;
    if (get_le32(&c) != XATTR_VERSION)
        return false;
    while (cursor_left(&c) && acl->count < ACL_MAX_ENTRIES) {
        struct acl_entry *e = &acl->entries[acl->count++];
        e->tag = get_le16(&c);
        e->permissions = get_le16(&c);
        e->id = get_le32(&c);
    }
    return cursor_done(&c);
}

size_t acl_encode(const struct acl *acl, uint8_t out[ACL_MAX_BYTES])
{
    uint8_t *at = put_le(out, XATTR_VERSION, 4);
    for (uint32_t i = 0; i < acl->count; i++) {
        at = put_le(at, acl->entries[i].tag, 2);
        at = put_le(at, acl->entries[i].permissions, 2);
        at = put_le(at, acl->entries[i].id, 4);
    }
    return (size_t)(at - out);
}

static bool add(struct acl *acl, enum acl_tag tag, uint32_t permissions, uint32_t id)
{
    if (acl->count == ACL_MAX_ENTRIES)
        return false;
    acl->entries[acl->count++] =
        (struct acl_entry){.tag = (uint16_t)tag, .permissions = (uint16_t)permissions, .id = id};
    return true;
}

void acl_from_mode(struct acl *acl, uint32_t mode)
{
    acl->count = 0;
    add(acl, ACL_OWNER, mode >> 6 & 7, NO_ID);
    add(acl, ACL_OWNING_GROUP, mode >> 3 & 7, NO_ID);
    add(acl, ACL_OTHER, mode & 7, NO_ID);
}

bool acl_to_mode(const struct acl *acl, uint32_t *mode)
{
    *mode = 0;
    for (uint32_t i = 0; i < acl->count; i++) {
        const struct acl_entry *e = &acl->entries[i];
        unsigned shift = e->tag == ACL_OWNER ? 6 : e->tag == ACL_OWNING_GROUP ? 3 : 0;
        *mode |= (uint32_t)e->permissions << shift;
    }
    return acl->count == 3;
}

/* Out: every entry allows what it contains. In POSIX the first matching entry decides, in SFTP
 * several may add up: so missing rights are denied at once, except for groups, of which a user may
 * be in several, where they are denied after the last. */

struct acl_writer {
    struct buf *out;
    struct id_names *names;
    uint32_t count, flags;
    uint32_t mask; /* the mask: the most rights of named users and groups */
    bool directory;
};

static uint32_t access_of(const struct acl_writer *w, uint32_t permissions)
{
    uint32_t access = 0;
    if (permissions & 4)
        access |= READ_DATA;
    if (permissions & 2)
        access |= WRITE_DATA | APPEND_DATA | (w->directory ? DELETE_CHILD : 0);
    if (permissions & 1)
        access |= EXECUTE;
    return access;
}

static uint32_t permissions_of(const struct acl_writer *w, const struct acl_entry *e)
{
    bool masked = e->tag != ACL_OWNER && e->tag != ACL_OTHER;
    return e->permissions & (masked ? w->mask : 7u);
}

static void put_who(struct acl_writer *w, const struct acl_entry *e)
{
    char name[ID_NAME_SIZE];
    switch (e->tag) {
    case ACL_OWNER:
        put_text(w->out, "OWNER@");
        break;
    case ACL_OWNING_GROUP:
        put_text(w->out, "GROUP@");
        break;
    case ACL_OTHER:
        put_text(w->out, "EVERYONE@");
        break;
    default:
        id_names_get(w->names, e->tag == ACL_USER ? ID_USER : ID_GROUP, e->id, name);
        put_text(w->out, name);
        break;
    }
}

static void put_entry(struct acl_writer *w, const struct acl_entry *e, uint32_t type)
{
    uint32_t has = permissions_of(w, e);
    uint32_t access = access_of(w, type == ALLOWED ? has : ~has & 7);
    if (type == ALLOWED)
        access |= EVERYBODYS | (e->tag == ACL_OWNER ? OWNERS : 0);
    if (!access)
        return;
    put_u32(w->out, type);
    put_u32(w->out, w->flags | (e->tag == ACL_GROUP ? IDENTIFIER_GROUP : 0));
    put_u32(w->out, access);
    put_who(w, e);
    w->count++;
}

static void put_entries(struct acl_writer *w, const struct acl *acl)
{
    static const struct {
        uint32_t tags, type;
        bool and_deny;
    } passes[] = {
        {ACL_OWNER | ACL_USER, ALLOWED, true},
        {ACL_OWNING_GROUP | ACL_GROUP, ALLOWED, false},
        {ACL_OWNING_GROUP | ACL_GROUP, DENIED, false},
        {ACL_OTHER, ALLOWED, false},
    };
    w->mask = 7;
    for (uint32_t i = 0; i < acl->count; i++)
        if (acl->entries[i].tag == ACL_MASK)
            w->mask = acl->entries[i].permissions;
    for (size_t pass = 0; pass < COUNT_OF(passes); pass++) {
        for (uint32_t i = 0; i < acl->count; i++) {
            if (!(acl->entries[i].tag & passes[pass].tags))
                continue;
            put_entry(w, &acl->entries[i], passes[pass].type);
            if (passes[pass].and_deny)
                put_entry(w, &acl->entries[i], DENIED);
        }
    }
}

void acl_put(struct buf *out, const struct acl *acl, const struct acl *inherited, bool directory,
             struct id_names *names)
{
    struct acl_writer w = {.out = out, .names = names, .directory = directory};
    put_u32(out, ACL_CONTROL_INCLUDED | ACL_CONTROL_PRESENT);
    size_t place = out->size;
    put_u32(out, 0);
    put_entries(&w, acl);
    w.flags = INHERIT | INHERIT_ONLY;
    put_entries(&w, inherited);
    if (!out->failed)
        wire_put_u32(buf_head(out) + place, w.count);
}

sally_status acl_give(sally_op *op, sally_attrs *attrs, struct buf *text)
{
    uint8_t *copy = text->failed ? NULL : sally_op_alloc(op, text->size);
    if (copy) {
        memcpy(copy, buf_head(text), text->size);
        attrs->acl = copy;
        attrs->acl_size = text->size;
        attrs->valid |= SALLY_ATTR_ACL;
    }
    buf_clear(text);
    return copy ? SALLY_OK : SALLY_FAILURE;
}

/* In: for each user and group named, the rights that the entries grant, in order. Membership of
 * users in named groups is ignored: here, too, the first matching entry decides. */

struct ace {
    uint32_t type, flags, access;
    enum acl_tag tag;
    uint32_t id;
};

struct acl_reader {
    struct ace *aces;
    uint32_t count;
    struct id_names *names;
    sally_op *op; /* may be NULL */
};

static sally_status unknown(const struct acl_reader *r, const char *name)
{
    if (r->op) {
        sally_error error = sally_op_add_unknown_name(r->op, name);
        (void)error; /* then only the status is returned */
    }
    return SALLY_UNKNOWN_PRINCIPAL;
}

static sally_status unknown_long(const struct acl_reader *r, struct slice who)
{
    char *name = who.size ? slice_strdup(who) : NULL;
    if (name)
        unknown(r, name);
    mem_free(name);
    return SALLY_UNKNOWN_PRINCIPAL;
}

static sally_status read_who(const struct acl_reader *r, struct ace *ace, struct slice who)
{
    char name[ID_NAME_SIZE];
    ace->id = NO_ID;
    ace->tag = ACL_OTHER;
    if (slice_is(who, "EVERYONE@"))
        return SALLY_OK;
    ace->tag = slice_is(who, "OWNER@") ? ACL_OWNER : ACL_OWNING_GROUP;
    if (ace->tag == ACL_OWNER || slice_is(who, "GROUP@"))
        return SALLY_OK;
    if (who.size == 0 || who.size >= sizeof(name) || slice_has_nul(who))
        return unknown_long(r, who);
    if (who.data[who.size - 1] == '@')
        return SALLY_UNSUPPORTED; /* how a user logged in, not who it is */
    memcpy(name, who.data, who.size);
    name[who.size] = 0;
    bool group = (ace->flags & IDENTIFIER_GROUP) != 0;
    ace->tag = group ? ACL_GROUP : ACL_USER;
    return id_of_name(r->names, group ? ID_GROUP : ID_USER, name, &ace->id) ? SALLY_OK
                                                                            : unknown(r, name);
}

static sally_status read_ace(const struct acl_reader *r, struct ace *ace, struct cursor *in,
                             bool directory)
{
    ace->type = get_u32(in);
    ace->flags = get_u32(in);
    ace->access = get_u32(in);
    struct slice who = get_string(in);
    if (in->bad)
        return SALLY_BAD_MESSAGE;
    uint32_t inherit = ace->flags & (INHERIT | INHERIT_ONLY);
    if (ace->type > DENIED || (ace->flags & ~(INHERIT | INHERIT_ONLY | IDENTIFIER_GROUP)))
        return SALLY_UNSUPPORTED;
    if (inherit && (!directory || (inherit & INHERIT) != INHERIT))
        return SALLY_UNSUPPORTED;
    return read_who(r, ace, who);
}

static bool counts(const struct ace *ace, bool inherited)
{
    return inherited ? (ace->flags & INHERIT) != 0 : !(ace->flags & INHERIT_ONLY);
}

static uint32_t permissions_for(const struct acl_reader *r, bool inherited, enum acl_tag tag,
                                uint32_t id)
{
    uint32_t allowed = 0, denied = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct ace *ace = &r->aces[i];
        bool fits = ace->tag == ACL_OTHER || (ace->tag == tag && ace->id == id);
        if (!fits || !counts(ace, inherited))
            continue;
        if (ace->type == ALLOWED)
            allowed |= ace->access & ~denied;
        else
            denied |= ace->access & ~allowed;
    }
    return (allowed & READ_DATA ? 4u : 0) | (allowed & WRITE_DATA ? 2u : 0) |
           (allowed & EXECUTE ? 1u : 0);
}

/* All entries with this tag, in the order of their numbers, as the system requires. */
static bool add_named(const struct acl_reader *r, bool inherited, enum acl_tag tag, struct acl *acl)
{
    uint64_t least = 0;
    for (;;) {
        uint32_t next = NO_ID;
        for (uint32_t i = 0; i < r->count; i++) {
            const struct ace *ace = &r->aces[i];
            if (ace->tag == tag && counts(ace, inherited) && ace->id >= least && ace->id < next)
                next = ace->id;
        }
        if (next == NO_ID)
            return true;
        if (!add(acl, tag, permissions_for(r, inherited, tag, next), next))
            return false;
        least = (uint64_t)next + 1;
    }
}

static bool add_mask(struct acl *acl)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < acl->count; i++)
        if (acl->entries[i].tag != ACL_OWNER)
            most |= acl->entries[i].permissions;
    return add(acl, ACL_MASK, most, NO_ID);
}

static bool build(const struct acl_reader *r, bool inherited, struct acl *acl)
{
    acl->count = 0;
    bool ok =
        add(acl, ACL_OWNER, permissions_for(r, inherited, ACL_OWNER, NO_ID), NO_ID) &&
        add_named(r, inherited, ACL_USER, acl) &&
        add(acl, ACL_OWNING_GROUP, permissions_for(r, inherited, ACL_OWNING_GROUP, NO_ID), NO_ID) &&
        add_named(r, inherited, ACL_GROUP, acl);
    if (ok && acl->count > 2)
        ok = add_mask(acl);
    return ok && add(acl, ACL_OTHER, permissions_for(r, inherited, ACL_OTHER, NO_ID), NO_ID);
}

static bool any_inherited(const struct acl_reader *r)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (counts(&r->aces[i], true))
            return true;
    return false;
}

static sally_status read_aces(struct acl_change *change, struct cursor *in, uint32_t count,
                              bool directory, struct id_names *names, sally_op *op)
{
    if (count > ACL_MAX_ENTRIES)
        return SALLY_UNSUPPORTED;
    struct acl_reader r = {.aces = mem_array(count + 1, sizeof(*r.aces)), .names = names, .op = op};
    sally_status status = r.aces ? SALLY_OK : SALLY_FAILURE;
    /* All unknown names are reported, unless there is another error. */
    while ((status == SALLY_OK || status == SALLY_UNKNOWN_PRINCIPAL) && r.count < count) {
        sally_status one = read_ace(&r, &r.aces[r.count], in, directory);
        r.count++;
        if (one != SALLY_OK)
            status = one;
    }
    if (status == SALLY_OK && !cursor_done(in))
        status = SALLY_BAD_MESSAGE;
    if (status == SALLY_OK && !build(&r, false, &change->acl))
        status = SALLY_UNSUPPORTED;
    if (status == SALLY_OK && any_inherited(&r) && !build(&r, true, &change->inherited))
        status = SALLY_UNSUPPORTED;
    mem_free(r.aces);
    return status;
}

sally_status acl_get(struct acl_change *change, const void *bytes, size_t size, bool directory,
                     struct id_names *names, sally_op *op)
{
    struct cursor in = cursor_of(bytes, size);
    uint32_t flags = get_u32(&in), count = get_u32(&in);
    change->keep = change->remove = false;
    change->acl.count = change->inherited.count = 0;
    if (in.bad)
        return SALLY_BAD_MESSAGE;
    if (flags & AUDIT_ALARM_INCLUDED) /* "if the change can not be made, MUST fail" */
        return SALLY_UNSUPPORTED;
    change->keep = !(flags & ACL_CONTROL_INCLUDED);
    change->remove = !(flags & ACL_CONTROL_PRESENT);
    if (change->keep || change->remove)
        return SALLY_OK;
    return read_aces(change, &in, count, directory, names, op);
}
