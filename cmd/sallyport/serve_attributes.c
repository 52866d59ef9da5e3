#include "serve_attributes.h"

#include <string.h>

#include "command.h"
#include "report.h"
#include "sallyport/attrs.h"

/* clang-format off */
static const struct attribute {
    const char *name;
    uint32_t bits;
} attributes[] = {
    {"size",        SALLY_ATTR_SIZE},
    {"owner",       SALLY_ATTR_IDS | SALLY_ATTR_NAMES},
    {"permissions", SALLY_ATTR_PERMISSIONS},
    {"times",       SALLY_ATTR_ATIME | SALLY_ATTR_MTIME},
    {"acl",         SALLY_ATTR_ACL},
    {"bits",        SALLY_ATTR_BITS},
    {NULL, 0},
};
/* clang-format on */

static uint32_t attribute_bits(const char *name, size_t length)
{
    for (const struct attribute *a = attributes; a->name; a++) {
        if (strlen(a->name) == length && strncmp(a->name, name, length) == 0)
            return a->bits;
    }
    return 0;
}

int serve_attributes_set(struct serve_options *options, const char *value)
{
    const char *how = strchr(value, '=');
    bool ignore = how && strcmp(how, "=ignore") == 0;
    uint32_t all = 0;
    if (!ignore && (!how || strcmp(how, "=refuse") != 0))
        return report_usage("serve",
                            "--attributes \"%s\": give NAME,...=ignore or NAME,...=refuse, such as "
                            "owner=ignore",
                            value);
    for (const char *at = value; at <= how;) {
        size_t length = strcspn(at, ",=");
        uint32_t bits = attribute_bits(at, length);
        if (!bits)
            return report_usage("serve",
                                "--attributes \"%s\": unknown attribute \"%.*s\"; use size, owner, "
                                "permissions, times, acl, bits",
                                value, (int)length, at);
        all |= bits;
        at += length + 1;
    }
    options->ignored = ignore ? options->ignored | all : options->ignored & ~all;
    options->refused = ignore ? options->refused & ~all : options->refused | all;
    return EXIT_OK;
}
