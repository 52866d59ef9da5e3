/* The table of messages against a list made by hand: every state, every number, both roles, with a
 * real engine in that state. */
#include "ssh/messages.h"

#include "engine_pair.h"

/* The states of the test: those of the engine, and the ones in which the peer exchanges keys anew
 * after the login. */
enum moment {
    BEFORE_KEXINIT,
    IN_KEX,
    BEFORE_NEWKEYS,
    BEFORE_SERVICE,
    IN_AUTH,
    LOGGED_IN,
    IN_REKEY,
    BEFORE_NEW_NEWKEYS,
    MOMENTS
};

static const enum ssh_state state_of[MOMENTS] = {
    [BEFORE_KEXINIT] = AWAIT_KEXINIT, [IN_KEX] = AWAIT_KEX,
    [BEFORE_NEWKEYS] = AWAIT_NEWKEYS, [BEFORE_SERVICE] = AWAIT_SERVICE,
    [IN_AUTH] = AWAIT_AUTH,           [LOGGED_IN] = READY,
    [IN_REKEY] = AWAIT_KEX,           [BEFORE_NEW_NEWKEYS] = AWAIT_NEWKEYS,
};

static bool is_one_of(uint8_t number, const uint8_t *list)
{
    for (; *list; list++)
        if (*list == number)
            return true;
    return false;
}

/* May the message have any effect but the end of the connection? What is not said here is
 * forbidden. */
static bool is_allowed(enum ssh_role receiver, enum moment moment, uint8_t number)
{
    static const uint8_t generic[] = {1, 2, 3, 4, 0};
    static const uint8_t server_auth[] = {5, 20, 50, 61, 0},
                         client_auth[] = {7, 20, 51, 52, 53, 60, 0};
    static const uint8_t server_ready[] = {7,  20, 50, 80, 81, 82,  90,  93,  94,
                                           95, 96, 97, 98, 99, 100, 192, 193, 0};
    static const uint8_t client_ready[] = {7,  20, 80, 81, 82, 91,  92,  93,  94,
                                           95, 96, 97, 98, 99, 100, 192, 193, 0};
    bool server = receiver == SSH_SERVER;
    bool strict = moment == IN_KEX || moment == BEFORE_NEWKEYS; /* only to be ended */
    if (is_one_of(number, generic))
        return !strict || number == 1;
    switch (moment) {
    case BEFORE_KEXINIT:
        return number == 20;
    case IN_KEX: /* curve25519: one message */
    case IN_REKEY:
        return number == (server ? 30 : 31);
    case BEFORE_NEWKEYS:
    case BEFORE_NEW_NEWKEYS:
        return number == 21;
    case BEFORE_SERVICE: /* the first message behind NEWKEYS: 7 */
        return number == 7 || number == 20 || number == (server ? 5 : 6) ||
               (number > 7 && number < 20) || (number > 127 && number != 192 && number != 193);
    case IN_AUTH:
        return is_one_of(number, server ? server_auth : client_auth) ||
               (number > 7 && number < 20) ||
               (number >= 50 && number <= 79 && number != 50 && number != 51 && number != 52 &&
                number != 53 && number != 60 && number != 61) ||
               (number > 127 && number != 192 && number != 193);
    case LOGGED_IN:
        return is_one_of(number, server ? server_ready : client_ready) ||
               (number > 7 && number < 20) ||
               (number > 53 && number < 80 && number != 60 && number != 61) ||
               (number > 82 && number < 90) || number > 100;
    default:
        return false;
    }
}

static void the_table_is_as_the_list_says(void **state)
{
    (void)state;
    for (int role = SSH_SERVER; role <= SSH_CLIENT; role++)
        for (int moment = 0; moment < MOMENTS; moment++)
            for (unsigned number = 0; number < 256; number++) {
                bool refused = message_judge((enum ssh_role)role, state_of[moment],
                                             (uint8_t)number) == MESSAGE_REFUSED;
                bool allowed =
                    is_allowed((enum ssh_role)role, (enum moment)moment, (uint8_t)number);
                /* What depends on more than the state is refused later: seen with the real engine.
                 */
                bool later =
                    !allowed && (is_one_of((uint8_t)number, (const uint8_t[]){2, 3, 4, 7, 0}) ||
                                 (number >= 30 && number <= 34));
                if (refused == allowed && !later)
                    fail_msg("role %d, moment %d, message %u", role, moment, number);
            }
}

static void nothing_comes_before_or_after(void **state)
{
    (void)state;
    for (unsigned number = 0; number < 256; number++)
        for (int role = SSH_SERVER; role <= SSH_CLIENT; role++) {
            assert_int_equal(message_judge((enum ssh_role)role, AWAIT_VERSION, (uint8_t)number),
                             MESSAGE_REFUSED);
            assert_int_equal(message_judge((enum ssh_role)role, OVER, (uint8_t)number),
                             MESSAGE_REFUSED);
        }
}

/* ---- With the real engine ---- */

static struct side *receiver_of(struct pair *p, enum ssh_role role)
{
    return role == SSH_SERVER ? &p->server : &p->client;
}

static void drop_all(struct pair *p)
{
    side_drop_output(&p->client);
    side_drop_output(&p->server);
}

/* Keys are exchanged anew, as far as the receiver's moment says; the sender still has its old keys.
 */
static void begin_rekey(struct pair *p, struct side *receiver, enum moment moment)
{
    struct side *sender = receiver->other;
    bool server = receiver == &p->server;
    ssh_rekey(sender->ssh);
    ssh_run(sender->ssh, p->now_ns);
    pair_move(sender, SIZE_MAX);
    if (moment == BEFORE_NEW_NEWKEYS && server) {
        pair_move(receiver, SIZE_MAX); /* KEXINIT; the sender answers with its public value */
        pair_move(sender, SIZE_MAX);
        pair_do_jobs(receiver);
    } else if (moment == BEFORE_NEW_NEWKEYS) {
        pair_move(receiver, SIZE_MAX); /* KEXINIT and the public value */
        pair_do_jobs(sender);
        /* The reply without the NEWKEYS behind it. */
        while (receiver->ssh->transport->kex->awaits != AWAIT_NEWKEYS) {
            assert_true(pair_move(sender, 1) != 0);
            pair_do_jobs(receiver);
        }
    }
    drop_all(p);
}

/* Seals with the keys that the receiver opens with: those of the sender may be newer. */
static void inject(struct pair *p, struct side *receiver, enum moment moment, struct slice payload)
{
    struct buf packet;
    drop_all(p);
    if (moment > BEFORE_NEWKEYS && !(moment == BEFORE_NEW_NEWKEYS && receiver == &p->client)) {
        side_inject(receiver->other, payload);
        return;
    }
    if (moment == BEFORE_NEW_NEWKEYS)
        return; /* the sender's old keys are gone: seen from the other side */
    buf_init(&packet, 4096);
    put_clear_packet(&packet, payload);
    side_feed(receiver, buf_slice(&packet));
    buf_clear(&packet);
}

static void go_to(struct pair *p, void **state, struct side *receiver, enum moment moment)
{
    pair_init(p, state);
    pair_use_key(p, state, "ed25519");
    p->client_options.settings.fixed.kex = "curve25519-sha256";
    pair_start(p);
    if (moment <= BEFORE_NEWKEYS) {
        /* The client waits for the server's part and the other way round. */
        if (moment != BEFORE_KEXINIT)
            pair_run_until(receiver, AWAIT_KEX); /* the sender knows the offer */
        if (moment == BEFORE_NEWKEYS && receiver == &p->client)
            pair_run_until(receiver->other, AWAIT_KEX); /* so that ours has left */
        if (moment == BEFORE_NEWKEYS && receiver == &p->client)
            pair_run_until(receiver, AWAIT_NEWKEYS);
        pair_run_until(receiver->other, state_of[moment]);
        return;
    }
    pair_exchange_keys(p);
    if (moment == IN_AUTH) {
        ssh_client_login_none(p->client.ssh, "joe"); /* and is refused */
        pair_run(p);
    } else if (moment > IN_AUTH) {
        pair_log_in(p);
    }
    if (moment > LOGGED_IN)
        begin_rekey(p, receiver, moment);
}

static void assert_in_moment(const struct side *receiver, enum moment moment)
{
    const struct transport *t = receiver->ssh->transport;
    if (moment <= LOGGED_IN) {
        assert_int_equal(receiver->ssh->state, state_of[moment]);
        return;
    }
    assert_int_equal(receiver->ssh->state, READY);
    assert_int_equal(t->kex->awaits, moment == BEFORE_NEW_NEWKEYS ? AWAIT_NEWKEYS : AWAIT_KEX);
}

/* Allowed, and good whatever is in it. */
static bool means_nothing(enum moment moment, uint8_t number)
{
    if (is_one_of(number, (const uint8_t[]){2, 3, 4, 8, 19, 128, 191, 194, 255, 0}))
        return true;
    return moment == LOGGED_IN &&
           is_one_of(number, (const uint8_t[]){55, 79, 83, 101, 127, 193, 0});
}

static void every_message_in_every_state(void **state)
{
    for (int role = SSH_SERVER; role <= SSH_CLIENT; role++)
        for (int moment = 0; moment < MOMENTS; moment++) {
            if (role == SSH_CLIENT && moment == BEFORE_NEW_NEWKEYS)
                continue; /* a side that could send in that moment has no old keys any longer */
            for (unsigned number = 0; number < 256; number++) {
                struct pair p;
                struct side *receiver = receiver_of(&p, (enum ssh_role)role);
                uint8_t bytes[24] = {(uint8_t)number};
                struct slice payload = {bytes, sizeof bytes};
                go_to(&p, state, receiver, (enum moment)moment);
                assert_alive(receiver);
                assert_in_moment(receiver, (enum moment)moment);
                uint32_t events = receiver->service_events;
                inject(&p, receiver, (enum moment)moment, payload);
                bool allowed =
                    is_allowed((enum ssh_role)role, (enum moment)moment, (uint8_t)number);
                if (!allowed && !ssh_is_over(receiver->ssh))
                    fail_msg("role %d, moment %d, message %u passes", role, moment, number);
                if (allowed && means_nothing((enum moment)moment, (uint8_t)number) &&
                    ssh_is_over(receiver->ssh))
                    fail_msg("role %d, moment %d, message %u ends it", role, moment, number);
                if (!allowed && (receiver->end != SSH_END_PROTOCOL || receiver->overs != 1))
                    fail_msg("role %d, moment %d, message %u ends with %d", role, moment, number,
                             (int)receiver->end);
                if (receiver->service_events != events)
                    fail_msg("role %d, moment %d, message %u has an effect", role, moment, number);
                pair_free(&p);
            }
        }
}

/* ---- Numbers that no one knows ---- */

static void unknown_messages_are_answered_and_counted(void **state)
{
    struct pair p;
    pair_init(&p, state);
    pair_start(&p);
    pair_exchange_keys(&p);
    const uint8_t bytes[] = {201, 1, 2};
    struct slice payload = {bytes, sizeof bytes};
    uint32_t sequence = p.server.ssh->transport->in.sequence;
    side_inject(&p.client, payload);
    assert_alive(&p.server);
    assert_int_equal(p.server.ssh->transport->message.size, 5);
    const uint8_t *answer = buf_head(&p.server.ssh->transport->message);
    assert_int_equal(answer[0], SSH_MSG_UNIMPLEMENTED);
    assert_int_equal(wire_get_u32(answer + 1), sequence);
    for (unsigned i = 1; i < UNIMPLEMENTED_MAX; i++)
        side_inject(&p.client, payload);
    assert_alive(&p.server);
    side_inject(&p.client, payload);
    assert_true(ssh_is_over(p.server.ssh));
    pair_free(&p);
}

static void a_message_without_a_number_ends_it(void **state)
{
    struct pair p;
    pair_init(&p, state);
    pair_start(&p);
    pair_exchange_keys(&p);
    struct slice nothing = {NULL, 0};
    side_inject(&p.client, nothing);
    assert_true(ssh_is_over(p.server.ssh));
    assert_int_equal(p.server.end, SSH_END_PROTOCOL);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_as_the_list_says),
        cmocka_unit_test(nothing_comes_before_or_after),
        cmocka_unit_test(every_message_in_every_state),
        cmocka_unit_test(unknown_messages_are_answered_and_counted),
        cmocka_unit_test(a_message_without_a_number_ends_it),
    };
    return cmocka_run_group_tests_name("ssh messages", tests, pair_group_setup,
                                       pair_group_teardown);
}
