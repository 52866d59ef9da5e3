/* INIT, VERSION and version-select: draft-13 section 5. */
#include "sftp/engine.h"

#include <stdio.h>

#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"

/* More extension data of a client than this is not passed on. */
#define MAX_CLIENT_PAIRS 32

static uint32_t agree_on(const struct sftp *s, uint32_t clients)
{
    uint32_t version =
        clients < s->options.settings.max_version ? clients : s->options.settings.max_version;
    /* Older clients hear what we speak and may leave, as with OpenSSH. */
    return version < SFTP_FIRST_VERSION ? SFTP_FIRST_VERSION : version;
}

static void log_start(const struct sftp *s)
{
    char version[12];
    snprintf(version, sizeof version, "%u", s->version);
    const sally_log_field fields[] = {{"user", sally_session_user(s->session)},
                                      {"version", version}};
    log_line(session_log(s->session), session_log_ids(s->session), SALLY_LOG_INFO, "sftp.started",
             fields, COUNT_OF(fields), "SFTP session started");
}

static bool answer_start(struct sftp *s, struct op *op)
{
    if (op->pub.status != SALLY_OK) {
        sftp_break(s, "the storage refused the session");
        return false;
    }
    const sally_op_session *start = &op->pub.u.session;
    struct buf *b = reply_begin_without_id(s, SSH_FXP_VERSION);
    put_u32(b, s->version);
    announce(s, start, b);
    if (b->failed) {
        sftp_break(s, "cannot announce the extensions");
        return false;
    }
    s->state = READY; /* before the reply, which may break it */
    reply_end(s, 0);
    log_start(s);
    return false;
}

/* What does not parse is left out: OpenSSH never looks at it, so clients could get away with
 * anything. */
static sally_status take_pairs(struct op *op, struct cursor *in)
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

static uint32_t unasked_attrs(uint32_t quirks, uint32_t version)
{
    uint32_t attrs = UINT32_MAX;
    if (quirks & QUIRK_FEW_ATTRS)
        attrs &= ~(SALLY_ATTR_ALLOCATION_SIZE | SALLY_ATTR_ACL);
    if (quirks & QUIRK_NO_BITS_IN_5 && version == 5)
        attrs &= ~SALLY_ATTR_BITS;
    return attrs;
}

/* Names are UTF-8 from version 4 on; in version 3 they are what the storage has. */
void use_version(struct sftp *s, uint32_t version)
{
    s->version = version;
    s->unasked = unasked_attrs(s->quirks, version);
    s->all_attrs = attrs_of_wire(version, UINT32_MAX) & s->unasked;
    s->asked = 0;
    s->naming.translates = version >= 4 && s->options.settings.filename_charset;
    session_set_version(s->session, version);
}

void handle_init(struct sftp *s, struct slice packet)
{
    struct request_in in = {.size = packet.size + 4, .body = cursor_of_slice(packet)};
    uint8_t type = get_u8(&in.body);
    uint32_t version = get_u32(&in.body);
    if (type != SSH_FXP_INIT || in.body.bad) {
        sftp_break(s, "INIT expected");
        return;
    }
    use_version(s, agree_on(s, version));
    struct op *op = request_begin(s, &in, SALLY_OP_SESSION_START, answer_start);
    if (!op) {
        sftp_break(s, "out of memory");
        return;
    }
    op->pub.path = "/";
    op->pub.u.session.version = s->version;
    op->pub.u.session.settable = announce_settable(s);
    if (take_pairs(op, &in.body) != SALLY_OK) {
        request_drop(op, SALLY_FAILURE);
        sftp_break(s, "out of memory");
        return;
    }
    s->state = AWAIT_START;
    request_submit(s, op);
}

bool may_select(const struct sftp *s)
{
    return s->options.settings.max_version > SFTP_FIRST_VERSION &&
           !requests_denied(s, "version-select");
}

/* The reply says what was wrong, and nothing more is read (section 5.5). */
static sally_status refuse_select(struct sftp *s, const char *detail, struct request_in *in)
{
    in->message = detail;
    sftp_break(s, detail);
    return SALLY_FAILURE;
}

sally_status ext_version_select(struct sftp *s, struct request_in *in)
{
    struct slice wanted = get_string(&in->body);
    if (in->body.bad)
        return refuse_select(s, "malformed version-select", in);
    if (s->requests != 1)
        return refuse_select(s, "version-select must be the first request", in);
    uint32_t version = wanted.size == 1 ? (uint32_t)wanted.data[0] - '0' : 0;
    if (!may_select(s) || version < SFTP_FIRST_VERSION || version > s->options.settings.max_version)
        return refuse_select(s, "version-select of a version that was not offered", in);
    use_version(s, version);
    log_start(s);
    reply_status(s, in->id, SALLY_OK, NULL);
    s->credit += in->size;
    return SALLY_OK;
}

/* Whether names are translated to UTF-8: draft-13 section 6. */
sally_status ext_filename_translation_control(struct sftp *s, struct request_in *in)
{
    bool translate = get_bool(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    if (!s->options.settings.filename_charset)
        return SALLY_UNSUPPORTED;
    s->naming.translates = translate;
    reply_status(s, in->id, SALLY_OK, NULL);
    s->credit += in->size;
    return SALLY_OK;
}
