#include "ssh/channel_env.h"

#include <string.h>

#include "ssh/channel.h"

void channel_env_init(struct channel_env *env)
{
    *env = (struct channel_env){.count = 0};
    buf_init(&env->pairs, CHANNEL_ENV_BYTES_MAX);
}

/* Whether it can become "NAME=value" for a child process. */
static bool is_well_formed(struct slice name, struct slice value)
{
    return name.size && !memchr(name.data, '=', name.size) && !slice_has_nul(name) &&
           !slice_has_nul(value);
}

/* Limits of all variables: most clients send a few, or none. */
static bool charge(struct channel_env *env, const struct window_budget *budget)
{
    if (env->charged)
        return true;
    if (budget->charge && budget->charge(budget->user_data, CHANNEL_ENV_BYTES_MAX, WINDOW_ALL))
        return false;
    env->charged = CHANNEL_ENV_BYTES_MAX;
    return true;
}

bool channel_env_add(struct channel_env *env, const struct window_budget *budget, struct slice name,
                     struct slice value)
{
    if (!is_well_formed(name, value) || env->count == CHANNEL_ENV_COUNT_MAX || !charge(env, budget))
        return false;
    size_t before = env->pairs.size;
    put_slice(&env->pairs, name);
    put_slice(&env->pairs, value);
    if (env->pairs.failed) {
        buf_truncate(&env->pairs, before);
        env->pairs.failed = false; /* a shorter one may still find room */
        return false;
    }
    env->count++;
    return true;
}

void channel_env_clear(struct channel_env *env, const struct window_budget *budget)
{
    buf_clear(&env->pairs);
    if (env->charged && budget->release)
        budget->release(budget->user_data, env->charged);
    *env = (struct channel_env){.count = 0};
}

struct slice ssh_channel_env(const struct ssh_channel *channel, uint32_t *count)
{
    *count = channel->env.count;
    return buf_slice(&channel->env.pairs);
}
