/* get-temp-folder and make-temp-folder. The text of the draft was not available; neither request
 * has data, and the reply is a NAME with one entry. */
#include "core/path.h"
#include "sftp/answers.h"
#include "sftp/reply.h"
#include "sftp/request_map.h"

#define USUAL_FOLDER "/tmp"
#define MAX_TRIES    100u /* names of a new folder */

struct temp {
    const char *folder; /* static, or home */
    const char *home;   /* the session's */
    uint32_t tries;
    bool make;
};

static void make_next(struct sftp *s, struct op *before, struct temp *t);

static bool answer_made(struct sftp *s, struct op *op)
{
    struct temp *t = request_of(op)->plan;
    bool again = op->pub.status == SALLY_FILE_ALREADY_EXISTS && t->tries < MAX_TRIES;
    if (op->pub.status == SALLY_PERMISSION_DENIED && t->folder != t->home) {
        t->folder = t->home;
        again = true;
    }
    if (again)
        make_next(s, op, t);
    else if (op->pub.status != SALLY_OK)
        answer_status(s, op);
    else
        reply_one_name(s, op->request_id, op->pub.path, NULL);
    return false;
}

static sally_status name_folder(const struct sftp *s, struct op *op, const struct temp *t)
{
    static const sally_attrs attrs = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0700};
    struct buf name;
    int64_t now = s->options.wall_seconds ? s->options.wall_seconds(s->options.clock) : 0;
    op->pub.u.setstat.attrs = &attrs;
    buf_init(&name, PATH_MAX_BYTES + 64);
    put_format(&name, "%s/sftp-%llx-%llx-%x", t->folder, (unsigned long long)now,
               (unsigned long long)sally_session_id(s->session), (unsigned)t->tries);
    sally_status status = name.failed ? SALLY_FAILURE : op_set_raw_path(op, buf_slice(&name));
    buf_clear(&name);
    return status;
}

/* Predictable names are harmless: an existing folder is never used. */
static void make_next(struct sftp *s, struct op *before, struct temp *t)
{
    struct op *op = request_continue(before, SALLY_OP_MKDIR, answer_made);
    t->tries++;
    request_submit_next(s, op, before, op ? name_folder(s, op, t) : SALLY_FAILURE);
}

static bool answer_folder(struct sftp *s, struct op *op)
{
    struct temp *t = request_of(op)->plan;
    const sally_attrs *a = &op->pub.u.stat.attrs;
    bool usual =
        op->pub.status == SALLY_OK && a->valid & SALLY_ATTR_TYPE && a->type == SALLY_TYPE_DIRECTORY;
    t->folder = usual ? USUAL_FOLDER : t->home;
    if (t->make)
        make_next(s, op, t);
    else
        reply_one_name(s, op->request_id, t->folder, NULL);
    return false;
}

static sally_status find_folder(struct sftp *s, struct request_in *in, bool make)
{
    struct op *op = request_begin(s, in, SALLY_OP_STAT, answer_folder);
    if (!op)
        return SALLY_FAILURE;
    struct temp *t = mem_zalloc(sizeof *t);
    if (!t)
        return request_drop(op, SALLY_FAILURE);
    *t = (struct temp){.home = sally_session_home(s->session), .make = make};
    request_of(op)->plan = t;
    request_exclusive(op);
    op->pub.u.stat.flags = SALLY_FOLLOW;
    op->pub.u.stat.wanted = SALLY_ATTR_TYPE;
    sally_status status = op_set_raw_path(op, slice_of(USUAL_FOLDER));
    return request_submit_or_drop(s, op, status);
}

sally_status ext_get_temp_folder(struct sftp *s, struct request_in *in)
{
    return find_folder(s, in, false);
}

sally_status ext_make_temp_folder(struct sftp *s, struct request_in *in)
{
    return find_folder(s, in, true);
}
