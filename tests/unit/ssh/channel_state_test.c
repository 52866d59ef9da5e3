/* Every way through the states of a channel's output. */
#include "cmocka_all.h"

#include "ssh/channel_state.h"

#define STEPS 6

struct walk {
    enum channel_output state;
    unsigned eofs, closes;
    bool sends_eof, finished; /* whether the owner has asked for it */
};

static void check(const struct walk *w)
{
    assert_true(w->state < OUTPUT_STATES);
    assert_true(w->eofs <= 1 && w->closes <= 1);
    assert_int_equal(w->closes, w->state == OUTPUT_CLOSED);
    if (w->state == OUTPUT_EOF_SENT)
        assert_int_equal(w->eofs, 1);
    if (w->closes && w->sends_eof)
        assert_int_equal(w->eofs, 1); /* and never behind CLOSE, which is the last */
}

/* All sequences of up to STEPS acts. */
static void go(struct walk w, unsigned depth)
{
    check(&w);
    if (depth == STEPS)
        return;
    for (int act = 0; act < CHANNEL_ACTS; act++) {
        struct walk next = w;
        next.state = channel_output_after(w.state, (enum channel_act)act);
        if (act == CHANNEL_SENT) {
            next.eofs += channel_output_owes_eof(w.state);
            next.closes += channel_output_owes_close(w.state);
        } else if (!w.finished) {
            next.sends_eof |= act == CHANNEL_SEND_EOF || act == CHANNEL_FINISH;
            next.finished = act != CHANNEL_SEND_EOF;
        }
        assert_true(next.state >= w.state); /* nothing is taken back */
        go(next, depth + 1);
    }
}

static void eof_and_close_leave_once_and_in_order(void **state)
{
    (void)state;
    go((struct walk){.state = OUTPUT_OPEN}, 0);
}

static enum channel_output after_all(const enum channel_act *acts, size_t count)
{
    enum channel_output state = OUTPUT_OPEN;
    for (size_t i = 0; i < count; i++)
        state = channel_output_after(state, acts[i]);
    return state;
}

#define AFTER(...)                                                                                 \
    after_all((const enum channel_act[]){__VA_ARGS__},                                             \
              sizeof((const enum channel_act[]){__VA_ARGS__}) / sizeof(enum channel_act))

static void what_is_due(void **state)
{
    (void)state;
    assert_int_equal(AFTER(CHANNEL_SEND_EOF), OUTPUT_EOF_DUE);
    assert_int_equal(AFTER(CHANNEL_FINISH), OUTPUT_EOF_CLOSE_DUE);
    assert_int_equal(AFTER(CHANNEL_ABANDON), OUTPUT_CLOSE_DUE); /* no data, and no end of it */
    assert_int_equal(AFTER(CHANNEL_SEND_EOF, CHANNEL_SENT), OUTPUT_EOF_SENT);
    assert_int_equal(AFTER(CHANNEL_SEND_EOF, CHANNEL_ABANDON), OUTPUT_EOF_CLOSE_DUE);
    assert_int_equal(AFTER(CHANNEL_SEND_EOF, CHANNEL_SENT, CHANNEL_FINISH), OUTPUT_CLOSE_DUE);
    assert_int_equal(AFTER(CHANNEL_FINISH, CHANNEL_SENT, CHANNEL_SEND_EOF), OUTPUT_CLOSED);
    for (int s = 0; s < OUTPUT_STATES; s++) {
        bool due = s == OUTPUT_EOF_DUE || s == OUTPUT_EOF_CLOSE_DUE || s == OUTPUT_CLOSE_DUE;
        enum channel_output output = (enum channel_output)s;
        assert_int_equal(channel_output_owes_eof(output) || channel_output_owes_close(output), due);
        assert_int_equal(channel_output_after(output, CHANNEL_SENT) != output, due);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eof_and_close_leave_once_and_in_order),
        cmocka_unit_test(what_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
