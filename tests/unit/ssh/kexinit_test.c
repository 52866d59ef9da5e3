/* Offers, and guesses that come with them. */
#include "base/names.h"
#include "engine_pair.h"

static void feed_bytes(struct side *s, const void *data, size_t size)
{
    struct slice payload = {data, size};
    side_feed_clear(s, payload);
}

/* ---- Guesses (RFC 4253 section 7) ---- */

static void patch_guess(uint8_t *payload, size_t size)
{
    payload[size - 5] = 1;
}

static void a_wrong_guess_is_skipped(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.client_options.settings.fixed.kex = "ecdh-sha2-nistp256,curve25519-sha256";
    p.server_options.settings.fixed.kex = "curve25519-sha256,ecdh-sha2-nistp256";
    pair_start(&p);
    side_patch_kexinit(&p.client, patch_guess);
    pair_run_until(&p.client, AWAIT_KEX);
    static const uint8_t guess[] = {SSH_MSG_KEX_INIT, 1, 2, 3};
    feed_bytes(&p.server, guess, sizeof guess);
    pair_exchange_keys(&p);
    assert_non_null(strstr(ssh_algorithms(p.server.ssh), "ecdh-sha2-nistp256"));
    pair_log_in(&p);
    pair_free(&p);
}

/* One only. */
static void a_second_wrong_guess_is_not(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.client_options.settings.fixed.kex = "ecdh-sha2-nistp256,curve25519-sha256";
    p.server_options.settings.fixed.kex = "curve25519-sha256,ecdh-sha2-nistp256";
    pair_start(&p);
    side_patch_kexinit(&p.client, patch_guess);
    pair_run_until(&p.client, AWAIT_KEX);
    static const uint8_t guess[] = {SSH_MSG_KEX_INIT, 1, 2, 3};
    feed_bytes(&p.server, guess, sizeof guess);
    assert_alive(&p.server);
    feed_bytes(&p.server, guess, sizeof guess);
    assert_int_equal(p.server.overs, 1);
    pair_free(&p);
}

static void a_wrong_guess_of_the_host_key_counts(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.client_options.settings.fixed.kex = p.server_options.settings.fixed.kex = "curve25519-sha256";
    p.client_options.settings.fixed.host_key_algorithms = "rsa-sha2-512,ssh-ed25519";
    p.server_options.settings.fixed.host_key_algorithms = "ssh-ed25519,rsa-sha2-512";
    pair_start(&p);
    side_patch_kexinit(&p.client, patch_guess);
    pair_run_until(&p.client, AWAIT_KEX);
    static const uint8_t guess[] = {SSH_MSG_KEX_INIT};
    feed_bytes(&p.server, guess, sizeof guess);
    pair_exchange_keys(&p);
    pair_free(&p);
}

static void a_right_guess_is_used(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.client_options.settings.fixed.kex = "curve25519-sha256";
    pair_start(&p);
    side_patch_kexinit(&p.client, patch_guess);
    pair_exchange_keys(&p);
    pair_free(&p);
}

/* ---- Offers ---- */

static void put_offer(struct buf *b, const char *kex, size_t filler)
{
    put_u8(b, SSH_MSG_KEXINIT);
    uint8_t *cookie = buf_extend(b, 16);
    assert_non_null(cookie);
    memset(cookie, 1, 16);
    size_t place = put_string_begin(b);
    for (size_t i = 0; i < filler; i += 2)
        put_bytes(b, "x,", 2);
    put_bytes(b, kex, strlen(kex));
    put_string_end(b, place);
    put_text(b, "ssh-ed25519");
    put_text(b, "aes128-ctr");
    put_text(b, "aes128-ctr");
    put_text(b, "hmac-sha2-256");
    put_text(b, "hmac-sha2-256");
    for (int i = 0; i < 2; i++)
        put_text(b, "none");
    for (int i = 0; i < 2; i++)
        put_text(b, "");
    put_bool(b, false);
    put_u32(b, 0);
    assert_false(b->failed);
}

static void start_raw(struct pair *p, void **state)
{
    pair_init(p, state);
    pair_start(p);
    side_feed(&p->server, slice_of("SSH-2.0-raw\r\n"));
}

static void a_large_offer_is_taken(void **state)
{
    struct pair p;
    struct buf b;
    start_raw(&p, state);
    buf_init(&b, 100000);
    put_offer(&b, "curve25519-sha256", 65000);
    side_feed_clear(&p.server, buf_slice(&b));
    assert_alive(&p.server);
    assert_int_equal(p.server.ssh->state, AWAIT_KEX);
    buf_clear(&b);
    pair_free(&p);
}

static void disagreement_is_told(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.client_options.settings.fixed.kex = "ecdh-sha2-nistp256";
    p.server_options.settings.fixed.kex = "curve25519-sha256";
    pair_start(&p);
    pair_run(&p);
    assert_int_equal(p.server.overs, 1);
    assert_int_equal(p.server.end, SSH_END_PROTOCOL);
    assert_string_equal(p.server.end_detail, "no common key exchange method");
    assert_int_equal(p.client.overs, 1);
    pair_free(&p);
}

struct log_copy {
    char event[64], text[256], ours[600], theirs[600];
};

static void copy_line(void *user_data, const sally_log_line *line)
{
    struct log_copy *copy = user_data;
    if (strcmp(line->event, "ssh.no_agreement") != 0)
        return;
    strncpy(copy->event, line->event, sizeof copy->event - 1);
    strncpy(copy->text, line->message, sizeof copy->text - 1);
    for (uint32_t i = 0; i < line->field_count; i++)
        strncpy(strcmp(line->fields[i].name, "ours") == 0 ? copy->ours : copy->theirs,
                line->fields[i].value, sizeof copy->ours - 1);
}

static void disagreement_is_logged_with_both_offers(void **state)
{
    struct log_copy copy = {{0}, {0}, {0}, {0}};
    struct log_sink sink = {.write = copy_line, .user_data = &copy, .level = SALLY_LOG_DEBUG};
    struct pair p;
    pair_init(&p, state);
    p.server_options.log = &sink;
    p.client_options.settings.fixed.ciphers = "aes256-ctr";
    p.server_options.settings.fixed.ciphers = "aes128-ctr,aes128-gcm@openssh.com";
    pair_start(&p);
    pair_run(&p);
    assert_string_equal(copy.event, "ssh.no_agreement");
    assert_non_null(strstr(copy.text, "no common cipher"));
    assert_string_equal(copy.ours, "aes128-ctr,aes128-gcm@openssh.com");
    assert_string_equal(copy.theirs, "aes256-ctr");
    pair_free(&p);
}

static void an_offer_names_only_what_is_there(void **state)
{
    struct pair p;
    pair_init(&p, state);
    pair_use_key(&p, state, "rsa");
    p.server_options.settings.fixed.host_key_algorithms = "ssh-ed25519,rsa-sha2-512,nonsense";
    p.server_options.settings.fixed.ciphers = "nonsense,aes256-ctr";
    pair_start(&p);
    struct kex_offer o;
    struct cursor c = cursor_of_slice(buf_slice(&p.server.ssh->transport->kex->our_init));
    get_u8(&c);
    assert_true(kex_offer_parse(&o, &c));
    assert_true(slice_is(o.host_key, "rsa-sha2-512"));
    assert_true(slice_is(o.cipher[0], "aes256-ctr"));
    assert_true(slice_is(o.cipher[1], "aes256-ctr"));
    assert_true(names_have(o.kex, slice_of("ext-info-s")));
    assert_true(names_have(o.kex, slice_of("kex-strict-s-v00@openssh.com")));
    assert_true(slice_is(o.compression[0], "none,zlib@openssh.com"));
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_guess_is_skipped),
        cmocka_unit_test(a_second_wrong_guess_is_not),
        cmocka_unit_test(a_wrong_guess_of_the_host_key_counts),
        cmocka_unit_test(a_right_guess_is_used),
        cmocka_unit_test(a_large_offer_is_taken),
        cmocka_unit_test(disagreement_is_told),
        cmocka_unit_test(disagreement_is_logged_with_both_offers),
        cmocka_unit_test(an_offer_names_only_what_is_there),
    };
    return cmocka_run_group_tests_name("ssh kexinit", tests, pair_group_setup, pair_group_teardown);
}
