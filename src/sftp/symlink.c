/* SYMLINK and LINK. OpenSSH's server expects SYMLINK's arguments in reverse order (its PROTOCOL,
 * section 4.1), and clients differ: the table of quirks lists most of them. For the others, the
 * file system shows which order is meant. */

#include "sftp/answers.h"
#include "sftp/protocol.h"
#include "sftp/reply.h"
#include "sftp/request_fields.h"
#include "sftp/request_lists.h"
#include "sftp/request_map.h"
#include "sftp/requests_path.h"

struct arguments {
    struct slice link, target;
};

/* SYMLINK of a client with an ambiguous order. */
struct guess {
    struct slice first, second; /* in the bytes after this */
    uint32_t question;          /* of the current question */
};

static sally_status set_arguments(struct sftp *s, struct op *op, struct arguments a)
{
    sally_status status = request_path(s, op, a.link);
    return status == SALLY_OK ? request_text(s, op, a.target, &op->pub.u.symlink.target) : status;
}

static sally_status submit_symlink(struct sftp *s, struct request_in *in, struct arguments a)
{
    struct op *op = request_begin(s, in, SALLY_OP_SYMLINK, answer_status);
    return op ? request_submit_or_drop(s, op, set_arguments(s, op, a)) : SALLY_FAILURE;
}

static struct arguments of_draft(struct slice first, struct slice second)
{
    return (struct arguments){.link = first, .target = second};
}

static struct arguments of_openssh(struct slice first, struct slice second)
{
    return (struct arguments){.link = second, .target = first};
}

/* ---- Which order is meant ---- */

/* The drafts' order is meant if it would create a link at an unused name to something that exists,
 * and OpenSSH's order would not. The questions, in this order: */
enum {
    IS_DRAFTS_LINK,   /* does the drafts' link name exist? */
    IS_DRAFTS_TARGET, /* does its target exist? */
    IS_OPENSSHS_LINK, /* the same for OpenSSH's order */
    IS_OPENSSHS_TARGET
};

enum verdict { GO_ON, DRAFT, OPENSSH };

/* By the question, and whether the answer is no, yes, or an error. */
static enum verdict verdict_on(uint32_t question, sally_status status)
{
    static const enum verdict verdicts[][3] = {
        [IS_DRAFTS_LINK] = {GO_ON, OPENSSH, OPENSSH},
        [IS_DRAFTS_TARGET] = {OPENSSH, GO_ON, OPENSSH},
        [IS_OPENSSHS_LINK] = {GO_ON, DRAFT, OPENSSH},
        [IS_OPENSSHS_TARGET] = {DRAFT, OPENSSH, OPENSSH},
    };
    bool missing = status == SALLY_NO_SUCH_FILE || status == SALLY_NO_SUCH_PATH ||
                   status == SALLY_NOT_A_DIRECTORY;
    return verdicts[question][missing ? 0 : status == SALLY_OK ? 1 : 2];
}

/* A link's text is relative to its directory. */
static sally_status set_target_path(struct sftp *s, struct op *op, struct arguments a)
{
    size_t size = a.link.size;
    struct buf path;
    if (a.target.size && a.target.data[0] == '/')
        return request_path(s, op, a.target);
    while (size && a.link.data[size - 1] != '/')
        size--;
    buf_init(&path, a.link.size + a.target.size);
    put_bytes(&path, a.link.data, size);
    put_bytes(&path, a.target.data, a.target.size);
    sally_status status = path.failed ? SALLY_FAILURE : request_path(s, op, buf_slice(&path));
    buf_clear(&path);
    return status;
}

static sally_status set_question(struct sftp *s, struct op *op, const struct guess *g)
{
    switch (g->question) {
    case IS_DRAFTS_LINK:
        return request_path(s, op, g->first);
    case IS_DRAFTS_TARGET:
        return set_target_path(s, op, of_draft(g->first, g->second));
    case IS_OPENSSHS_LINK:
        return request_path(s, op, g->second);
    default:
        return set_target_path(s, op, of_openssh(g->first, g->second));
    }
}

static bool answer_question(struct sftp *s, struct op *op)
{
    struct guess *g = request_of(op)->plan;
    enum verdict verdict = verdict_on(g->question, op->pub.status);
    bool asks = verdict == GO_ON;
    struct op *next = request_continue(op, asks ? SALLY_OP_STAT : SALLY_OP_SYMLINK,
                                       asks ? answer_question : answer_status);
    sally_status status = SALLY_FAILURE;
    if (next && asks) {
        g->question++;
        next->pub.u.stat.wanted = SALLY_ATTR_TYPE;
        status = set_question(s, next, g);
    } else if (next) {
        status = set_arguments(s, next,
                               verdict == DRAFT ? of_draft(g->first, g->second)
                                                : of_openssh(g->first, g->second));
    }
    request_submit_next(s, next, op, status);
    return false;
}

static sally_status submit_guess(struct sftp *s, struct request_in *in, struct slice first,
                                 struct slice second)
{
    struct op *op = request_begin(s, in, SALLY_OP_STAT, answer_question);
    struct guess *g = op ? mem_alloc(sizeof *g + first.size + second.size) : NULL;
    if (!g)
        return op ? request_drop(op, SALLY_FAILURE) : SALLY_FAILURE;
    uint8_t *bytes = (uint8_t *)(g + 1);
    *g = (struct guess){{bytes, first.size}, {bytes + first.size, second.size}, IS_DRAFTS_LINK};
    if (first.size)
        memcpy(bytes, first.data, first.size);
    if (second.size)
        memcpy(bytes + first.size, second.data, second.size);
    request_of(op)->plan = g;
    request_exclusive(op);
    op->pub.u.stat.wanted = SALLY_ATTR_TYPE;
    return request_submit_or_drop(s, op, set_question(s, op, g));
}

/* ---- The requests ---- */

sally_status handle_symlink(struct sftp *s, struct request_in *in)
{
    struct slice first = get_string(&in->body);
    struct slice second = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    if (s->quirks & QUIRK_EITHER_SYMLINK)
        return submit_guess(s, in, first, second);
    return submit_symlink(s, in,
                          s->quirks & QUIRK_DRAFT_SYMLINK ? of_draft(first, second)
                                                          : of_openssh(first, second));
}

/* Version 6: draft-13 section 8.7. */
sally_status handle_link(struct sftp *s, struct request_in *in)
{
    struct slice first = get_string(&in->body);
    struct slice second = get_string(&in->body);
    bool symbolic = get_bool(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    if (request_is_denied(s, symbolic ? REQUEST_SYMLINK : REQUEST_HARDLINK))
        return SALLY_PERMISSION_DENIED;
    struct arguments a =
        s->quirks & QUIRK_REVERSED_LINK ? of_openssh(first, second) : of_draft(first, second);
    return symbolic ? submit_symlink(s, in, a)
                    : submit_pair(s, in, SALLY_OP_LINK, a.target, a.link, 0);
}
