/* How many bytes a connection may move: by its own rate, and by that of its user, which all of his
 * connections share. */
#include "base/number.h"
#include "server/conn.h"
#include "server/server.h"

static uint64_t limit_of(const struct conn *c, enum direction direction, bool of_user)
{
    const struct limits_settings *limits = &c->settings->limits;
    if (direction == DIRECTION_IN)
        return of_user ? limits->rate_in_per_user : limits->rate_in;
    return of_user ? limits->rate_out_per_user : limits->rate_out;
}

/* NULL: there is no limit. */
static struct rate *rate_of(struct conn *c, enum direction direction, bool of_user)
{
    if (limit_of(c, direction, of_user) == 0 || (of_user && !c->login.live))
        return NULL;
    return of_user ? &c->login.live->rates[direction] : &c->rates[direction];
}

void conn_rate_begin_turn(struct conn *c)
{
    c->rate_until_ns = UINT64_MAX;
    c->is_rate_reached[DIRECTION_IN] = c->is_rate_reached[DIRECTION_OUT] = false;
}

size_t conn_rate_allow(struct conn *c, enum direction direction, size_t size, uint64_t now_ns)
{
    for (int of_user = 0; of_user < 2; of_user++) {
        const struct rate *rate = rate_of(c, direction, of_user);
        if (!rate)
            continue;
        uint64_t until = rate_blocked_until(rate, now_ns);
        if (until > 0) {
            c->rate_until_ns = min_u64(c->rate_until_ns, until);
            return 0;
        }
        size_t step = rate_step(limit_of(c, direction, of_user));
        size = size < step ? size : step;
    }
    return size;
}

void conn_rate_charge(struct conn *c, enum direction direction, size_t size, uint64_t now_ns)
{
    for (int of_user = 0; of_user < 2; of_user++) {
        struct rate *rate = rate_of(c, direction, of_user);
        if (rate)
            rate_charge(rate, size, limit_of(c, direction, of_user), now_ns);
    }
}
