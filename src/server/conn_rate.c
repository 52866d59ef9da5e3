/* How many bytes a connection may move: by its own rate, and by that of its user, which all of his
 * connections share. */
#include "base/number.h"
#include "server/conn.h"
#include "server/server.h"

#define BOOKED_MIN 1024u

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
    if (limit_of(c, direction, of_user) == 0 || (of_user && !c->login.usage))
        return NULL;
    return of_user ? &c->login.usage->rates[direction] : &c->rates[direction];
}

void conn_rate_begin_turn(struct conn *c)
{
    c->rate_until_ns = UINT64_MAX;
    c->is_rate_reached[DIRECTION_IN] = c->is_rate_reached[DIRECTION_OUT] = false;
}

/* Its bytes have passed, or will not: the unused part is returned. */
static void end_booking(struct conn *c, enum direction direction, size_t used)
{
    size_t bytes = c->booked[direction].bytes;
    if (c->login.usage && used < bytes)
        rate_return(&c->login.usage->rates[direction], bytes - used,
                    c->booked[direction].per_second);
    c->booked[direction].bytes = 0;
}

/* How much will arrive is unknown, and usually less than is allowed. */
static size_t bytes_to_book(enum direction direction, size_t size, size_t step)
{
    size_t most = direction == DIRECTION_IN ? step / 8 : step;
    if (most < BOOKED_MIN)
        most = BOOKED_MIN;
    return size < most ? size : most;
}

/* Of the rate that a user's connections share, the one that has waited longest is next: otherwise a
 * busy one could starve the others. 0: none before *until. */
static size_t allow_shared(struct conn *c, enum direction direction, size_t size, uint64_t now_ns,
                           uint64_t *until)
{
    struct rate *rate = rate_of(c, direction, true);
    uint64_t per_second = limit_of(c, direction, true);
    if (!rate) {
        c->booked[direction].bytes = 0;
        return size;
    }
    size_t step = rate_step(per_second);
    if (c->booked[direction].bytes == 0) {
        if (rate_blocked_until(rate, now_ns) == 0)
            return size < step ? size : step;
        c->booked[direction].bytes = bytes_to_book(direction, size, step);
        c->booked[direction].per_second = per_second;
        c->booked[direction].at_ns =
            rate_book(rate, c->booked[direction].bytes, per_second, now_ns);
    }
    if (c->booked[direction].at_ns > now_ns) {
        *until = c->booked[direction].at_ns;
        return 0;
    }
    return size < c->booked[direction].bytes ? size : c->booked[direction].bytes;
}

size_t conn_rate_allow(struct conn *c, enum direction direction, size_t size, uint64_t now_ns)
{
    const struct rate *own = rate_of(c, direction, false);
    uint64_t until = own ? rate_blocked_until(own, now_ns) : 0;
    if (until == 0 && own) {
        size_t step = rate_step(limit_of(c, direction, false));
        size = size < step ? size : step;
    }
    if (until == 0)
        size = allow_shared(c, direction, size, now_ns, &until);
    if (until == 0)
        return size;
    c->rate_until_ns = min_u64(c->rate_until_ns, until);
    return 0;
}

void conn_rate_charge(struct conn *c, enum direction direction, size_t size, uint64_t now_ns)
{
    struct rate *own = rate_of(c, direction, false), *shared = rate_of(c, direction, true);
    size_t paid = c->booked[direction].bytes;
    if (own)
        rate_charge(own, size, limit_of(c, direction, false), now_ns);
    if (paid)
        end_booking(c, direction, size);
    if (shared && size > paid)
        rate_charge(shared, size - paid, limit_of(c, direction, true), now_ns);
}

void conn_rate_end(struct conn *c)
{
    end_booking(c, DIRECTION_IN, 0);
    end_booking(c, DIRECTION_OUT, 0);
}
