#include "sftp/attrs_codec.h"

#include <stdio.h>

#include "base/mem.h"
#include "core/attrs.h"
#include "sftp/protocol.h"

#define MAX_NANOSECONDS  999999999u
#define SENT_PERMISSIONS 07777u
/* Version 5 has no mask of valid attribute bits: these are the ones it defines (draft-05 section
 * 5.8). */
#define BITS_OF_VERSION_5 0x7ffu

struct attrs_reader {
    struct cursor *in;
    uint32_t version;
    uint32_t flags;
    sally_attrs *out;
    const struct attrs_memory *memory;
    sally_status status; /* the first error, except a premature end of input */
};

struct attrs_writer {
    struct buf *out;
    uint32_t version;
    uint32_t flags;
    const sally_attrs *attrs;
};

/* ---- Texts ---- */

static const void *keep(struct attrs_reader *r, struct slice s)
{
    char *copy = r->memory->alloc(r->memory->user_data, s.size + 1);
    if (!copy) {
        r->status = SALLY_FAILURE;
        return NULL;
    }
    if (s.size)
        memcpy(copy, s.data, s.size);
    copy[s.size] = '\0';
    return copy;
}

static const char *get_text(struct attrs_reader *r)
{
    struct slice s = get_string(r->in);
    if (slice_has_nul(s)) {
        r->status = SALLY_INVALID_PARAMETER;
        return NULL;
    }
    return keep(r, s);
}

static void put_optional_text(struct buf *out, const char *text)
{
    put_text(out, text ? text : "");
}

/* ---- Fields, in the order in which they are sent ---- */

static void put_size(struct attrs_writer *w)
{
    put_u64(w->out, w->attrs->size);
}

static void get_size(struct attrs_reader *r)
{
    r->out->size = get_u64(r->in);
}

static void put_allocation(struct attrs_writer *w)
{
    put_u64(w->out, w->attrs->allocation_size);
}

static void get_allocation(struct attrs_reader *r)
{
    r->out->allocation_size = get_u64(r->in);
}

static void put_ids(struct attrs_writer *w)
{
    put_u32(w->out, w->attrs->uid);
    put_u32(w->out, w->attrs->gid);
}

static void get_ids(struct attrs_reader *r)
{
    r->out->uid = get_u32(r->in);
    r->out->gid = get_u32(r->in);
}

/* If the storage only has numbers: without "@", as no translation was available. */
static void put_id_as_name(struct buf *out, uint32_t id)
{
    char text[11];
    snprintf(text, sizeof text, "%lu", (unsigned long)id);
    put_text(out, text);
}

static void put_names(struct attrs_writer *w)
{
    if (w->attrs->valid & SALLY_ATTR_NAMES) {
        put_optional_text(w->out, w->attrs->owner);
        put_optional_text(w->out, w->attrs->group);
    } else {
        put_id_as_name(w->out, w->attrs->uid);
        put_id_as_name(w->out, w->attrs->gid);
    }
}

static bool name_is_id(const char *name, uint32_t *id)
{
    uint64_t value = 0;
    if (!*name)
        return false;
    for (; *name; name++) {
        if (*name < '0' || *name > '9')
            return false;
        value = value * 10 + (uint64_t)(*name - '0');
        if (value > UINT32_MAX)
            return false;
    }
    *id = (uint32_t)value;
    return true;
}

static void get_names(struct attrs_reader *r)
{
    uint32_t uid, gid;
    r->out->owner = get_text(r);
    r->out->group = get_text(r);
    if (r->out->owner && r->out->group && name_is_id(r->out->owner, &uid) &&
        name_is_id(r->out->group, &gid)) {
        r->out->uid = uid;
        r->out->gid = gid;
        r->out->valid |= SALLY_ATTR_IDS;
    }
}

/* Version 3 has no separate type: clients find it in the mode. */
static void put_permissions(struct attrs_writer *w)
{
    put_u32(w->out, w->version == 3 ? attrs_posix_mode(w->attrs)
                                    : w->attrs->permissions & SENT_PERMISSIONS);
}

static void get_permissions(struct attrs_reader *r)
{
    r->out->permissions = get_u32(r->in) & SENT_PERMISSIONS;
}

static uint32_t time_of_version_3(int64_t seconds)
{
    return seconds < 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

/* Version 3 sends both times or none. */
static void put_both_times(struct attrs_writer *w)
{
    const sally_attrs *a = w->attrs;
    const sally_time *atime = a->valid & SALLY_ATTR_ATIME ? &a->atime : &a->mtime;
    const sally_time *mtime = a->valid & SALLY_ATTR_MTIME ? &a->mtime : &a->atime;
    put_u32(w->out, time_of_version_3(atime->seconds));
    put_u32(w->out, time_of_version_3(mtime->seconds));
}

static void get_both_times(struct attrs_reader *r)
{
    r->out->atime.seconds = get_u32(r->in);
    r->out->mtime.seconds = get_u32(r->in);
}

static void put_time(const struct attrs_writer *w, const sally_time *t)
{
    put_u64(w->out, (uint64_t)t->seconds);
    if (w->flags & SSH_FILEXFER_ATTR_SUBSECOND_TIMES)
        put_u32(w->out, t->nanoseconds > MAX_NANOSECONDS ? MAX_NANOSECONDS : t->nanoseconds);
}

static void get_time(struct attrs_reader *r, sally_time *t)
{
    t->seconds = (int64_t)get_u64(r->in);
    if (!(r->flags & SSH_FILEXFER_ATTR_SUBSECOND_TIMES))
        return;
    t->nanoseconds = get_u32(r->in);
    if (t->nanoseconds > MAX_NANOSECONDS)
        r->status = SALLY_INVALID_PARAMETER;
}

#define TIME_FIELD(name)                                                                           \
    static void put_##name(struct attrs_writer *w)                                                 \
    {                                                                                              \
        put_time(w, &w->attrs->name);                                                              \
    }                                                                                              \
    static void get_##name(struct attrs_reader *r)                                                 \
    {                                                                                              \
        get_time(r, &r->out->name);                                                                \
    }
TIME_FIELD(atime)
TIME_FIELD(createtime)
TIME_FIELD(mtime)
TIME_FIELD(ctime)

static bool acl_is_sound(struct slice acl)
{
    struct cursor c = cursor_of_slice(acl);
    get_u32(&c); /* acl-flags */
    uint32_t count = get_u32(&c);
    if (count > cursor_left(&c) / 16)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        get_u32(&c);
        get_u32(&c);
        get_u32(&c);
        get_string(&c);
    }
    return cursor_done(&c);
}

/* Inside, an ACL always has version 6's form, which begins with flags. */
static void put_acl(struct attrs_writer *w)
{
    struct cursor c = cursor_of(w->attrs->acl, w->attrs->acl_size);
    if (w->version < 6)
        get_u32(&c);
    put_slice(w->out, cursor_rest(&c));
}

static void get_acl(struct attrs_reader *r)
{
    struct slice s = get_string(r->in);
    size_t more = r->version < 6 ? 4 : 0;
    uint8_t *copy = r->memory->alloc(r->memory->user_data, s.size + more + 1);
    if (!copy) {
        r->status = SALLY_FAILURE;
        return;
    }
    if (more)
        wire_put_u32(copy, SFX_ACL_CONTROL_INCLUDED | SFX_ACL_CONTROL_PRESENT);
    if (s.size)
        memcpy(copy + more, s.data, s.size);
    struct slice acl = {copy, s.size + more};
    if (!r->in->bad && !acl_is_sound(acl))
        r->status = SALLY_BAD_MESSAGE;
    r->out->acl = copy;
    r->out->acl_size = acl.size;
}

static void put_bits(struct attrs_writer *w)
{
    const sally_attrs *a = w->attrs;
    put_u32(w->out, a->attrib_bits & a->attrib_bits_valid);
    if (w->version >= 6)
        put_u32(w->out, a->attrib_bits_valid);
}

static void get_bits(struct attrs_reader *r)
{
    r->out->attrib_bits = get_u32(r->in);
    r->out->attrib_bits_valid = r->version >= 6 ? get_u32(r->in) : BITS_OF_VERSION_5;
}

static void put_text_hint(struct attrs_writer *w)
{
    put_u8(w->out, (uint8_t)w->attrs->text_hint);
}

static void get_text_hint(struct attrs_reader *r)
{
    r->out->text_hint = get_u8(r->in);
}

static void put_mime_type(struct attrs_writer *w)
{
    put_optional_text(w->out, w->attrs->mime_type);
}

static void get_mime_type(struct attrs_reader *r)
{
    r->out->mime_type = get_text(r);
}

static void put_link_count(struct attrs_writer *w)
{
    put_u32(w->out, w->attrs->link_count);
}

static void get_link_count(struct attrs_reader *r)
{
    r->out->link_count = get_u32(r->in);
}

static void put_untranslated(struct attrs_writer *w)
{
    put_optional_text(w->out, w->attrs->untranslated_name);
}

static void get_untranslated(struct attrs_reader *r)
{
    r->out->untranslated_name = get_text(r);
}

static void put_extended(struct attrs_writer *w)
{
    put_u32(w->out, (uint32_t)w->attrs->extended_count);
    for (size_t i = 0; i < w->attrs->extended_count; i++) {
        put_optional_text(w->out, w->attrs->extended[i].name);
        put_string(w->out, w->attrs->extended[i].data, w->attrs->extended[i].size);
    }
}

static void get_extended(struct attrs_reader *r)
{
    uint32_t count = get_u32(r->in);
    if (count > ATTRS_MAX_EXTENDED || count > cursor_left(r->in) / 8) {
        r->in->bad = true;
        return;
    }
    sally_pair *pairs = r->memory->alloc(r->memory->user_data, (count + 1) * sizeof *pairs);
    if (!pairs) {
        r->status = SALLY_FAILURE;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        pairs[i].name = get_text(r);
        struct slice data = get_string(r->in);
        pairs[i].data = keep(r, data);
        pairs[i].size = data.size;
    }
    r->out->extended = pairs;
    r->out->extended_count = count;
}

/* ---- The table ---- */

#define A(name) SALLY_ATTR_##name
#define F(name) SSH_FILEXFER_ATTR_##name

/* In the order of draft-13 section 7, which is also that of the drafts before it. */
/* clang-format off */
static const struct field {
    uint32_t any;     /* sent when one of these members is present */
    uint32_t sets;    /* present when it was received */
    uint32_t flag[4]; /* on the wire in versions 3 to 6; 0: not in that version */
    void (*put)(struct attrs_writer *w);
    void (*get)(struct attrs_reader *r);
} fields[] = {
    {A(SIZE), A(SIZE),
        {F(SIZE), F(SIZE), F(SIZE), F(SIZE)}, put_size, get_size},
    {A(ALLOCATION_SIZE), A(ALLOCATION_SIZE),
        {0, 0, 0, F(ALLOCATION_SIZE)}, put_allocation, get_allocation},
    {A(IDS), A(IDS),
        {F(UIDGID), 0, 0, 0}, put_ids, get_ids},
    {A(NAMES) | A(IDS), A(NAMES),
        {0, F(OWNERGROUP), F(OWNERGROUP), F(OWNERGROUP)}, put_names, get_names},
    {A(PERMISSIONS), A(PERMISSIONS),
        {F(PERMISSIONS), F(PERMISSIONS), F(PERMISSIONS), F(PERMISSIONS)}, put_permissions, get_permissions},
    {A(ATIME) | A(MTIME), A(ATIME) | A(MTIME),
        {F(ACMODTIME), 0, 0, 0}, put_both_times, get_both_times},
    {A(ATIME), A(ATIME),
        {0, F(ACCESSTIME), F(ACCESSTIME), F(ACCESSTIME)}, put_atime, get_atime},
    {A(CREATETIME), A(CREATETIME),
        {0, F(CREATETIME), F(CREATETIME), F(CREATETIME)}, put_createtime, get_createtime},
    {A(MTIME), A(MTIME),
        {0, F(MODIFYTIME), F(MODIFYTIME), F(MODIFYTIME)}, put_mtime, get_mtime},
    {A(CTIME), A(CTIME),
        {0, 0, 0, F(CTIME)}, put_ctime, get_ctime},
    {A(ACL), A(ACL),
        {0, F(ACL), F(ACL), F(ACL)}, put_acl, get_acl},
    {A(BITS), A(BITS),
        {0, 0, F(BITS), F(BITS)}, put_bits, get_bits},
    {A(TEXT_HINT), A(TEXT_HINT),
        {0, 0, 0, F(TEXT_HINT)}, put_text_hint, get_text_hint},
    {A(MIME_TYPE), A(MIME_TYPE),
        {0, 0, 0, F(MIME_TYPE)}, put_mime_type, get_mime_type},
    {A(LINK_COUNT), A(LINK_COUNT),
        {0, 0, 0, F(LINK_COUNT)}, put_link_count, get_link_count},
    {A(UNTRANSLATED_NAME), A(UNTRANSLATED_NAME),
        {0, 0, 0, F(UNTRANSLATED_NAME)}, put_untranslated, get_untranslated},
    {A(EXTENDED), A(EXTENDED),
        {F(EXTENDED), F(EXTENDED), F(EXTENDED), F(EXTENDED)}, put_extended, get_extended},
};
/* clang-format on */

#define TIMES_WITH_NANOSECONDS (A(ATIME) | A(MTIME) | A(CTIME) | A(CREATETIME))

static uint32_t flag_of(const struct field *f, uint32_t version)
{
    return f->flag[version - SFTP_FIRST_VERSION];
}

static uint32_t subsecond(uint32_t version, uint32_t valid)
{
    bool has = version > 3 && valid & A(NANOSECONDS) && valid & TIMES_WITH_NANOSECONDS;
    return has ? F(SUBSECOND_TIMES) : 0;
}

uint32_t attrs_to_wire(uint32_t version, uint32_t valid)
{
    uint32_t flags = subsecond(version, valid);
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (fields[i].any & valid)
            flags |= flag_of(&fields[i], version);
    return flags;
}

uint32_t attrs_of_wire(uint32_t version, uint32_t flags)
{
    uint32_t valid = A(TYPE);
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (flag_of(&fields[i], version) & flags)
            valid |= fields[i].any;
    if (version > 3 && flags & F(SUBSECOND_TIMES))
        valid |= A(NANOSECONDS);
    return valid;
}

/* Type and permissions are one field in version 3: either one suffices. */
static uint32_t members_to_send(uint32_t version, const sally_attrs *attrs)
{
    uint32_t valid = attrs->valid;
    if (version == 3 && valid & A(TYPE) && attrs_posix_mode(attrs))
        valid |= A(PERMISSIONS);
    if (valid & A(ACL) && !acl_is_sound((struct slice){attrs->acl, attrs->acl_size}))
        valid &= ~(uint32_t)A(ACL);
    if (attrs->extended_count == 0 || attrs->extended_count > UINT32_MAX)
        valid &= ~(uint32_t)A(EXTENDED);
    return valid;
}

static uint8_t wire_type(uint32_t version, const sally_attrs *attrs)
{
    uint32_t type = attrs->valid & A(TYPE) ? attrs->type : SALLY_TYPE_UNKNOWN;
    if (type < SALLY_TYPE_REGULAR || type > SALLY_TYPE_FIFO)
        type = SALLY_TYPE_UNKNOWN;
    if (version == 4 && type > SALLY_TYPE_UNKNOWN)
        type = SALLY_TYPE_SPECIAL; /* draft-04 section 5.2 ends there */
    return (uint8_t)type;
}

void attrs_put(struct buf *out, uint32_t version, const sally_attrs *attrs)
{
    uint32_t valid = members_to_send(version, attrs);
    struct attrs_writer w = {out, version, subsecond(version, valid), attrs};
    uint32_t flags = w.flags;
    size_t place = out->size;
    put_u32(out, 0);
    if (version > 3)
        put_u8(out, wire_type(version, attrs));
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        uint32_t flag = fields[i].any & valid ? flag_of(&fields[i], version) : 0;
        flags |= flag;
        if (flag)
            fields[i].put(&w);
    }
    if (!out->failed)
        wire_put_u32(buf_head(out) + place, flags);
}

void attrs_put_none(struct buf *out, uint32_t version)
{
    put_u32(out, 0);
    if (version > 3)
        put_u8(out, SALLY_TYPE_UNKNOWN);
}

void attrs_hide(sally_attrs *attrs, const char *name)
{
    if (!(attrs->valid & A(BITS)))
        attrs->attrib_bits = attrs->attrib_bits_valid = 0;
    attrs->valid |= A(BITS);
    if (attrs->attrib_bits_valid & SSH_FILEXFER_ATTR_FLAGS_HIDDEN)
        return; /* set by the storage */
    if (name[0] == '.')
        attrs->attrib_bits |= SSH_FILEXFER_ATTR_FLAGS_HIDDEN;
    attrs->attrib_bits_valid |= SSH_FILEXFER_ATTR_FLAGS_HIDDEN;
}

uint32_t attrs_known_flags(uint32_t version)
{
    uint32_t flags = version > 3 ? F(SUBSECOND_TIMES) : 0;
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        flags |= flag_of(&fields[i], version);
    return flags;
}

sally_status attrs_get(struct cursor *in, uint32_t version, sally_attrs *out,
                       const struct attrs_memory *memory)
{
    memset(out, 0, sizeof *out);
    struct attrs_reader r = {in, version, get_u32(in), out, memory, SALLY_OK};
    if (version > 3) {
        uint32_t type = get_u8(in);
        if (r.flags & ~attrs_known_flags(version))
            in->bad = true; /* fields of unknown length would follow */
        if (type >= SALLY_TYPE_REGULAR && type <= SALLY_TYPE_FIFO && type != SALLY_TYPE_UNKNOWN) {
            out->type = type;
            out->valid |= A(TYPE);
        }
        if (r.flags & F(SUBSECOND_TIMES))
            out->valid |= A(NANOSECONDS);
    }
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (!(flag_of(&fields[i], version) & r.flags))
            continue;
        fields[i].get(&r);
        out->valid |= fields[i].sets;
    }
    return in->bad ? SALLY_BAD_MESSAGE : r.status;
}
