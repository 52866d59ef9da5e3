#include "sftp/init.h"

#include "sftp/announce.h"
#include "sftp/protocol.h"
#include "sftp/reply.h"
#include "sftp/request.h"
#include "sftp/version.h"

/* The most extension data of a client that is passed on. */
#define MAX_CLIENT_PAIRS 32

static uint32_t agree_on(const struct sftp *s, uint32_t clients)
{
    uint32_t version =
        clients < s->options.settings.max_version ? clients : s->options.settings.max_version;
    /* Older clients get our version and may disconnect, as with OpenSSH. */
    return version < SFTP_FIRST_VERSION ? SFTP_FIRST_VERSION : version;
}

static bool answer_start(struct sftp *s, struct op *op)
{
    if (op->pub.status != SALLY_OK) {
        engine_break(s, "the storage refused the session");
        return false;
    }
    const sally_op_session *start = &op->pub.u.session;
    struct buf *b = reply_begin_without_id(s, SSH_FXP_VERSION);
    put_u32(b, s->version);
    announce(s, start, b);
    if (b->failed) {
        engine_break(s, "cannot announce the extensions");
        return false;
    }
    s->state = READY; /* before the reply, which may break it */
    reply_end(s, 0);
    version_log(s);
    return false;
}

/* Malformed data is ignored: OpenSSH never reads it, so clients may send anything. */
static sally_status copy_pairs(struct op *op, struct cursor *in)
{
    sally_pair *pairs = sally_op_alloc(&op->pub, MAX_CLIENT_PAIRS * sizeof *pairs);
    size_t count = 0;
    if (!pairs)
        return SALLY_FAILURE;
    while (cursor_left(in) && count < MAX_CLIENT_PAIRS) {
        struct slice name = get_string(in);
        struct slice data = get_string(in);
        if (in->bad)
            break;
        if (slice_has_nul(name))
            continue;
        pairs[count].name = op_copy_text(op, name);
        uint8_t *copy = sally_op_alloc(&op->pub, data.size + 1);
        if (!pairs[count].name || !copy)
            return SALLY_FAILURE;
        if (data.size)
            memcpy(copy, data.data, data.size);
        pairs[count].data = copy;
        pairs[count++].size = data.size;
    }
    op->pub.u.session.client = pairs;
    op->pub.u.session.client_count = count;
    return SALLY_OK;
}

void handle_init(struct sftp *s, struct slice packet)
{
    struct request_in in = {.size = packet.size + 4, .body = cursor_of_slice(packet)};
    uint8_t type = get_u8(&in.body);
    uint32_t version = get_u32(&in.body);
    if (type != SSH_FXP_INIT || in.body.bad) {
        engine_break(s, "INIT expected");
        return;
    }
    version_use(s, agree_on(s, version));
    struct op *op = request_begin(s, &in, SALLY_OP_SESSION_START, answer_start);
    if (!op) {
        engine_out_of_memory(s);
        return;
    }
    op->pub.path = "/";
    op->pub.u.session.version = s->version;
    op->pub.u.session.settable = announce_settable(s);
    if (copy_pairs(op, &in.body) != SALLY_OK) {
        request_drop(op, SALLY_FAILURE);
        engine_out_of_memory(s);
        return;
    }
    s->state = AWAIT_START;
    request_submit(s, op);
}
