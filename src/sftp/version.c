#include "sftp/version.h"

#include <stdio.h>

#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"
#include "sftp/reply.h"
#include "sftp/request_lists.h"

void version_log(const struct sftp *s)
{
    char version[12];
    snprintf(version, sizeof version, "%u", s->version);
    const sally_log_field fields[] = {{"user", sally_session_user(s->session)},
                                      {"version", version}};
    log_line(session_log(s->session), session_log_ids(s->session), SALLY_LOG_INFO, "sftp.started",
             fields, COUNT_OF(fields), "SFTP session started");
}

static uint32_t default_attrs(uint32_t quirks, uint32_t version)
{
    uint32_t attrs = UINT32_MAX;
    if (quirks & QUIRK_FEW_ATTRS)
        attrs &= ~(uint32_t)(SALLY_ATTR_ALLOCATION_SIZE | SALLY_ATTR_ACL);
    if (quirks & QUIRK_NO_BITS_IN_5 && version == 5)
        attrs &= ~(uint32_t)SALLY_ATTR_BITS;
    return attrs;
}

/* Names are UTF-8 from version 4 on; in version 3 they are the storage's bytes. */
void version_use(struct sftp *s, uint32_t version)
{
    s->version = version;
    s->default_attrs = default_attrs(s->quirks, version);
    s->all_attrs = attrs_of_wire(version, UINT32_MAX) & s->default_attrs;
    s->last_stat_flags = 0;
    s->naming.translates = version >= 4 && s->options.settings.filename_charset;
    session_set_version(s->session, version);
}

bool version_may_select(const struct sftp *s)
{
    return s->options.settings.max_version > SFTP_FIRST_VERSION &&
           !request_is_denied(s, REQUEST_VERSION_SELECT);
}

/* The reply explains what was wrong, and nothing more is read (section 5.5). */
static sally_status refuse_select(struct sftp *s, const char *detail, struct request_in *in)
{
    in->message = detail;
    engine_break(s, detail);
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
    if (!version_may_select(s) || version < SFTP_FIRST_VERSION ||
        version > s->options.settings.max_version)
        return refuse_select(s, "version-select of a version that was not offered", in);
    version_use(s, version);
    version_log(s);
    reply_status(s, in->id, SALLY_OK, NULL);
    return request_answered(s, in);
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
    return request_answered(s, in);
}
