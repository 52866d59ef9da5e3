/* For the tests of the connection protocol: a bare server that is logged in, and an owner that
 * counts what it hears. */
#ifndef TEST_CONNECTION_FIXTURE_H
#define TEST_CONNECTION_FIXTURE_H

#include "cmocka_all.h"

#include "base/mem.h"
#include "pair_services.h"

struct conn_owner {
    unsigned subsystems, execs, closed, over;
    char what[64];
    bool refuse, later;
    struct ssh_channel *asked;
    enum ssh_end end;
    size_t charged, charge_limit;
    struct list jobs;
    bool keep_jobs;
};

struct conn_fixture {
    struct bare b;
    struct conn_owner o;
};

/* Begin, change options and events, start the bare engine; or ready for both. Finish: all windows
 * were given back. */
void conn_begin(struct conn_fixture *f);
void conn_ready(struct conn_fixture *f);
void conn_finish(struct conn_fixture *f);

/* What is sent to it. */
void conn_feed(struct conn_fixture *f, struct buf *m);
void conn_open(struct conn_fixture *f, const char *type, uint32_t number, uint32_t window,
               uint32_t packet);
void conn_close(struct conn_fixture *f, uint32_t number);
struct buf *conn_request(struct buf *room, uint32_t number, const char *type, bool reply);

/* What it has sent next. */
/* The number of the channel that was confirmed. */
uint32_t conn_expect_confirmation(struct conn_fixture *f, uint32_t peer_number);
void conn_expect_open_failure(struct conn_fixture *f, uint32_t peer_number, uint32_t reason);
void conn_expect_end(struct conn_fixture *f, uint32_t reason);
void conn_expect_reply(struct conn_fixture *f, uint8_t number, uint32_t peer_number);
void conn_expect_nothing(struct conn_fixture *f);

#endif
