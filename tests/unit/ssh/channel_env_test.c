/* Environment variables: what is kept of them, and how much. */
#include "ssh/channel_env.h"

#include "connection_fixture.h"
#include "ssh/channel.h"
#include "ssh/connection.h"

static void begin(struct conn_fixture *f, bool keeps)
{
    conn_begin(f);
    f->b.options.keeps_env = keeps;
    bare_start(&f->b, READY);
    conn_open(f, "session", 5, 1000, 1000);
    assert_int_equal(conn_expect_confirmation(f, 5), 0);
}

static void set(struct conn_fixture *f, const void *name, size_t name_size, const void *value,
                size_t value_size, bool ok)
{
    struct buf room, *m = conn_request(&room, 0, "env", true);
    put_string(m, name, name_size);
    put_string(m, value, value_size);
    conn_feed(f, m);
    conn_expect_reply(f, ok ? SSH_MSG_CHANNEL_SUCCESS : SSH_MSG_CHANNEL_FAILURE, 5);
}

static void set_text(struct conn_fixture *f, const char *name, const char *value, bool ok)
{
    set(f, name, strlen(name), value, strlen(value), ok);
}

static const struct ssh_channel *channel_of_test(const struct conn_fixture *f)
{
    return f->b.ssh->connection->channels[0];
}

static void variables_are_kept_in_order(void **state)
{
    (void)state;
    struct conn_fixture f;
    begin(&f, true);
    set_text(&f, "LANG", "C", true);
    set_text(&f, "EMPTY", "", true);
    set_text(&f, "LANG", "a=b", true);
    uint32_t count;
    struct cursor c = cursor_of_slice(ssh_channel_env(channel_of_test(&f), &count));
    static const char *const texts[] = {"LANG", "C", "EMPTY", "", "LANG", "a=b"};
    assert_int_equal(count, 3);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_true(slice_is(get_string(&c), texts[i]));
    assert_true(cursor_done(&c));
    conn_finish(&f);
}

static void what_is_not_wanted_or_malformed_is_refused(void **state)
{
    (void)state;
    struct conn_fixture f;
    begin(&f, false);
    set_text(&f, "LANG", "C", false);
    conn_finish(&f);
    begin(&f, true);
    set_text(&f, "", "C", false);
    set_text(&f, "A=B", "C", false);
    set(&f, "A\0B", 3, "C", 1, false);
    set(&f, "A", 1, "C\0D", 3, false);
    uint32_t count;
    assert_int_equal(ssh_channel_env(channel_of_test(&f), &count).size, 0);
    assert_int_equal(count, 0);
    struct buf room, *m = conn_request(&room, 0, "env", true);
    put_text(m, "A");
    conn_feed(&f, m);
    conn_expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR);
    conn_finish(&f);
}

static void number_and_size_are_bounded(void **state)
{
    (void)state;
    struct conn_fixture f;
    begin(&f, true);
    for (uint32_t i = 0; i < CHANNEL_ENV_COUNT_MAX; i++)
        set_text(&f, "N", "v", true);
    set_text(&f, "N", "v", false);
    conn_finish(&f);
    begin(&f, true);
    static const uint8_t large[CHANNEL_ENV_BYTES_MAX] = {0};
    char value[CHANNEL_ENV_BYTES_MAX];
    memset(value, 'v', sizeof value);
    set(&f, "A", 1, value, sizeof value - 9, true);
    set_text(&f, "B", "", false);
    set(&f, "C", 1, large, 0, false);
    conn_finish(&f);
    begin(&f, true);
    set(&f, "A", 1, value, sizeof value - 8, false);
    set_text(&f, "B", "b", true); /* a smaller one still finds room */
    conn_finish(&f);
}

/* The fixture checks at its end that everything was given back. */
static void memory_is_charged(void **state)
{
    (void)state;
    struct conn_fixture f;
    begin(&f, true);
    size_t before = f.o.charged;
    set_text(&f, "A", "a", true);
    set_text(&f, "B", "b", true);
    assert_int_equal(f.o.charged, before + CHANNEL_ENV_BYTES_MAX);
    conn_close(&f, 0);
    assert_int_equal(f.o.charged, 0);
    conn_finish(&f);
    begin(&f, true);
    f.o.charge_limit = f.o.charged + CHANNEL_ENV_BYTES_MAX - 1;
    set_text(&f, "A", "a", false);
    conn_finish(&f);
}

static void none_is_set_once_something_runs(void **state)
{
    (void)state;
    struct conn_fixture f;
    begin(&f, true);
    struct buf room, *m = conn_request(&room, 0, "exec", true);
    put_text(m, "run");
    conn_feed(&f, m);
    conn_expect_reply(&f, SSH_MSG_CHANNEL_SUCCESS, 5);
    set_text(&f, "A", "a", false);
    conn_finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_kept_in_order),
        cmocka_unit_test(what_is_not_wanted_or_malformed_is_refused),
        cmocka_unit_test(number_and_size_are_bounded),
        cmocka_unit_test(memory_is_charged),
        cmocka_unit_test(none_is_set_once_something_runs),
    };
    return cmocka_run_group_tests_name("ssh/channel_env", tests, NULL, NULL);
}
