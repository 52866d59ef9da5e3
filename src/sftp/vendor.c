#include "sftp/vendor.h"

#include "sallyport/version.h"
#include "sftp/reply.h"
#include "sftp/request_map.h"

/* The build number, which only grows. */
#define BUILD_NUMBER                                                                               \
    (SALLY_VERSION_MAJOR * UINT64_C(1000000) + SALLY_VERSION_MINOR * UINT64_C(1000) +              \
     SALLY_VERSION_PATCH)

void vendor_put(struct buf *out)
{
    put_text(out, "vendor-id");
    size_t place = put_string_begin(out);
    put_text(out, "Sallyport");
    put_text(out, "Sallyport");
    put_text(out, SALLY_VERSION_STRING);
    put_u64(out, BUILD_NUMBER);
    put_string_end(out, place);
}

/* The client's vendor-id, for the log. */
sally_status ext_vendor_id(struct sftp *s, struct request_in *in)
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
             fields, COUNT_OF(fields), "vendor-id of the client");
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        mem_free(texts[i]);
    reply_status(s, in->id, SALLY_OK, NULL);
    return request_answered(s, in);
}
