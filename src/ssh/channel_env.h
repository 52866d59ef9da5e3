/* Environment variables that a client sets on a channel before it starts something there (RFC 4254
 * section 6.4): kept as received, within limits, for the request that follows. */
#ifndef SALLY_SSH_CHANNEL_ENV_H
#define SALLY_SSH_CHANNEL_ENV_H

#include "base/buf.h"
#include "ssh/window.h"

#define CHANNEL_ENV_COUNT_MAX 64u
#define CHANNEL_ENV_BYTES_MAX 8192u /* with the lengths in front of them */

struct channel_env {
    struct buf pairs; /* name and value of each, as strings */
    uint32_t count;
    size_t charged; /* to the budget; 0: nothing was kept */
};

void channel_env_init(struct channel_env *env);
/* False: refused, because it is malformed, exceeds a limit, or memory is short. */
bool channel_env_add(struct channel_env *env, const struct window_budget *budget, struct slice name,
                     struct slice value);
void channel_env_clear(struct channel_env *env, const struct window_budget *budget);

#endif
