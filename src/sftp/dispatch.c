#include "sftp/dispatch.h"

#include "sftp/protocol.h"
#include "sftp/reply.h"
#include "sftp/request_lists.h"

#define V(version) (1u << (version))
#define V3_TO_4    (V(3) | V(4))
#define V3_TO_5    (V3_TO_4 | V(5))
#define V5_TO_6    (V(5) | V(6))
#define V6         V(6)
#define V_ALL      (V3_TO_5 | V6)

static const struct rule {
    enum request_id id;
    uint8_t type;
    uint8_t versions;
    handle_fn *handle;
} rules[] = {
#define RULE(id, type, versions, name, handle) {REQUEST_##id, SSH_FXP_##type, versions, handle},
    REQUEST_MAP(RULE)
#undef RULE
};

static const struct rule *find_rule(uint8_t type, uint32_t version)
{
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        if (rules[i].type == type && rules[i].versions & V(version))
            return &rules[i];
    return NULL;
}

/* Version 3 has no code for an unknown handle, and OpenSSH does not treat it as a system error. */
static sally_status status_of_request(const struct sftp *s, struct request_in *in,
                                      sally_status status)
{
    if (status != SALLY_INVALID_HANDLE || s->version > 3)
        return status;
    in->message = sally_status_text(status);
    return SALLY_FAILURE;
}

void request_dispatch(struct sftp *s, struct slice packet, size_t credit)
{
    struct request_in in = {.size = credit, .body = cursor_of_slice(packet)};
    uint8_t type = get_u8(&in.body);
    in.id = get_u32(&in.body);
    if (in.body.bad || type == SSH_FXP_INIT) {
        engine_break(s, in.body.bad ? "request without an id" : "second INIT");
        return;
    }
    s->requests++;
    const struct rule *rule = find_rule(type, s->version);
    sally_status status;
    if (!rule)
        status = SALLY_UNSUPPORTED;
    else if (request_is_denied(s, rule->id))
        status = SALLY_PERMISSION_DENIED;
    else
        status = status_of_request(s, &in, rule->handle(s, &in));
    if (status != SALLY_OK) {
        reply_status(s, in.id, status, in.message);
        s->credit += in.size;
    }
}
