/* Two engines meet: every algorithm, every way of cutting the stream, every allocation that may
 * fail. */
#include "engine_pair.h"

#include "alloc_failure.h"

#define KIB 1024u

static void logs_in(struct pair *p)
{
    pair_start(p);
    pair_exchange_keys(p);
    pair_log_in(p);
    pair_open_channel(p);
}

static void exchanges_data(struct pair *p, size_t size)
{
    side_send(&p->client, size);
    side_send(&p->server, size);
    pair_run(p);
    assert_int_equal(p->server.received, p->client.sent);
    assert_int_equal(p->client.received, p->server.sent);
}

/* Everything that may go wrong with keys shows in the first bytes after they changed. */
static void meets(struct pair *p)
{
    logs_in(p);
    exchanges_data(p, 70000);
    ssh_rekey(p->server.ssh);
    ssh_run(p->server.ssh, p->now_ns);
    exchanges_data(p, 3000);
    assert_int_equal(p->client.rekeyed, 1);
    assert_int_equal(p->server.rekeyed, 1);
    assert_int_equal(ssh_rekey_count(p->server.ssh), 1);
    pair_free(p);
}

static void says_what_was_agreed_on(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.client_options.settings.fixed.kex = "curve25519-sha256";
    p.client_options.settings.fixed.host_key_algorithms = "ssh-ed25519";
    p.client_options.settings.fixed.ciphers = "aes128-ctr";
    p.client_options.settings.fixed.macs = "hmac-sha2-512";
    logs_in(&p);
    assert_string_equal(ssh_peer_software(p.server.ssh), "client_1.0");
    assert_string_equal(ssh_peer_software(p.client.ssh), "server_1.0 with a comment");
    assert_true(p.client.host_key_seen);
    assert_string_equal(ssh_algorithms(p.server.ssh),
                        "curve25519-sha256 ssh-ed25519 aes128-ctr hmac-sha2-512 aes128-ctr "
                        "hmac-sha2-512 none");
    assert_string_equal(p.server.algorithms, ssh_algorithms(p.server.ssh));
    assert_int_equal(ssh_session_id(p.server.ssh).size, 32);
    assert_true(slice_equal(ssh_session_id(p.server.ssh), ssh_session_id(p.client.ssh)));
    assert_true(p.server.ssh->transport->strict && p.client.ssh->transport->strict);
    exchanges_data(&p, 1000);
    pair_free(&p);
}

static void every_kex_method_works(void **state)
{
    const struct kex_method *m;
    for (size_t i = 0; (m = kex_method_at(i)) != NULL; i++) {
        struct pair p;
        pair_init(&p, state);
        p.client_options.settings.fixed.kex = m->name;
        p.server_options.settings.fixed.kex = m->name;
        meets(&p);
    }
}

static void every_host_key_algorithm_works(void **state)
{
    const struct signature_algorithm *a;
    for (size_t i = 0; (a = signature_algorithm_at(i)) != NULL; i++) {
        if (strncmp(a->name, "sk-", 3) == 0)
            continue; /* no host has a key of this type */
        struct pair p;
        pair_init(&p, state);
        p.client_options.settings.fixed.host_key_algorithms = a->name;
        p.server_options.settings.fixed.host_key_algorithms = a->name;
        meets(&p);
    }
}

static void meets_with(void **state, const char *cipher, const char *mac)
{
    static const char *const compressions[] = {"none", "zlib@openssh.com"};
    for (size_t i = 0; i < COUNT_OF(compressions); i++) {
        struct pair p;
        pair_init(&p, state);
        pair_use_key(&p, state, "ed25519");
        p.client_options.settings.fixed.ciphers = p.server_options.settings.fixed.ciphers = cipher;
        p.client_options.settings.fixed.macs = p.server_options.settings.fixed.macs = mac;
        p.client_options.settings.fixed.compression = compressions[i];
        meets(&p);
    }
}

static void every_cipher_works_with_every_mac_and_compression(void **state)
{
    const struct cipher_info *c;
    const struct mac_info *m;
    for (size_t i = 0; (c = cipher_at(i)) != NULL; i++) {
        if (c->aead)
            meets_with(state, c->name, NULL);
        for (size_t j = 0; !c->aead && (m = mac_at(j)) != NULL; j++)
            meets_with(state, c->name, m->name);
    }
}

static void any_cut_will_do(void **state)
{
    static const struct {
        size_t cut;
        uint64_t random;
    } cuts[] = {{1, 0}, {2, 0}, {3, 0}, {7, 0}, {13, 5}, {300, 77}, {5000, 1234567}};
    static const char *const ciphers[] = {"chacha20-poly1305@openssh.com", "aes128-ctr",
                                          "aes256-gcm@openssh.com"};
    for (size_t c = 0; c < COUNT_OF(ciphers); c++)
        for (size_t i = 0; i < COUNT_OF(cuts); i++) {
            struct pair p;
            pair_init(&p, state);
            pair_use_key(&p, state, "ed25519");
            p.client_options.settings.fixed.ciphers = ciphers[c];
            p.cut = cuts[i].cut;
            p.cut_random = cuts[i].random;
            logs_in(&p);
            exchanges_data(&p, cuts[i].cut < 10 ? 2000 : 100000);
            ssh_rekey(p.client.ssh);
            exchanges_data(&p, 5000);
            assert_int_equal(p.server.rekeyed, 1);
            pair_free(&p);
        }
}

/* ---- The same bytes in every run ---- */

static void add_to_digest(struct pair *p, struct side *from, uint8_t *data, size_t size)
{
    uint64_t *digest = from == &p->client ? &p->tamper_at : &p->cut_random;
    for (size_t i = 0; i < size; i++)
        *digest = (*digest ^ data[i]) * UINT64_C(0x100000001b3);
}

static void a_session_can_be_replayed(void **state)
{
    uint64_t digests[2][2];
    for (size_t run = 0; run < 2; run++) {
        struct pair p;
        pair_init(&p, state);
        pair_use_key(&p, state, "ed25519"); /* its signatures are a function of key and data */
        p.tamper = add_to_digest;
        logs_in(&p);
        exchanges_data(&p, 100000);
        digests[run][0] = p.tamper_at;
        digests[run][1] = p.cut_random;
        pair_free(&p);
    }
    assert_int_equal(digests[0][0], digests[1][0]);
    assert_int_equal(digests[0][1], digests[1][1]);
}

/* ---- Compression ---- */

static void compression_begins_with_the_login(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.client_options.settings.fixed.compression = "zlib@openssh.com,none";
    pair_start(&p);
    pair_exchange_keys(&p);
    assert_null(p.server.ssh->transport->in.compressor);
    assert_null(p.server.ssh->transport->out.compressor);
    pair_log_in(&p);
    assert_non_null(p.server.ssh->transport->in.compressor);
    assert_non_null(p.server.ssh->transport->out.compressor);
    pair_open_channel(&p);
    exchanges_data(&p, 300000);
    pair_free(&p);
}

/* The success is queued while keys are exchanged: what is sent before it must not be compressed. */
static void a_success_behind_a_rekey_is_not_compressed(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.client_options.settings.fixed.compression = "zlib@openssh.com";
    pair_start(&p);
    pair_exchange_keys(&p);
    ssh_client_login_none(p.client.ssh, "joe"); /* is refused, and the service is there */
    pair_run(&p);
    ssh_client_login_password(p.client.ssh, "joe", "right");
    assert_int_equal(kexinit_send(p.server.ssh), SALLY_E_OK);
    pair_run(&p);
    assert_alive(&p.client);
    assert_alive(&p.server);
    assert_int_equal(p.client.authenticated, 1);
    assert_int_equal(p.client.rekeyed, 1);
    assert_non_null(p.server.ssh->transport->in.compressor);
    assert_non_null(p.client.ssh->transport->in.compressor);
    pair_open_channel(&p);
    exchanges_data(&p, 10000);
    pair_free(&p);
}

/* ---- What the owner may do ---- */

static void a_host_key_may_be_refused(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.distrust = true;
    pair_start(&p);
    pair_run(&p);
    assert_int_equal(p.client.overs, 1);
    assert_int_equal(p.client.end, SSH_END_PROTOCOL);
    assert_int_equal(p.server.end, SSH_END_PEER);
    pair_free(&p);
}

static void an_idle_engine_holds_no_buffers(void **state)
{
    struct pair p;
    pair_init(&p, state);
    logs_in(&p);
    exchanges_data(&p, 1024 * KIB);
    ssh_trim(p.server.ssh);
    const struct transport *t = p.server.ssh->transport;
    assert_null(t->rx.data);
    assert_null(t->output.data);
    assert_null(t->message.data);
    assert_null(t->waiting.data);
    assert_null(t->kex);
    assert_true(sizeof *t < 4096);
    exchanges_data(&p, 1000);
    pair_free(&p);
}

static void bulk_gets_large_reads(void **state)
{
    struct pair p;
    uint8_t *room;
    pair_init(&p, state);
    logs_in(&p);
    assert_true(ssh_input_room(p.server.ssh, &room) <= 16 * KIB);
    exchanges_data(&p, 4096 * KIB);
    assert_true(ssh_input_room(p.server.ssh, &room) >= 200 * KIB);
    pair_free(&p);
}

static bool no_random(void *user_data, uint8_t *out, size_t size)
{
    (void)user_data, (void)out, (void)size;
    return false;
}

static void without_randomness_nothing_is_sent(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.random.fill = no_random;
    assert_int_equal(pair_new_server(&p), SALLY_E_CRYPTO);
    p.server_options.random.fill = NULL;
    assert_int_equal(pair_new_server(&p), SALLY_E_INVALID);

    pair_init(&p, state);
    logs_in(&p);
    p.server.ssh->options.random.fill = no_random;
    side_send(&p.server, 16000 * KIB); /* more than padding is in stock for */
    pair_run(&p);
    assert_int_equal(p.server.end, SSH_END_INTERNAL);
    pair_free(&p);
    ssh_free(NULL);
}

/* ---- Allocations ---- */

static bool lives_without(void **state, unsigned nth)
{
    struct pair p;
    pair_init(&p, state);
    pair_use_key(&p, state, "ed25519");
    p.client_options.settings.fixed.compression = "zlib@openssh.com";
    /* The client has its memory: it is the server that is tested. */
    pair_start(&p);
    ssh_free(p.server.ssh);
    p.server.ssh = NULL;
    alloc_fail_at(nth);
    sally_error error = pair_new_server(&p);
    bool struck = false;
    if (!error) {
        ssh_client_login_password(p.client.ssh, "joe", "right");
        pair_run(&p);
        if (!ssh_is_over(p.server.ssh))
            ssh_rekey(p.server.ssh);
        pair_run(&p);
    }
    struck = alloc_failed();
    if (error)
        assert_int_equal(error, SALLY_E_NO_MEMORY);
    pair_free(&p);
    return struck;
}

static void every_allocation_may_fail(void **state)
{
    unsigned nth = 1;
    while (lives_without(state, nth))
        nth++;
    assert_true(nth > 50);
}

static void refuses_senseless_options(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.host_key_count = 0;
    assert_int_equal(pair_new_server(&p), SALLY_E_INVALID);
    pair_init(&p, state);
    p.server_options.settings.fixed.ciphers = "rot13,";
    assert_int_equal(pair_new_server(&p), SALLY_E_INVALID);
    pair_init(&p, state);
    p.server_options.settings.fixed.software = "with\r\nbreak";
    assert_int_equal(pair_new_server(&p), SALLY_E_INVALID);
    pair_init(&p, state);
    p.server_options.settings.fixed.software = "";
    assert_int_equal(pair_new_server(&p), SALLY_E_INVALID);
}

/* What is sealed already stays, and what must be said behind it finds room: here the buffer is full
 * to within a few bytes. */
static void less_may_wait_than_already_does(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.settings.send_queue = 16 * 1024 * 1024;
    p.client_options.settings.window_start = 32 * 1024 * 1024;
    pair_start(&p);
    pair_log_in(&p);
    pair_open_channel(&p);
    side_send(&p.server, 1024 * 1024 - 1000);
    ssh_run(p.server.ssh, p.now_ns);
    size_t waits = ssh_output(p.server.ssh).size;
    assert_true(waits > 1024 * 1024 - 1000 && waits <= 1024 * 1024);
    struct ssh_options options = p.server_options;
    options.settings.send_queue = 64 * 1024;
    ssh_change(p.server.ssh, &options);
    ssh_rekey(p.server.ssh);
    ssh_run(p.server.ssh, p.now_ns);
    assert_alive(&p.server);
    assert_true(ssh_output(p.server.ssh).size > waits);
    pair_run(&p);
    assert_alive(&p.server);
    assert_int_equal(p.client.received, p.server.sent);
    assert_int_equal(p.server.rekeyed, 1);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_was_agreed_on),
        cmocka_unit_test(every_kex_method_works),
        cmocka_unit_test(every_host_key_algorithm_works),
        cmocka_unit_test(every_cipher_works_with_every_mac_and_compression),
        cmocka_unit_test(any_cut_will_do),
        cmocka_unit_test(a_session_can_be_replayed),
        cmocka_unit_test(compression_begins_with_the_login),
        cmocka_unit_test(a_success_behind_a_rekey_is_not_compressed),
        cmocka_unit_test(a_host_key_may_be_refused),
        cmocka_unit_test(an_idle_engine_holds_no_buffers),
        cmocka_unit_test(bulk_gets_large_reads),
        cmocka_unit_test(without_randomness_nothing_is_sent),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(refuses_senseless_options),
        cmocka_unit_test(less_may_wait_than_already_does),
    };
    return cmocka_run_group_tests_name("ssh transport", tests, pair_group_setup,
                                       pair_group_teardown);
}
