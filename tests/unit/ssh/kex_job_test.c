/* What the exchange hash is made over: the signature of a server that remembers anything else is
 * wrong. */
#include "engine_pair.h"

static void start_method(struct pair *p, void **state, const char *method)
{
    pair_init(p, state);
    pair_use_key(p, state, "ed25519");
    p->client_options.settings.fixed.kex = method;
    pair_start(p);
}

/* The server has the client's offer, and the client the server's. */
static void exchange_offers(struct pair *p)
{
    pair_run_until(&p->client, AWAIT_KEX);
    pair_run_until(&p->server, AWAIT_KEX);
}

static void expect_wrong_signature(struct pair *p)
{
    pair_run(p);
    assert_int_equal(p->client.keys_exchanged, 0);
    assert_string_equal(p->client.end_detail, "the host key's signature is invalid");
    pair_free(p);
}

static void the_hash_covers_what_was_said_before(void **state)
{
    for (int what = 0; what < 5; what++) {
        struct pair p;
        start_method(&p, state, "curve25519-sha256");
        exchange_offers(&p);
        struct transport *t = p.server.ssh->transport;
        uint8_t *const lasts[] = {
            (uint8_t *)&t->theirs.line[t->theirs.size - 1],
            (uint8_t *)&t->ours.line[t->ours.size - 1],
            buf_head(&t->kex->peer_init) + 5, /* in the cookie */
            buf_head(&t->kex->our_init) + 5,
        };
        if (what == 4) { /* nothing is changed */
            pair_exchange_keys(&p);
            pair_free(&p);
            continue;
        }
        *lasts[what] ^= 1;
        expect_wrong_signature(&p);
    }
}

/* RFC 4419 section 3: the sizes that were asked for, and the group. */
static void the_hash_covers_the_group(void **state)
{
    for (int what = 0; what < 4; what++) {
        struct pair p;
        start_method(&p, state, "diffie-hellman-group-exchange-sha256");
        exchange_offers(&p);
        struct kex *k = p.client.ssh->transport->kex;
        if (what == 3) {
            pair_exchange_keys(&p);
            pair_free(&p);
            continue;
        }
        *(uint32_t *const[]){&k->min, &k->wanted, &k->max}[what] += 1; /* the request has left */
        if (what == 0)
            k->min -= 2; /* the group is to be large enough for what the client remembers */
        expect_wrong_signature(&p);
    }
}

/* Nothing of the engine is needed while it runs, nor afterwards. */
static void it_may_run_when_the_engine_is_gone(void **state)
{
    struct pair p;
    start_method(&p, state, "curve25519-sha256");
    p.keep_jobs = true;
    pair_run(&p);
    assert_true(ssh_input_is_paused(p.server.ssh));
    struct list *link = list_pop_first(&p.server.jobs);
    assert_non_null(link);
    ssh_free(p.server.ssh);
    p.server.ssh = NULL;
    ssh_job_run(ssh_job_of_link(link));
    ssh_job_done(ssh_job_of_link(link));
    assert_int_equal(p.server.keys_exchanged, 0);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_covers_what_was_said_before),
        cmocka_unit_test(the_hash_covers_the_group),
        cmocka_unit_test(it_may_run_when_the_engine_is_gone),
    };
    return cmocka_run_group_tests_name("ssh/kex_job", tests, pair_group_setup, pair_group_teardown);
}
