#include "sftp/engine.h"

#include "base/names.h"
#include "base/utf8.h"
#include "core/path.h"
#include "core/request_policy.h"
#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"

/* For a path that is being converted. */
#define MAX_NAME_ROOM (32 * (size_t)PATH_MAX_BYTES)

#define V(version) (1u << (version))
#define V3_TO_4    (V(3) | V(4))
#define V3_TO_5    (V3_TO_4 | V(5))
#define V5_TO_6    (V(5) | V(6))
#define ALL        (V3_TO_5 | V(6))

/* Every request, in which versions it exists, the name that lists of allowed and denied requests
 * have for it (OpenSSH's, where it has one), and who understands it. The most frequent ones come
 * first. */
/* clang-format off */
static const struct rule {
    uint8_t type;
    uint8_t versions;
    const char *name;
    handle_fn *handle;
} rules[] = {
    {SSH_FXP_READ,     ALL,     "read",     handle_read},
    {SSH_FXP_WRITE,    ALL,     "write",    handle_write},
    {SSH_FXP_OPEN,     V3_TO_4, "open",     handle_open},
    {SSH_FXP_OPEN,     V5_TO_6, "open",     handle_open_v5},
    {SSH_FXP_CLOSE,    ALL,     "close",    handle_close},
    {SSH_FXP_LSTAT,    ALL,     "lstat",    handle_lstat},
    {SSH_FXP_STAT,     ALL,     "stat",     handle_stat},
    {SSH_FXP_FSTAT,    ALL,     "fstat",    handle_fstat},
    {SSH_FXP_SETSTAT,  ALL,     "setstat",  handle_setstat},
    {SSH_FXP_FSETSTAT, ALL,     "fsetstat", handle_fsetstat},
    {SSH_FXP_OPENDIR,  ALL,     "opendir",  handle_opendir},
    {SSH_FXP_READDIR,  ALL,     "readdir",  handle_readdir},
    {SSH_FXP_REMOVE,   ALL,     "remove",   handle_remove},
    {SSH_FXP_MKDIR,    ALL,     "mkdir",    handle_mkdir},
    {SSH_FXP_RMDIR,    ALL,     "rmdir",    handle_rmdir},
    {SSH_FXP_REALPATH, ALL,     "realpath", handle_realpath},
    {SSH_FXP_RENAME,   ALL,     "rename",   handle_rename},
    {SSH_FXP_READLINK, ALL,     "readlink", handle_readlink},
    {SSH_FXP_SYMLINK,  V3_TO_5, "symlink",  handle_symlink},
    {SSH_FXP_LINK,     V(6),    NULL,       handle_link}, /* is "symlink" or "hardlink" */
    {SSH_FXP_BLOCK,    V(6),    "block",    handle_block},
    {SSH_FXP_UNBLOCK,  V(6),    "unblock",  handle_unblock},
    {SSH_FXP_EXTENDED, ALL,     NULL,       handle_extended}, /* has names of its own */
};

/* In the order in which sftp-server -Q prints them; the extensions' names follow. At most 64 with them. */
static const char *const names[] = {
    "open", "close", "read", "write", "lstat", "fstat", "setstat", "fsetstat", "opendir", "readdir", "remove", "mkdir",
    "rmdir", "realpath", "stat", "rename", "readlink", "symlink", "block", "unblock",
};
/* clang-format on */

const char *sftp_request_name_at(size_t index)
{
    return index < COUNT_OF(names) ? names[index] : extensions_name(index - COUNT_OF(names));
}

static bool list_has(const char *list, struct slice name)
{
    return names_have(slice_of(list), name);
}

bool requests_unknown_denied(const struct sftp *s, struct slice name)
{
    const struct request_policy policy = {s->options.settings.allow_requests,
                                          s->options.settings.deny_requests};
    return !request_policy_allows(&policy, name);
}

/* By its own name, or by one that an extension has on the wire. */
static bool list_names(const char *list, const char *name)
{
    const char *on_wire, *listed;
    bool found = list_has(list, slice_of(name));
    for (size_t i = 0; !found && (on_wire = extensions_wire_name(i, &listed)); i++)
        found = strcmp(listed, name) == 0 && list_has(list, slice_of(on_wire));
    return found;
}

void requests_read_lists(struct sftp *s)
{
    const char *allow = s->options.settings.allow_requests,
               *deny = s->options.settings.deny_requests, *name;
    for (size_t i = 0; (name = sftp_request_name_at(i)); i++)
        if ((allow && !list_names(allow, name)) || (deny && list_names(deny, name)))
            s->denied |= UINT64_C(1) << i;
}

bool sftp_request_is_known(const char *name)
{
    const char *each, *listed;
    bool known = false;
    for (size_t i = 0; !known && (each = sftp_request_name_at(i)); i++)
        known = strcmp(each, name) == 0;
    for (size_t i = 0; !known && (each = extensions_wire_name(i, &listed)); i++)
        known = strcmp(each, name) == 0;
    return known;
}

bool requests_denied(const struct sftp *s, const char *wanted)
{
    const char *name;
    if (!s->denied)
        return false;
    for (size_t i = 0; (name = sftp_request_name_at(i)); i++)
        if (strcmp(name, wanted) == 0)
            return (s->denied >> i & 1) != 0;
    return false;
}

static const struct rule *find_rule(uint8_t type, uint32_t version)
{
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        if (rules[i].type == type && rules[i].versions & V(version))
            return &rules[i];
    return NULL;
}

/* Version 3 has no word for an unknown handle, and OpenSSH takes it for no error of the system's.
 */
static sally_status status_of_request(const struct sftp *s, struct request_in *in,
                                      sally_status status)
{
    if (status != SALLY_INVALID_HANDLE || s->version > 3)
        return status;
    in->message = sally_status_text(status);
    return SALLY_FAILURE;
}

void requests_dispatch(struct sftp *s, struct slice packet)
{
    struct request_in in = {.size = packet.size + 4, .body = cursor_of_slice(packet)};
    uint8_t type = get_u8(&in.body);
    in.id = get_u32(&in.body);
    if (in.body.bad || type == SSH_FXP_INIT) {
        sftp_break(s, in.body.bad ? "request without an id" : "second INIT");
        return;
    }
    s->requests++;
    const struct rule *rule = find_rule(type, s->version);
    sally_status status;
    if (!rule)
        status = SALLY_UNSUPPORTED;
    else if (rule->name && requests_denied(s, rule->name))
        status = SALLY_PERMISSION_DENIED;
    else
        status = status_of_request(s, &in, rule->handle(s, &in));
    if (status != SALLY_OK) {
        reply_status(s, in.id, status, in.message);
        s->credit += in.size;
    }
}

/* ---- The start of an operation ---- */

static void on_done(struct op *op)
{
    struct request *r = request_of(op);
    struct sftp *s = r->s;
    s->active--;
    bool kept = false;
    if (!s->closing) {
        kept = r->answer(s, op);
        s->credit += r->size;
    }
    bool has_data = kept && op->pub.kind == SALLY_OP_READ;
    if (r->alone)
        s->alone = false;
    mem_free(r->plan);
    r->plan = NULL;
    if (r->waiting) { /* the session ends */
        request_drop(r->waiting, SALLY_CONNECTION_LOST);
        r->waiting = NULL;
    }
    if (!kept)
        request_end(op);
    if (has_data)
        sftp_send_data(s);
}

void request_end(struct op *op)
{
    struct request *r = request_of(op);
    blocks_put(r->block);
    r->block = NULL;
    listing_drop(r->listing);
    op_free(op);
}

struct op *request_begin(struct sftp *s, const struct request_in *in, uint32_t kind,
                         answer_fn *answer)
{
    struct op *op = op_new(s->session, kind);
    if (!op)
        return NULL;
    struct request *r = sally_op_alloc(&op->pub, sizeof *r);
    if (!r) {
        op_free(op);
        return NULL;
    }
    *r = (struct request){.s = s, .answer = answer, .size = in->size};
    op->owner = r;
    op->request_id = in->id;
    op->on_done = on_done;
    return op;
}

void request_alone(struct op *op)
{
    struct request *r = request_of(op);
    r->alone = r->s->alone = true;
}

struct op *request_go_on(struct op *before, uint32_t kind, answer_fn *answer)
{
    struct request *r = request_of(before);
    const struct request_in in = {.id = before->request_id, .size = r->size};
    struct op *op = request_begin(r->s, &in, kind, answer);
    if (!op)
        return NULL;
    struct request *next = request_of(op);
    next->plan = r->plan;
    next->alone = r->alone;
    r->plan = NULL;
    r->alone = false;
    r->size = 0;
    return op;
}

void request_go_back(struct op *next, struct op *before)
{
    struct request *r = request_of(next), *old = request_of(before);
    old->plan = r->plan;
    old->alone = r->alone;
    old->size = r->size;
    op_free(next);
}

void request_fail(struct op *op, sally_status status)
{
    request_of(op)->s->active++;
    op->pub.status = status;
    on_done(op);
}

sally_status request_submit(struct sftp *s, struct op *op)
{
    if (slash_looks_first(s, op))
        return SALLY_OK;
    sally_file *file = request_of(op)->file;
    if (file)
        op_use_file(op, file); /* counts as a user of the file, so not before it is certain */
    s->active++;
    op_submit(op);
    return SALLY_OK;
}

sally_status request_drop(struct op *op, sally_status status)
{
    struct request *r = request_of(op);
    if (r->alone)
        r->s->alone = false;
    mem_free(r->plan);
    blocks_put(r->block);
    op_free(op);
    return status;
}

static void *alloc_from_op(void *user_data, size_t size)
{
    return sally_op_alloc(user_data, size);
}

static bool makes_something(const struct op *op)
{
    return op->pub.kind == SALLY_OP_MKDIR ||
           (op->pub.kind == SALLY_OP_OPEN && op->pub.u.open.flags & SALLY_OPEN_CREATE);
}

sally_status request_attrs(struct sftp *s, struct op *op, struct request_in *in,
                           const sally_attrs **out)
{
    const struct attrs_memory memory = {alloc_from_op, &op->pub};
    sally_attrs *attrs = sally_op_alloc(&op->pub, sizeof *attrs);
    if (!attrs)
        return SALLY_FAILURE;
    *out = attrs;
    sally_status status = attrs_get(&in->body, s->version, attrs, &memory);
    bool changes = op->pub.kind == SALLY_OP_SETSTAT || op->pub.kind == SALLY_OP_FSETSTAT;
    if (status == SALLY_OK && changes && attrs->valid & NEVER_SET)
        status = SALLY_INVALID_PARAMETER;
    attrs->valid &= ~NEVER_SET;
    if (status == SALLY_OK && attrs->valid & SALLY_ATTR_ACL && makes_something(op) &&
        !(sally_fs_traits(sally_session_fs(s->session)) & SALLY_FS_ACL))
        status =
            SALLY_UNSUPPORTED; /* what is made must not be open to more people than was meant */
    return status;
}

bool request_is_exact(const struct sftp *s, sally_status status, const sally_attrs *attrs)
{
    return status == SALLY_OK && s->version > s->options.settings.umask_version &&
           attrs->valid & SALLY_ATTR_PERMISSIONS;
}

/* Most names are the same on both sides, and not copied. */
static sally_status translate(const struct sftp *s, struct slice *name, struct buf *room)
{
    buf_init(room, MAX_NAME_ROOM);
    if (!s->naming.translates || !s->naming.charset || utf8_is_ascii(*name))
        return SALLY_OK;
    sally_status status = names_take(&s->naming, *name, room);
    *name = buf_slice(room);
    return status;
}

sally_status request_path(struct sftp *s, struct op *op, struct slice raw)
{
    struct buf room;
    request_of(op)->slash |= slash_ends(raw);
    sally_status status = translate(s, &raw, &room);
    if (status == SALLY_OK)
        status = op_set_raw_path(op, raw);
    buf_clear(&room);
    return status;
}

sally_status request_to(struct sftp *s, struct op *op, struct slice raw)
{
    struct buf room;
    request_of(op)->slash |= slash_ends(raw);
    sally_status status = translate(s, &raw, &room);
    if (status == SALLY_OK)
        status = op_set_raw_to(op, raw);
    buf_clear(&room);
    return status;
}

sally_status request_text(struct sftp *s, struct op *op, struct slice raw, const char **out)
{
    struct buf room;
    if (slice_has_nul(raw))
        return SALLY_INVALID_FILENAME;
    sally_status status = translate(s, &raw, &room);
    if (status == SALLY_OK) {
        *out = op_copy_text(op, raw);
        status = *out ? SALLY_OK : SALLY_FAILURE;
    }
    buf_clear(&room);
    return status;
}

sally_status request_lost_handle(const struct sftp *s, struct request_in *in)
{
    in->message = sally_status_text(SALLY_INVALID_HANDLE);
    return s->version == 3 ? SALLY_NO_SUCH_FILE : SALLY_INVALID_HANDLE;
}

sally_file *request_file(const struct sftp *s, struct slice handle, uint32_t kinds)
{
    sally_file *file = handles_find(&s->handles, handle);
    if (!file || !(kinds & (file->facts.is_directory ? HANDLE_DIRECTORY : HANDLE_FILE)))
        return NULL;
    return file;
}
