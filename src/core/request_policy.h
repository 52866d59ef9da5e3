/* Lists of allowed and denied requests. They name SFTP requests, as `sftp-server -Q requests`
 * prints them; other protocols ask here what they may still do, so that none of them offers a way
 * around a list. */
#ifndef SALLY_CORE_REQUEST_POLICY_H
#define SALLY_CORE_REQUEST_POLICY_H

#include <stdbool.h>

#include "base/cursor.h"

struct request_policy {
    const char *allow; /* comma-separated names; NULL: all */
    const char *deny;  /* NULL: none */
};

/* Judges by this name alone. */
bool request_policy_allows(const struct request_policy *p, struct slice name);

/* All SALLY_MAY_ bits except those that stand for denied requests. */
uint32_t request_policy_permissions(const struct request_policy *p);

/* SALLY_OP_BIT()s of the kinds that correspond to denied requests. */
uint64_t request_policy_denied_kinds(const struct request_policy *p);

#endif
