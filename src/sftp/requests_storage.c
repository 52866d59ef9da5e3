/* Extensions that only the storage knows. */
#include "sftp/requests_storage.h"

#include "sftp/answers.h"
#include "sftp/protocol.h"
#include "sftp/reply.h"
#include "sftp/request_fields.h"
#include "sftp/request_lists.h"

/* Some extensions are known to begin with a path or a handle: storages do not know handles, and
 * wrappers must see paths. The others are announced by the names of their requests. */
/* clang-format off */
static const struct of_storage {
    const char *name;
    const char *announced; /* announced by this pair */
    bool by_handle;        /* otherwise by path */
} of_storages[] = {
    {"getxattr@proftpd.org",     "xattr@proftpd.org",   false},
    {"setxattr@proftpd.org",     "xattr@proftpd.org",   false},
    {"listxattr@proftpd.org",    "xattr@proftpd.org",   false},
    {"removexattr@proftpd.org",  "xattr@proftpd.org",   false},
    {"fgetxattr@proftpd.org",    "xattr@proftpd.org",   true},
    {"fsetxattr@proftpd.org",    "xattr@proftpd.org",   true},
    {"flistxattr@proftpd.org",   "xattr@proftpd.org",   true},
    {"fremovexattr@proftpd.org", "xattr@proftpd.org",   true},
    {"ranges@asyncssh.com",      "ranges@asyncssh.com", true},
};
/* clang-format on */

static bool answer_extended(struct sftp *s, struct op *op)
{
    const sally_op_extended *extended = &op->pub.u.extended;
    if (op->pub.status != SALLY_OK || !extended->reply)
        return answer_status(s, op);
    put_bytes(reply_begin(s, SSH_FXP_EXTENDED_REPLY, op->request_id), extended->reply,
              extended->reply_size);
    reply_end(s, op->request_id);
    return false;
}

static sally_status get_subject(struct sftp *s, struct op *op, struct slice name,
                                struct cursor *body)
{
    const struct of_storage *e = NULL;
    for (size_t i = 0; i < COUNT_OF(of_storages) && !e; i++)
        if (slice_is(name, of_storages[i].name))
            e = &of_storages[i];
    if (!e)
        return SALLY_OK;
    struct slice subject = get_string(body);
    if (body->bad)
        return SALLY_BAD_MESSAGE;
    if (!e->by_handle)
        return request_path(s, op, subject);
    request_of(op)->file = request_file(s, subject, HANDLE_FILE | HANDLE_DIRECTORY);
    return request_of(op)->file ? SALLY_OK : SALLY_INVALID_HANDLE;
}

sally_status storage_extended(struct sftp *s, struct request_in *in, struct slice name)
{
    if (!sally_fs_supports(sally_session_fs(s->session), SALLY_OP_EXTENDED))
        return SALLY_UNSUPPORTED;
    if (slice_has_nul(name))
        return SALLY_UNSUPPORTED;
    if (request_name_is_denied(s, name))
        return SALLY_PERMISSION_DENIED;
    struct op *op = request_begin(s, in, SALLY_OP_EXTENDED, answer_extended);
    if (!op)
        return SALLY_FAILURE;
    op->pub.path = "/";
    sally_status status = get_subject(s, op, name, &in->body);
    if (status != SALLY_OK)
        return request_drop(op, status);
    struct slice data = cursor_rest(&in->body);
    sally_op_extended *extended = &op->pub.u.extended;
    uint8_t *copy = sally_op_alloc(&op->pub, data.size + 1);
    extended->name = op_copy_text(op, name);
    if (!copy || !extended->name)
        return request_drop(op, SALLY_FAILURE);
    if (data.size)
        memcpy(copy, data.data, data.size);
    extended->data = copy;
    extended->size = data.size;
    return request_submit(s, op);
}

uint32_t storage_put_names(const struct sftp *s, const char *pair, struct buf *out)
{
    uint32_t count = 0;
    bool known = false;
    if (!(sally_session_permissions(s->session) & SALLY_MAY_EXTENDED))
        return 0;
    for (size_t i = 0; i < COUNT_OF(of_storages); i++) {
        if (strcmp(of_storages[i].announced, pair) != 0)
            continue;
        known = true;
        if (request_name_is_denied(s, slice_of(of_storages[i].name)))
            continue;
        count++;
        if (out)
            put_text(out, of_storages[i].name);
    }
    if (known || request_name_is_denied(s, slice_of(pair)))
        return count;
    if (out)
        put_text(out, pair);
    return 1;
}
