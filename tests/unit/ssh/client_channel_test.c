/* The client opens channels and starts subsystems, as far as the server lets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pair_services.h"

struct opened {
    unsigned ok, failed, done_ok, done_failed;
};

static void note_opened(void *user_data, struct ssh_channel *channel, bool ok)
{
    (void)channel;
    struct opened *o = ((struct duo_side *)user_data)->duo->test;
    o->ok += ok;
    o->failed += !ok;
}

static void note_done(void *user_data, struct ssh_channel *channel, bool ok)
{
    (void)channel;
    struct opened *o = ((struct duo_side *)user_data)->duo->test;
    o->done_ok += ok;
    o->done_failed += !ok;
}

static enum ssh_answer only_sftp(void *user_data, struct ssh_channel *channel, struct slice name)
{
    (void)user_data, (void)channel;
    return slice_is(name, "sftp");
}

static void opens_channels_and_starts_subsystems(void **state)
{
    (void)state;
    struct duo d;
    struct opened o = {0};
    duo_prepare(&d);
    d.test = &o;
    d.client_options.max_channels = 20;
    d.client_events.channel_opened = note_opened;
    d.client_events.request_done = note_done;
    d.server_events.subsystem = only_sftp;
    duo_log_in(&d);
    struct ssh_channel *first = duo_open(&d, "sftp");
    assert_int_equal(o.ok, 1);
    assert_int_equal(o.done_ok, 1);
    ssh_client_subsystem(first, "sftp"); /* a second one */
    duo_run(&d);
    assert_int_equal(o.done_failed, 1);
    struct ssh_channel *second = duo_open(&d, "shell");
    assert_int_equal(o.done_failed, 2);
    ssh_client_subsystem(second, "sftp"); /* another way, after a failure */
    duo_run(&d);
    assert_int_equal(o.done_ok, 2);
    for (int i = 2; i < 12; i++)
        assert_non_null(ssh_client_open(d.client.ssh));
    duo_run(&d);
    assert_int_equal(o.ok, 10); /* the server's bound */
    assert_int_equal(o.failed, 2);
    assert_false(d.server.over || d.client.over);
    duo_stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_channels_and_starts_subsystems),
    };
    return cmocka_run_group_tests_name("ssh/client_channel", tests, NULL, NULL);
}
