/* OPENDIR and READDIR. While the client processes one reply, the next one is prepared. */
#include "sftp/requests_dir.h"

#include <string.h>

#include "core/handoff.h"
#include "sftp/answers.h"
#include "sftp/listing.h"
#include "sftp/protocol.h"
#include "sftp/reply.h"
#include "sftp/request_fields.h"
#include "sftp/request_map.h"

/* Listings up to this size are copied to the small replies, not sent in their own chunk. */
#define SMALL_LISTING 4096u
/* No count of changes: see session_changes(). */
#define NEVER_CURRENT UINT64_MAX

sally_status handle_opendir(struct sftp *s, struct request_in *in)
{
    bool full;
    struct slice path = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    struct op *op = request_begin(s, in, SALLY_OP_OPENDIR, answer_handle);
    if (!op)
        return SALLY_FAILURE;
    sally_status status = request_path(s, op, path);
    if (status == SALLY_OK) {
        status = handles_reserve(&s->handles, &full);
        if (full)
            in->message = request_too_many_files(s);
    }
    return request_submit_or_drop(s, op, status);
}

/* A prefetched reply may be out of date: moves its names to file->stale_names, to be looked up
 * again. */
static void move_stale_page(struct sftp *s, sally_file *file)
{
    struct op *op = s->ahead.op;
    if (!op || op->pub.file != file || !s->ahead.is_done)
        return;
    const struct buf *names = &request_of(op)->listing->plain;
    if (names->failed)
        file->stale_names.failed = true;
    else
        put_bytes(&file->stale_names, buf_head(names), names->size);
    file->carry_as_of = NEVER_CURRENT; /* it comes after these */
    s->ahead.op = NULL;
    request_end(op);
}

/* OpenSSH lists "." and "..", and clients show them. The library adds them: they are the first
 * names that the first READDIR looks up. */
static void add_dots(const struct sftp *s, sally_file *file)
{
    static const char dots[] = ".\0..";
    if (s->options.settings.list_dots && !file->has_dots && !file->hooks_list)
        put_bytes(&file->stale_names, dots, sizeof dots);
    file->has_dots = true;
}

static bool on_entry(struct op *op, const char *name, const sally_attrs *attrs,
                     const char *longname)
{
    return listing_add(request_of(op)->listing, name, attrs, longname);
}

static bool start_readdir(struct op *op)
{
    struct request *r = request_of(op);
    struct listing *l = r->listing;
    struct sftp *s = r->s;
    sally_file *file = op->pub.file;
    if (s->closing)
        return false;
    r->block = blocks_get(s->blocks, l->max);
    if (!r->block)
        return false;
    l->names = (struct buf){
        .data = r->block->bytes, .capacity = r->block->capacity, .max = l->max - NAME_TAIL};
    buf_commit(&l->names, NAME_HEAD);
    buf_init(&l->carry, 2 * l->max); /* with its name */
    l->now = s->options.wall_seconds ? s->options.wall_seconds(s->options.clock) : 0;
    add_dots(s, file);
    move_stale_page(s, file);
    if (listing_add_carry(l, file))
        op->entries = 1;
    if (file->stale_names.failed || (file->at_end && file->stale_names.size == 0)) {
        op->pub.status = file->stale_names.failed ? SALLY_FAILURE : SALLY_EOF;
        return false; /* the storage is not asked */
    }
    return true;
}

static void log_skipped(const struct sftp *s, const struct op *op, uint32_t skipped)
{
    const sally_log_field fields[] = {{"path", op->pub.path}};
    struct log_ids ids = session_log_ids(s->session);
    ids.request = op->pub.id;
    log_line(session_log(s->session), ids, SALLY_LOG_WARNING, "sftp.names_skipped", fields,
             COUNT_OF(fields),
             "%u directory entries could not be sent: hidden names, or entries added after the "
             "reply was full",
             skipped);
}

static bool answer_names(struct sftp *s, struct op *op);

static struct op *begin_readdir(struct sftp *s, const struct request_in *in, sally_file *file,
                                answer_fn *answer)
{
    struct op *op = request_begin(s, in, SALLY_OP_READDIR, answer);
    struct listing *l = op ? sally_op_alloc(&op->pub, sizeof *l) : NULL;
    if (!l) {
        if (op)
            request_drop(op, SALLY_FAILURE);
        return NULL;
    }
    *l = (struct listing){.version = s->version,
                          .default_attrs = s->default_attrs,
                          .naming = s->naming,
                          .as_of = session_changes(s->session),
                          .max = s->options.settings.max_names};
    op->entry = on_entry;
    op->on_start = start_readdir;
    op->reply_bytes = s->options.settings.max_names;
    request_of(op)->listing = l;
    request_of(op)->file = file;
    return op;
}

static sally_status submit_readdir(struct sftp *s, const struct request_in *in, sally_file *file,
                                   bool again)
{
    struct op *op = begin_readdir(s, in, file, answer_names);
    if (!op)
        return SALLY_FAILURE;
    op->gives_way = again;
    s->listings++;
    return request_submit(s, op);
}

/* None of the entries can be sent, but more may follow. True: READDIR is repeated, and the request
 * is answered later. */
static bool ask_again(struct sftp *s, struct op *op)
{
    struct request *r = request_of(op);
    if (op->pub.file->closing)
        return false;
    const struct request_in in = {.id = op->request_id, .size = r->size};
    if (submit_readdir(s, &in, op->pub.file, true) != SALLY_OK)
        return false;
    r->size = 0; /* the new one gives the credit */
    return true;
}

/* Whether all entries were sent. */
static bool is_listed(const sally_file *file)
{
    return file->at_end && file->carry.size == 0 && file->stale_names.size == 0;
}

static void send_names(struct sftp *s, struct op *op, bool last)
{
    struct request *r = request_of(op);
    struct listing *l = r->listing;
    uint8_t *head = r->block->bytes;
    if (last && l->version >= 6)
        head[l->names.size++] = 1; /* NAME_TAIL kept room */
    wire_put_u32(head, (uint32_t)(l->names.size - 4));
    head[4] = SSH_FXP_NAME;
    wire_put_u32(head + 5, op->request_id);
    wire_put_u32(head + 9, l->count);
    if (l->names.size <= SMALL_LISTING) {
        reply_copy(s, head, l->names.size);
        return;
    }
    struct block *block = r->block;
    r->block = NULL;
    reply_chunk(s, block, l->names.size);
}

/* State for the next READDIR of the file. */
static void note_place(struct sftp *s, struct op *op)
{
    struct listing *l = request_of(op)->listing;
    sally_file *file = op->pub.file;
    if (l->skipped)
        log_skipped(s, op, l->skipped);
    if (op->pub.status == SALLY_EOF) {
        file->at_end = true;
        if (file->hooks_list) /* no storage was asked to look them up */
            buf_clear(&file->stale_names);
    }
    if (l->carry.size) {
        buf_clear(&file->carry);
        file->carry = l->carry;
        file->carry_as_of = l->as_of;
        l->carry = (struct buf){.data = NULL};
    }
    if (op->pub.status != SALLY_OK && op->pub.status != SALLY_EOF)
        listing_give_carry_back(l, file);
    file_charge_names(file);
}

static bool may_list(const struct sftp *s)
{
    return (sally_session_permissions(s->session) & SALLY_MAY_LIST) != 0;
}

static void read_ahead(struct sftp *s, sally_file *file);

static void reply_names(struct sftp *s, struct op *op)
{
    sally_file *file = op->pub.file;
    sally_status status = op->pub.status;
    if (status != SALLY_OK && status != SALLY_EOF) {
        reply_status(s, op->request_id, status, op->message);
    } else if (request_of(op)->listing->count) {
        send_names(s, op, is_listed(file));
        read_ahead(s, file);
    } else if (status == SALLY_EOF || !ask_again(s, op)) {
        reply_status(s, op->request_id, SALLY_EOF, NULL);
    }
}

static bool answer_names(struct sftp *s, struct op *op)
{
    s->listings--;
    note_place(s, op);
    reply_names(s, op);
    return false;
}

/* ---- Ahead of the client ---- */

/* Not for storages that do one thing at a time, nor without workers, where the reply would have to
 * wait. One directory at a time: names that were not requested yet are not counted in the session's
 * limit. Clients that read ahead themselves need no help. A request that is denied now may be
 * allowed when the client sends it, and must not be refused in advance. Names from a hook cannot be
 * looked up again in the storage. */
static bool may_read_ahead(const struct sftp *s, const sally_file *file)
{
    uint32_t traits = sally_fs_traits(sally_session_fs(s->session));
    return (traits & SALLY_FS_CONCURRENT) && !(traits & SALLY_FS_NONBLOCKING) &&
           session_host(s->session)->offload && !s->ahead.op && s->listings == 0 &&
           !is_listed(file) && !file->hooks_list && !file->closing && may_list(s) &&
           !local_account_is_tight(session_memory(s->session));
}

static bool answer_ahead(struct sftp *s, struct op *op)
{
    const struct ahead a = s->ahead;
    note_place(s, op);
    if (!a.wanted && !op->pub.file->closing) {
        s->ahead.is_done = true;
        return true;
    }
    s->ahead.op = NULL;
    if (a.wanted) {
        op->request_id = a.id;
        request_of(op)->size = a.size;
        reply_names(s, op);
    }
    return false;
}

static void read_ahead(struct sftp *s, sally_file *file)
{
    const struct request_in nobodys = {.size = 0};
    struct op *op = may_read_ahead(s, file) ? begin_readdir(s, &nobodys, file, answer_ahead) : NULL;
    if (!op)
        return;
    op->reply_bytes = 0;
    request_of(op)->listing->ahead = true;
    buf_init(&request_of(op)->listing->plain, s->options.settings.max_names);
    s->ahead = (struct ahead){.op = op};
    request_submit(s, op);
}

/* False: there is nothing for this request. */
static bool answer_from_ahead(struct sftp *s, const struct request_in *in, const sally_file *file)
{
    struct ahead *a = &s->ahead;
    struct op *op = a->op;
    if (!op || op->pub.file != file || a->wanted ||
        request_of(op)->listing->as_of != session_changes(s->session) ||
        !may_list(s)) /* lost since it was read */
        return false;
    if (!a->is_done) {
        a->wanted = true;
        a->id = in->id;
        a->size = in->size;
        return true;
    }
    a->op = NULL;
    op->request_id = in->id;
    request_of(op)->size = in->size;
    reply_names(s, op);
    s->credit += request_of(op)->size; /* without what ask_again() has taken over */
    request_end(op);
    return true;
}

void read_ahead_drop(struct sftp *s, const sally_file *file)
{
    struct op *op = s->ahead.op;
    if (!op || (file && op->pub.file != file) || s->ahead.wanted)
        return;
    if (s->ahead.is_done) {
        s->ahead.op = NULL;
        request_end(op);
    } else if (!s->closing) { /* otherwise the session has cancelled it, and perhaps ended it */
        op_cancel(op);
    }
}

sally_status handle_readdir(struct sftp *s, struct request_in *in)
{
    struct slice handle = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    sally_file *file = request_file(s, handle, HANDLE_DIRECTORY);
    if (!file)
        return SALLY_INVALID_HANDLE;
    return answer_from_ahead(s, in, file) ? SALLY_OK : submit_readdir(s, in, file, false);
}
