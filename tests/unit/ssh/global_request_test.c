/* Keepalives, and host keys that are announced and proven. */
#include "connection_fixture.h"

#include "crypto/public_key.h"
#include "ssh/connection.h"
#include "ssh/global_request.h"
#include "ssh/jobs.h"
#include "ssh/transport.h"

static void refuses_global_requests_that_want_a_reply(void **state)
{
    (void)state;
    static const char *const names[] = {"tcpip-forward", "cancel-tcpip-forward",
                                        "keepalive@openssh.com", "whatever@example.com", ""};
    struct conn_fixture f;
    struct buf room, *m;
    conn_ready(&f);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        for (int reply = 0; reply < 2; reply++) {
            m = payload(&room, SSH_MSG_GLOBAL_REQUEST);
            put_text(m, names[i]);
            put_bool(m, reply);
            put_text(m, "localhost");
            conn_feed(&f, m);
            if (reply) {
                struct slice sent = bare_sent(&f.b);
                assert_int_equal(sent.size, 1);
                assert_int_equal(sent.data[0], SSH_MSG_REQUEST_FAILURE);
            }
            conn_expect_nothing(&f);
        }
    }
    conn_finish(&f);
}

static void keepalives_are_counted(void **state)
{
    (void)state;
    struct conn_fixture f;
    struct buf room;
    conn_ready(&f);
    conn_feed(&f, payload(&room, SSH_MSG_REQUEST_FAILURE)); /* to nothing: ignored */
    conn_feed(&f, payload(&room, SSH_MSG_REQUEST_SUCCESS));
    connection_send_keepalive(f.b.ssh);
    connection_send_keepalive(f.b.ssh);
    struct slice sent = bare_sent(&f.b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_GLOBAL_REQUEST);
    assert_true(slice_is(get_string(&c), "keepalive@openssh.com"));
    assert_true(get_bool(&c));
    assert_true(cursor_done(&c));
    assert_int_equal(f.b.ssh->connection->keepalives_awaited, 2);
    conn_feed(&f, payload(&room, SSH_MSG_REQUEST_FAILURE));
    conn_feed(&f, payload(&room, SSH_MSG_REQUEST_SUCCESS));
    conn_feed(&f, payload(&room, SSH_MSG_REQUEST_SUCCESS));
    assert_int_equal(f.b.ssh->connection->keepalives_awaited, 0);
    assert_false(ssh_is_over(f.b.ssh));
    conn_finish(&f);
}

static void host_keys_are_announced(void **state)
{
    (void)state;
    struct conn_fixture f;
    conn_ready(&f);
    connection_login_done(f.b.ssh);
    struct slice sent = bare_sent(&f.b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_GLOBAL_REQUEST);
    assert_true(slice_is(get_string(&c), "hostkeys-00@openssh.com"));
    assert_false(get_bool(&c));
    assert_true(slice_equal(get_string(&c), key_blob(f.b.host_key)));
    assert_true(cursor_done(&c));
    conn_finish(&f);
}

static struct buf *prove(struct buf *room)
{
    struct buf *m = payload(room, SSH_MSG_GLOBAL_REQUEST);
    put_text(m, "hostkeys-prove-00@openssh.com");
    put_bool(m, true);
    return m;
}

static bool verifies(struct conn_fixture *f, struct slice blob, const char *algorithm,
                     struct slice proof)
{
    struct public_key *key;
    struct buf data;
    buf_init(&data, 1u << 20);
    put_text(&data, "hostkeys-prove-00@openssh.com");
    put_slice(&data, ssh_session_id(f->b.ssh));
    put_slice(&data, blob);
    assert_int_equal(public_key_parse(&key, f->b.crypto, blob), SALLY_E_OK);
    bool right = public_key_verify(key, algorithm, proof, buf_slice(&data));
    public_key_free(key);
    buf_clear(&data);
    return right;
}

static void host_keys_are_proven(void **state)
{
    (void)state;
    struct conn_fixture f;
    struct buf room, *m;
    sally_key *rsa, *both[2];
    conn_begin(&f);
    assert_int_equal(sally_key_generate(&rsa, "rsa", 2048), SALLY_E_OK);
    both[0] = f.b.host_key;
    both[1] = rsa;
    f.b.options.host_keys = both;
    f.b.options.host_key_count = 2;
    bare_start(&f.b, READY);
    m = prove(&room);
    put_slice(m, key_blob(rsa));
    put_slice(m, key_blob(f.b.host_key));
    conn_feed(&f, m);
    struct slice sent = bare_sent(&f.b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_REQUEST_SUCCESS);
    assert_true(verifies(&f, key_blob(rsa), "rsa-sha2-512", get_string(&c)));
    assert_true(verifies(&f, key_blob(f.b.host_key), "ssh-ed25519", get_string(&c)));
    assert_true(cursor_done(&c));
    assert_false(ssh_input_is_paused(f.b.ssh));
    sally_key_unref(rsa);
    conn_finish(&f);
}

static void expect_refusal(struct conn_fixture *f)
{
    struct slice sent = bare_sent(&f->b);
    assert_int_equal(sent.size, 1);
    assert_int_equal(sent.data[0], SSH_MSG_REQUEST_FAILURE);
    conn_expect_nothing(f);
}

static void only_own_keys_are_proven_and_once(void **state)
{
    (void)state;
    struct conn_fixture f;
    struct buf room, *m;
    sally_key *other;
    conn_ready(&f);
    assert_int_equal(sally_key_generate(&other, "ed25519", 0), SALLY_E_OK);
    m = prove(&room);
    put_slice(m, key_blob(f.b.host_key));
    put_slice(m, key_blob(other));
    conn_feed(&f, m);
    expect_refusal(&f);
    m = prove(&room);
    put_slice(m, key_blob(f.b.host_key));
    put_slice(m, key_blob(f.b.host_key)); /* the draft: no key may be repeated */
    conn_feed(&f, m);
    expect_refusal(&f);
    conn_feed(&f, prove(&room)); /* none at all */
    expect_refusal(&f);
    m = prove(&room);
    put_u32(m, 1000);
    conn_feed(&f, m);
    conn_expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR);
    sally_key_unref(other);
    conn_finish(&f);
}

static sally_error broken(void *user_data, sally_sign_request *request)
{
    (void)user_data;
    (void)request;
    return SALLY_E_CLOSED;
}

static void note_failed(void *user_data, const sally_key *key, sally_error error)
{
    (void)user_data;
    assert_string_equal(sally_key_type(key), "ecdsa-sha2-nistp256");
    assert_int_equal(error, SALLY_E_CLOSED);
}

static void keys_that_cannot_sign_are_not_proven(void **state)
{
    (void)state;
    struct conn_fixture f;
    struct buf room, *m;
    sally_key *ecdsa, *both[2];
    conn_begin(&f);
    assert_int_equal(sally_key_generate(&ecdsa, "ecdsa-nistp256", 0), SALLY_E_OK);
    const sally_signer signer = {
        .struct_size = sizeof signer, .public_line = sally_key_public_line(ecdsa), .sign = broken};
    both[0] = f.b.host_key;
    assert_int_equal(sally_key_from_signer(&both[1], &signer), SALLY_E_OK);
    f.b.options.host_keys = both;
    f.b.options.host_key_count = 2;
    bare_start(&f.b, READY);
    f.b.ssh->events.host_key_failed = note_failed;
    m = prove(&room);
    put_slice(m, key_blob(f.b.host_key));
    put_slice(m, key_blob(ecdsa));
    conn_feed(&f, m);
    expect_refusal(&f);
    m = prove(&room); /* the connection goes on */
    put_slice(m, key_blob(f.b.host_key));
    conn_feed(&f, m);
    assert_int_equal(bare_sent(&f.b).data[0], SSH_MSG_REQUEST_SUCCESS);
    sally_key_unref(both[1]);
    sally_key_unref(ecdsa);
    conn_finish(&f);
}

static void proofs_are_bounded(void **state)
{
    (void)state;
    struct conn_fixture f;
    conn_ready(&f);
    for (int i = 0; i < PROOFS_MAX + 3; i++) {
        struct buf room, *m = prove(&room);
        put_slice(m, key_blob(f.b.host_key));
        conn_feed(&f, m);
        assert_int_equal(bare_sent(&f.b).data[0],
                         i < PROOFS_MAX ? SSH_MSG_REQUEST_SUCCESS : SSH_MSG_REQUEST_FAILURE);
    }
    conn_finish(&f);
}

static void proofs_may_come_after_the_end(void **state)
{
    (void)state;
    struct conn_fixture f;
    struct buf room, *m;
    conn_ready(&f);
    f.o.keep_jobs = true;
    m = prove(&room);
    put_slice(m, key_blob(f.b.host_key));
    conn_feed(&f, m);
    assert_true(ssh_input_is_paused(f.b.ssh));
    conn_finish(&f);
    struct ssh_job *job = ssh_job_of_link(list_pop_first(&f.o.jobs));
    ssh_job_run(job);
    ssh_job_done(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_global_requests_that_want_a_reply),
        cmocka_unit_test(keepalives_are_counted),
        cmocka_unit_test(host_keys_are_announced),
        cmocka_unit_test(host_keys_are_proven),
        cmocka_unit_test(only_own_keys_are_proven_and_once),
        cmocka_unit_test(keys_that_cannot_sign_are_not_proven),
        cmocka_unit_test(proofs_are_bounded),
        cmocka_unit_test(proofs_may_come_after_the_end),
    };
    return cmocka_run_group_tests_name("ssh/global_request", tests, NULL, NULL);
}
