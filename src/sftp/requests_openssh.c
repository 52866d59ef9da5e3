/* Extensions of openssh-PROTOCOL section 4, except those about free space (statvfs.c). */
#include "sftp/answers.h"
#include "sftp/protocol.h"
#include "sftp/reply.h"
#include "sftp/request_fields.h"
#include "sftp/request_map.h"
#include "sftp/requests_path.h"

#define MAX_IDS  4096u /* maximum of users, and of groups, in one request */
#define MAX_NAME 1024u /* bytes of a user's name in the error */

sally_status ext_posix_rename(struct sftp *s, struct request_in *in)
{
    return submit_two_paths(s, in, SALLY_OP_RENAME, SALLY_RENAME_OVERWRITE);
}

sally_status ext_hardlink(struct sftp *s, struct request_in *in)
{
    return submit_two_paths(s, in, SALLY_OP_LINK, 0);
}

sally_status ext_lsetstat(struct sftp *s, struct request_in *in)
{
    return submit_setstat(s, in, 0);
}

sally_status ext_fsync(struct sftp *s, struct request_in *in)
{
    struct slice handle = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    sally_file *file = request_file(s, handle, HANDLE_FILE);
    if (!file)
        return request_lost_handle(s, in);
    struct op *op = request_begin(s, in, SALLY_OP_FSYNC, answer_status);
    if (!op)
        return SALLY_FAILURE;
    request_of(op)->file = file;
    return request_submit(s, op);
}

sally_status ext_limits(struct sftp *s, struct request_in *in)
{
    struct buf *b = reply_begin(s, SSH_FXP_EXTENDED_REPLY, in->id);
    uint32_t max_write = s->options.settings.max_packet - SFTP_WRITE_OVERHEAD;
    put_u64(b, s->options.settings.max_packet);
    put_u64(b, s->options.settings.max_read);
    put_u64(b,
            s->options.settings.max_write < max_write ? s->options.settings.max_write : max_write);
    put_u64(b, session_max_files(s->session));
    reply_end(s, in->id);
    return request_answered(s, in);
}

/* "~" and "~/x" are the home directory and what is below; of the other users, none is known. */
sally_status ext_expand_path(struct sftp *s, struct request_in *in)
{
    struct slice path = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    if (path.size == 0 || path.data[0] != '~')
        return submit_realpath(s, in, path, path, SALLY_REALPATH_STAT_IF);
    struct cursor c = cursor_of_slice(path);
    cursor_read(&c, 1);
    struct slice rest = cursor_rest(&c);
    const uint8_t *slash = rest.size ? memchr(rest.data, '/', rest.size) : NULL;
    struct slice user = get_bytes(&c, slash ? (size_t)(slash - rest.data) : rest.size);
    if (user.size && !slice_is(user, sally_session_user(s->session)))
        return SALLY_NO_SUCH_FILE;
    while (cursor_left(&c) && *c.at == '/') /* the rest is relative to the home directory */
        cursor_read(&c, 1);
    return submit_realpath(s, in, cursor_rest(&c), path, SALLY_REALPATH_STAT_IF);
}

static sally_status unknown_user(struct sftp *s, const struct request_in *in, struct slice user)
{
    char *text = user.size <= MAX_NAME ? slice_strdup(user) : NULL;
    if (!text)
        return SALLY_UNKNOWN_PRINCIPAL;
    reply_unknown(s, in->id, NULL, &(struct op_name){.number = 1, .name = text});
    s->credit += in->size;
    mem_free(text);
    return SALLY_OK;
}

sally_status ext_home_directory(struct sftp *s, struct request_in *in)
{
    struct slice user = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    if (user.size && !slice_is(user, sally_session_user(s->session)))
        return unknown_user(s, in, user);
    reply_one_name(s, in->id, sally_session_home(s->session), NULL);
    return request_answered(s, in);
}

sally_status ext_copy_data(struct sftp *s, struct request_in *in)
{
    struct slice from_handle = get_string(&in->body);
    uint64_t from_offset = get_u64(&in->body);
    uint64_t length = get_u64(&in->body);
    struct slice to_handle = get_string(&in->body);
    uint64_t to_offset = get_u64(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    sally_file *from = request_file(s, from_handle, HANDLE_FILE);
    sally_file *to = request_file(s, to_handle, HANDLE_FILE);
    if (!from || !to)
        return SALLY_INVALID_HANDLE;
    if (!(from->facts.open_flags & SALLY_OPEN_READ) || !(to->facts.open_flags & SALLY_OPEN_WRITE))
        return SALLY_PERMISSION_DENIED;
    /* A file copied onto its own end would grow forever. */
    if (from == to || strcmp(from->path, to->path) == 0)
        return s->version == 3 ? SALLY_FAILURE : SALLY_INVALID_PARAMETER;
    if (length > UINT64_MAX - from_offset || length > UINT64_MAX - to_offset)
        return SALLY_INVALID_PARAMETER;
    struct op *op = request_begin(s, in, SALLY_OP_COPY, answer_status);
    if (!op)
        return SALLY_FAILURE;
    op->pub.u.copy = (sally_op_copy){
        .to = to, .from_offset = from_offset, .to_offset = to_offset, .length = length};
    request_of(op)->file = from;
    return request_submit(s, op);
}

/* A list of numbers in a string, with as many empty names. */
static sally_status copy_ids(struct op *op, struct slice raw, const uint32_t **ids,
                             const char ***names, uint32_t *count)
{
    if (raw.size % 4)
        return SALLY_BAD_MESSAGE;
    if (raw.size / 4 > MAX_IDS)
        return SALLY_INVALID_PARAMETER;
    *count = (uint32_t)(raw.size / 4);
    uint32_t *numbers = sally_op_alloc(&op->pub, (*count + 1) * sizeof *numbers);
    *names = sally_op_alloc(&op->pub, (*count + 1) * sizeof **names);
    if (!numbers || !*names)
        return SALLY_FAILURE;
    struct cursor c = cursor_of_slice(raw);
    for (uint32_t i = 0; i < *count; i++) {
        numbers[i] = get_u32(&c);
        (*names)[i] = "";
    }
    *ids = numbers;
    return SALLY_OK;
}

static void put_names(struct buf *b, const char *const *names, uint32_t count)
{
    size_t place = put_string_begin(b);
    for (uint32_t i = 0; i < count; i++)
        put_text(b, names[i] ? names[i] : "");
    put_string_end(b, place);
}

/* openssh-PROTOCOL section 4.12 */
static bool answer_ids(struct sftp *s, struct op *op)
{
    const sally_op_lookup_ids *ids = &op->pub.u.lookup_ids;
    if (op->pub.status != SALLY_OK)
        return answer_status(s, op);
    struct buf *b = reply_begin(s, SSH_FXP_EXTENDED_REPLY, op->request_id);
    put_names(b, ids->user_names, ids->uid_count);
    put_names(b, ids->group_names, ids->gid_count);
    reply_end(s, op->request_id);
    return false;
}

sally_status ext_users_groups_by_id(struct sftp *s, struct request_in *in)
{
    struct slice uids = get_string(&in->body);
    struct slice gids = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    struct op *op = request_begin(s, in, SALLY_OP_LOOKUP_IDS, answer_ids);
    if (!op)
        return SALLY_FAILURE;
    sally_op_lookup_ids *ids = &op->pub.u.lookup_ids;
    op->pub.path = "/";
    sally_status status = copy_ids(op, uids, &ids->uids, &ids->user_names, &ids->uid_count);
    if (status == SALLY_OK)
        status = copy_ids(op, gids, &ids->gids, &ids->group_names, &ids->gid_count);
    return request_submit_or_drop(s, op, status);
}
