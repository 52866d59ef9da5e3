/* EXTENDED requests: the table of all, those of openssh-PROTOCOL section 4, and what only the
 * storage knows. */
#include "sftp/engine.h"

#include "sftp/protocol.h"

#define MAX_IDS  4096u /* users, and groups, in one request */
#define MAX_NAME 1024u /* bytes of a user's name that is told back */

static sally_status ext_posix_rename(struct sftp *s, struct request_in *in)
{
    return submit_two_paths(s, in, SALLY_OP_RENAME, SALLY_RENAME_OVERWRITE);
}

static sally_status ext_hardlink(struct sftp *s, struct request_in *in)
{
    return submit_two_paths(s, in, SALLY_OP_LINK, 0);
}

static sally_status ext_lsetstat(struct sftp *s, struct request_in *in)
{
    return submit_setstat(s, in, 0);
}

static sally_status finish(struct sftp *s, struct op *op, sally_status status)
{
    return status == SALLY_OK ? request_submit(s, op) : request_drop(op, status);
}

static sally_status ext_statvfs(struct sftp *s, struct request_in *in)
{
    struct slice path = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    struct op *op = request_begin(s, in, SALLY_OP_STATVFS, answer_statvfs);
    return op ? finish(s, op, request_path(s, op, path)) : SALLY_FAILURE;
}

static sally_status ext_fstatvfs(struct sftp *s, struct request_in *in)
{
    struct slice handle = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    sally_file *file = request_file(s, handle, HANDLE_FILE | HANDLE_DIRECTORY);
    if (!file)
        return SALLY_INVALID_HANDLE;
    struct op *op = request_begin(s, in, SALLY_OP_STATVFS, answer_statvfs);
    if (!op)
        return SALLY_FAILURE;
    if (file->facts.is_directory)
        return finish(s, op, op_set_raw_path(op, slice_of(file->path)));
    request_of(op)->file = file;
    return request_submit(s, op);
}

static sally_status ext_fsync(struct sftp *s, struct request_in *in)
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

static sally_status ext_limits(struct sftp *s, struct request_in *in)
{
    struct buf *b = reply_begin(s, SSH_FXP_EXTENDED_REPLY, in->id);
    uint32_t max_write = s->options.settings.max_packet - SFTP_WRITE_OVERHEAD;
    put_u64(b, s->options.settings.max_packet);
    put_u64(b, s->options.settings.max_read);
    put_u64(b,
            s->options.settings.max_write < max_write ? s->options.settings.max_write : max_write);
    put_u64(b, session_max_files(s->session));
    return reply_end_now(s, in);
}

/* "~" and "~/x" are the home directory and what is below; of the users, only one's own is known. */
static sally_status ext_expand_path(struct sftp *s, struct request_in *in)
{
    struct slice path = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    if (path.size == 0 || path.data[0] != '~')
        return submit_realpath(s, in, path, SALLY_REALPATH_STAT_IF);
    struct cursor c = cursor_of_slice(path);
    cursor_take(&c, 1);
    struct slice rest = cursor_rest(&c);
    const uint8_t *slash = rest.size ? memchr(rest.data, '/', rest.size) : NULL;
    struct slice user = get_bytes(&c, slash ? (size_t)(slash - rest.data) : rest.size);
    if (user.size && !slice_is(user, sally_session_user(s->session)))
        return SALLY_NO_SUCH_FILE;
    while (cursor_left(&c) && *c.at == '/') /* what is left is relative to the home directory */
        cursor_take(&c, 1);
    return submit_realpath(s, in, cursor_rest(&c), SALLY_REALPATH_STAT_IF);
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

static sally_status ext_home_directory(struct sftp *s, struct request_in *in)
{
    struct slice user = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    if (user.size && !slice_is(user, sally_session_user(s->session)))
        return unknown_user(s, in, user);
    reply_one_name(s, in->id, sally_session_home(s->session), NULL);
    s->credit += in->size;
    return SALLY_OK;
}

static sally_status ext_copy_data(struct sftp *s, struct request_in *in)
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
    /* A file copied onto its own end would grow for ever. */
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
static sally_status take_ids(struct op *op, struct slice raw, const uint32_t **ids,
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

static sally_status ext_users_groups_by_id(struct sftp *s, struct request_in *in)
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
    sally_status status = take_ids(op, uids, &ids->uids, &ids->user_names, &ids->uid_count);
    if (status == SALLY_OK)
        status = take_ids(op, gids, &ids->gids, &ids->group_names, &ids->gid_count);
    return finish(s, op, status);
}

/* The client says what it is: for the log. */
static sally_status ext_vendor_id(struct sftp *s, struct request_in *in)
{
    struct slice vendor = get_string(&in->body), product = get_string(&in->body);
    struct slice version = get_string(&in->body);
    get_u64(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    char *texts[] = {slice_strdup(vendor), slice_strdup(product), slice_strdup(version)};
    const sally_log_field fields[] = {{"vendor", texts[0] ? texts[0] : ""},
                                      {"product", texts[1] ? texts[1] : ""},
                                      {"version", texts[2] ? texts[2] : ""}};
    log_line(session_log(s->session), session_log_ids(s->session), SALLY_LOG_DEBUG, "sftp.vendor",
             fields, COUNT_OF(fields), "the client names its maker");
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        mem_free(texts[i]);
    reply_status(s, in->id, SALLY_OK, NULL);
    s->credit += in->size;
    return SALLY_OK;
}

/* Some that storages answer are known to begin with a path or a handle: storages know no handles,
 * and wrappers must see paths. The others are announced by the name that their requests have. */
/* clang-format off */
static const struct of_storage {
    const char *name;
    const char *announced; /* by this pair */
    bool by_handle;        /* else by path */
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

static sally_status take_subject(struct sftp *s, struct op *op, struct slice name,
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

/* Requests that are nobody's business but the storage's. */
static sally_status ext_unknown(struct sftp *s, struct request_in *in, struct slice name)
{
    if (!sally_fs_supports(sally_session_fs(s->session), SALLY_OP_EXTENDED))
        return SALLY_UNSUPPORTED;
    if (slice_has_nul(name))
        return SALLY_UNSUPPORTED;
    if (requests_unknown_denied(s, name))
        return SALLY_PERMISSION_DENIED;
    struct op *op = request_begin(s, in, SALLY_OP_EXTENDED, answer_extended);
    if (!op)
        return SALLY_FAILURE;
    op->pub.path = "/";
    sally_status status = take_subject(s, op, name, &in->body);
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

#define ALIASES 1

/* clang-format off */
static const struct extension {
    const char *name;
    const char *short_name; /* in lists of allowed and denied requests */
    const char *version;
    uint32_t kind;          /* announced when the storage answers this; 0: always */
    handle_fn *handle;
} extensions[] = {
    {"posix-rename@openssh.com",       "posix-rename",       "1", SALLY_OP_RENAME,     ext_posix_rename},
    {"statvfs@openssh.com",            "statvfs",            "2", SALLY_OP_STATVFS,    ext_statvfs},
    {"fstatvfs@openssh.com",           "fstatvfs",           "2", SALLY_OP_STATVFS,    ext_fstatvfs},
    {"hardlink@openssh.com",           "hardlink",           "1", SALLY_OP_LINK,       ext_hardlink},
    {"fsync@openssh.com",              "fsync",              "1", SALLY_OP_FSYNC,      ext_fsync},
    {"lsetstat@openssh.com",           "lsetstat",           "1", SALLY_OP_SETSTAT,    ext_lsetstat},
    {"limits@openssh.com",             "limits",             "1", 0,                   ext_limits},
    {"expand-path@openssh.com",        "expand-path",        "1", 0,                   ext_expand_path},
    {"copy-data",                      "copy-data",          "1", SALLY_OP_COPY,       ext_copy_data},
    {"home-directory",                 "home-directory",     "1", 0,                   ext_home_directory},
    {"users-groups-by-id@openssh.com", "users-groups-by-id", "1", SALLY_OP_LOOKUP_IDS, ext_users_groups_by_id},
    {"check-file-handle",              "check-file-handle",  "1", SALLY_OP_HASH,       ext_check_file_handle},
    {"check-file-name",                "check-file-name",    "1", SALLY_OP_HASH,       ext_check_file_name},
    {"md5-hash",                       "md5-hash",           "1", SALLY_OP_HASH,       ext_md5_hash},
    {"md5-hash-handle",                "md5-hash-handle",    "1", SALLY_OP_HASH,       ext_md5_hash_handle},
    {"space-available",                "space-available",    "1", SALLY_OP_STATVFS,    ext_space_available},
    {"copy-file",                      "copy-file",          "1", SALLY_OP_COPY,       ext_copy_file},
    {"get-temp-folder",                "get-temp-folder",    "1", SALLY_OP_STAT,       ext_get_temp_folder},
    {"make-temp-folder",               "make-temp-folder",   "1", SALLY_OP_MKDIR,      ext_make_temp_folder},
    /* Those without a version of their own are announced in other ways: announce.c. */
    {"text-seek",                      "text-seek",          NULL, 0,                   ext_text_seek},
    {"filename-translation-control",   "filename-translation-control", NULL, 0,         ext_filename_translation_control},
    {"vendor-id",                      "vendor-id",          NULL, 0,                   ext_vendor_id},
    {"version-select",                 "version-select",     NULL, 0,                   ext_version_select},
    /* ALIASES: other names of the same, which lists know already. */
    {"check-file",                     "check-file-handle",  "1", SALLY_OP_HASH,       ext_check_file_handle}, /* Paramiko's */
};
/* clang-format on */

const char *extensions_name(size_t index)
{
    return index < COUNT_OF(extensions) - ALIASES ? extensions[index].short_name : NULL;
}

const char *extensions_wire_name(size_t index, const char **listed)
{
    if (index >= COUNT_OF(extensions))
        return NULL;
    *listed = extensions[index].short_name;
    return extensions[index].name;
}

static bool is_usable(const struct sftp *s, const struct extension *e)
{
    const sally_fs *fs = sally_session_fs(s->session);
    if (e->handle == ext_filename_translation_control && !s->options.settings.filename_charset)
        return false;
    return !requests_denied(s, e->short_name) && (!e->kind || sally_fs_supports(fs, e->kind));
}

/* The requests behind a pair of the storage's that are not denied; their names to `out`, unless it
 * is NULL. */
static uint32_t put_names_of_storage(const struct sftp *s, const char *pair, struct buf *out)
{
    uint32_t count = 0;
    bool known = false;
    for (size_t i = 0; i < COUNT_OF(of_storages); i++) {
        if (strcmp(of_storages[i].announced, pair) != 0)
            continue;
        known = true;
        if (requests_unknown_denied(s, slice_of(of_storages[i].name)))
            continue;
        count++;
        if (out)
            put_text(out, of_storages[i].name);
    }
    if (known || requests_unknown_denied(s, slice_of(pair)))
        return count;
    if (out)
        put_text(out, pair);
    return 1;
}

void extensions_announce(const struct sftp *s, const sally_op_session *start, struct buf *out)
{
    for (size_t i = 0; i < COUNT_OF(extensions); i++) {
        if (!extensions[i].version || !is_usable(s, &extensions[i]))
            continue;
        put_text(out, extensions[i].name);
        put_text(out, extensions[i].version);
    }
    for (size_t i = 0; i < start->server_count; i++) {
        const sally_pair *pair = &start->server[i];
        if (!put_names_of_storage(s, pair->name, NULL))
            continue;
        put_text(out, pair->name);
        put_string(out, pair->data, pair->size);
    }
}

uint32_t extensions_put_names(const struct sftp *s, const sally_op_session *start, struct buf *out)
{
    uint32_t count = 0;
    for (size_t i = 0; i < COUNT_OF(extensions); i++) {
        if (!is_usable(s, &extensions[i]))
            continue;
        count++;
        if (out)
            put_text(out, extensions[i].name);
    }
    for (size_t i = 0; i < start->server_count; i++)
        count += put_names_of_storage(s, start->server[i].name, out);
    return count;
}

sally_status handle_extended(struct sftp *s, struct request_in *in)
{
    struct slice name = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    for (size_t i = 0; i < COUNT_OF(extensions); i++) {
        const struct extension *e = &extensions[i];
        if (!slice_is(name, e->name))
            continue;
        if (!requests_denied(s, e->short_name))
            return e->handle(s, in);
        if (e->handle == ext_version_select) /* draft-13 section 5.5: nothing may follow */
            sftp_break(s, "version-select was not offered");
        return SALLY_PERMISSION_DENIED;
    }
    return ext_unknown(s, in, name);
}
