#include "server/conn_penalty.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/login_query.h"
#include "base/mem.h"
#include "base/number.h"
#include "server/conn.h"
#include "server/server.h"

#define NS_PER_S UINT64_C(1000000000)
/* The first delay is this part of limits.failure_delay; each further one is twice as long. */
#define FIRST_DELAY_PART 32

static const char *const offence_names[] = {
    [OFFENCE_FAILED_LOGIN] = "failed login",
    [OFFENCE_LOGIN_TIME] = "no login in time",
    [OFFENCE_NO_LOGIN] = "no login",
    [OFFENCE_PROTOCOL_ERROR] = "protocol error",
};

/* ---- Lines of the log: one when a network begins to be refused, one when that ends ---- */

static void log_change(const struct log_sink *log, struct log_ids ids, const char *event,
                       const struct penalty_change *change, const sally_log_field *more,
                       const char *text)
{
    char network[IP_TEXT_SIZE];
    ip_network_print(&change->network, network);
    sally_log_field fields[3] = {{"address", network}, more[0], more[1]};
    size_t count = more[1].name ? 3 : 2;
    log_line(log, ids, SALLY_LOG_INFO, event, fields, count, "%s", text);
}

static void log_ended(sally_server *server, uint64_t now_ns)
{
    struct penalty_change change;
    char refused[24];
    while (penalties_expire(&server->limits.penalties, now_ns, &change)) {
        if (change.refused == 0)
            continue; /* no connection came */
        snprintf(refused, sizeof refused, "%" PRIu64, change.refused);
        const sally_log_field more[2] = {{"refused", refused}, {NULL, NULL}};
        log_change(&server->log, (struct log_ids){0, 0, 0}, "address.penalty_ended", &change, more,
                   "Connections from this address are accepted again");
    }
}

static void charge(struct conn *c, enum offence offence, struct penalty_charge *cost)
{
    struct penalty_change changes[NETWORKS_MAX];
    char seconds[24];
    size_t count = penalties_add(&c->server->limits.penalties, &c->settings->limits, &c->ip,
                                 offence, loop_now_ns(), cost, changes);
    for (size_t i = 0; i < count; i++) {
        snprintf(seconds, sizeof seconds, "%" PRIu64 "s",
                 (changes[i].left_ns + NS_PER_S - 1) / NS_PER_S);
        const sally_log_field more[2] = {{"reason", offence_names[offence]}, {"time", seconds}};
        log_change(&c->log, conn_log_ids(c), "address.penalized", &changes[i], more,
                   "Connections from this address are refused for now (limits.penalty_exempt lists "
                   "exceptions)");
    }
}

bool conn_penalty_refuses(sally_server *server, struct service_source *source,
                          const struct protocol *protocol, const struct ip_address *ip)
{
    uint64_t now_ns = loop_now_ns();
    log_ended(server, now_ns);
    struct service *service = service_get(server, source, protocol);
    bool refuses = service && penalties_refuse(&server->limits.penalties,
                                               &service->settings->limits, ip, now_ns);
    service_unref(service);
    if (refuses)
        counter_add(&server->counters.connections_refused, 1);
    return refuses;
}

/* ---- A wrong password ---- */

static bool is_password(const struct login_query *query)
{
    return (query->pub.method & (SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE)) != 0;
}

/* Connections from this address that failed recently, estimated from the penalties left. */
static uint64_t failures_of_address(const struct conn *c)
{
    uint64_t cost = c->settings->limits.penalty_failed_login_ns;
    uint64_t left = penalties_left(&c->server->limits.penalties, &c->ip, loop_now_ns());
    return cost ? left / cost + (left % cost > 0) : 0;
}

/* No delay for the first failure, then doubled each time. It does not depend on the user, so it
 * does not reveal who exists. */
static uint64_t delay_of(const struct conn *c)
{
    uint64_t longest = c->settings->limits.failure_delay_ns;
    uint64_t failures = failures_of_address(c);
    if (failures < c->offences.failed_passwords)
        failures = c->offences.failed_passwords;
    if (longest == 0 || failures == 0 || penalties_exempt(&c->settings->limits, &c->ip))
        return 0;
    uint64_t delay = longest / FIRST_DELAY_PART;
    for (uint64_t i = 1; i < failures && delay < longest; i++)
        delay *= 2;
    return min_u64(delay, longest);
}

/* ---- What happens to a connection ---- */

/* Charged at the first failure, not at the end, so that many simultaneous connections count at
 * once. */
uint64_t conn_penalty_rejected(struct conn *c, const struct login_query *query)
{
    struct login_offences *offences = &c->offences;
    /* Unsupported methods guess nothing. */
    if (query->pub.method == 0 || (query->pub.method == SALLY_AUTH_NONE && !query->refusal))
        return 0;
    if (query->may_try && !query->is_signed) {
        offences->asked_for_key = true;
        return 0;
    }
    uint64_t delay = is_password(query) ? delay_of(c) : 0;
    offences->failed_passwords += is_password(query);
    if (!offences->is_charged)
        charge(c, OFFENCE_FAILED_LOGIN, &offences->charge);
    offences->is_charged = true;
    return delay;
}

void conn_penalty_user_changed(struct conn *c)
{
    c->offences.changed_user = c->offences.is_charged;
}

/* A user who mistypes and then logs in is not guessing; a client that tried another user's password
 * first may be. */
void conn_penalty_logged_in(struct conn *c)
{
    uint64_t now_ns = loop_now_ns();
    known_addresses_add(&c->server->limits.known, &c->settings->limits, &c->ip, now_ns);
    if (c->offences.is_charged && !c->offences.changed_user)
        penalties_refund(&c->server->limits.penalties, &c->ip, &c->offences.charge, now_ns);
}

void conn_penalty_ended(struct conn *c)
{
    struct login_offences *offences = &c->offences;
    struct penalty_charge unused;
    if (c->is_logged_in)
        return;
    switch (c->end_reason) {
    case SALLY_END_PROTOCOL:
        charge(c, OFFENCE_PROTOCOL_ERROR, &unused);
        break;
    case SALLY_END_AUTH: /* it may have failed before an authenticator was asked */
        if (!offences->is_charged)
            charge(c, OFFENCE_FAILED_LOGIN, &unused);
        break;
    case SALLY_END_TIMEOUT: /* unless it was the program that took so long */
        if (!offences->is_charged && !hook_question_is_open(c))
            charge(c, OFFENCE_LOGIN_TIME, &unused);
        break;
    case SALLY_END_BY_CLIENT:
    case SALLY_END_LOST:
        if (offences->is_of_proxy && !offences->asked_for_key)
            break;
        if (!offences->is_charged)
            charge(c, offences->asked_for_key ? OFFENCE_FAILED_LOGIN : OFFENCE_NO_LOGIN, &unused);
        break;
    default: /* the server's doing */
        break;
    }
}
