/* Lists of allowed and denied requests. They name SFTP's requests, as `sftp-server -Q requests`
 * does; other protocols ask here what is left to them, so that no other way leads to what a list
 * denies. */
#ifndef SALLY_CORE_REQUEST_POLICY_H
#define SALLY_CORE_REQUEST_POLICY_H

#include <stdbool.h>

#include "base/cursor.h"

struct request_policy {
    const char *allow; /* names with commas; NULL: all */
    const char *deny;  /* NULL: none */
};

/* By this name alone. */
bool request_policy_allows(const struct request_policy *p, struct slice name);

/* SALLY_MAY_ without what denied requests do. */
uint32_t request_policy_permissions(const struct request_policy *p);

/* SALLY_OP_BIT()s of the kinds that denied requests stand for. */
uint64_t request_policy_denied_kinds(const struct request_policy *p);

#endif
