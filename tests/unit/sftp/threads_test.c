/* Storage calls on threads of their own, for the thread sanitizer above all. */
#include "cmocka_all.h"

#include "../core/test_host.c" /* NOLINT(bugprone-suspicious-include) */
#include "base/mem.h"
#include "sftp/peer.h"
#include "sftp/script.h"

struct owner {
    struct test_host host;
    struct store store;
    struct sftp *engine;
    struct buf replies;
    bool finished, gone;
};

static void on_send(void *user_data, struct chunk *c)
{
    struct owner *o = user_data;
    put_bytes(&o->replies, c->data, c->size);
    c->release(c);
}

static void on_credit(void *user_data, size_t size)
{
    (void)user_data;
    (void)size;
}

static void on_broken(void *user_data, const char *detail)
{
    (void)user_data;
    fail_msg("%s", detail);
}

static void on_finished(void *user_data)
{
    struct owner *o = user_data;
    o->finished = true;
}

static void on_closed(void *user_data)
{
    struct owner *o = user_data;
    o->gone = true;
}

static void start(struct owner *o, uint32_t traits)
{
    memset(o, 0, sizeof *o);
    test_host_start(&o->host, TEST_WORKERS);
    store_init(&o->store);
    o->store.many = 2000;
    store_add(&o->store, "/many", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(&o->store, "/hello", SALLY_TYPE_REGULAR, "Hello, world", 12);
    buf_init(&o->replies, SIZE_MAX / 2);
    sally_fs *fs = store_fs(&o->store, traits, 0);
    sally_session *session;
    const struct session_options options = {.user = "joe",
                                            .home = "/home/joe",
                                            .fs = fs,
                                            .permissions = SALLY_MAY_ALL,
                                            .max_operations = 20,
                                            .max_files = 10,
                                            .max_bytes = 1000000};
    assert_int_equal(session_new(&session, &o->host.host, &options), SALLY_E_OK);
    sally_fs_unref(fs);
    const struct sftp_options sftp = {.settings.max_version = 3,
                                      .settings.max_packet = 257 * 1024,
                                      .settings.max_read = 100000,
                                      .settings.max_write = 100000,
                                      .settings.max_names = 4096};
    const struct sftp_events events = {
        .send = on_send, .credit = on_credit, .broken = on_broken, .finished = on_finished};
    assert_int_equal(sftp_new(&o->engine, session, &sftp, &events, o), SALLY_E_OK);
    static const uint8_t init[] = {0, 0, 0, 5, SSH_FXP_INIT, 0, 0, 0, 3};
    sftp_input(o->engine, init, sizeof init);
}

static void end(struct owner *o)
{
    sftp_close(o->engine, SALLY_CLOSED_LOST, on_closed, o);
    test_host_pump_until(&o->host, &o->gone);
    test_host_stop(&o->host);
    assert_int_equal(o->store.open_files, 0);
    store_clear(&o->store);
    buf_clear(&o->replies);
}

static const uint8_t readdir_request[] = {
    0, 0, 0, 17, SSH_FXP_READDIR, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1};

static void open_many(struct owner *o)
{
    static const uint8_t opendir[] = {
        0, 0, 0, 14, SSH_FXP_OPENDIR, 0, 0, 0, 1, 0, 0, 0, 5, '/', 'm', 'a', 'n', 'y'};
    sftp_input(o->engine, opendir, sizeof opendir);
    while (o->replies.size == 0 ||
           memchr(buf_head(&o->replies), SSH_FXP_HANDLE, o->replies.size) == NULL) {
        test_host_pump(&o->host);
        sftp_flush(o->engine);
    }
}

static void list_many(struct owner *o)
{
    open_many(o);
    for (int i = 0; i < 60; i++)
        sftp_input(o->engine, readdir_request, sizeof readdir_request);
}

static void pump_to_the_end(struct owner *o)
{
    sftp_eof(o->engine);
    while (!o->finished) {
        test_host_pump(&o->host);
        sftp_flush(o->engine);
    }
}

static void workers_do_the_work(void **state)
{
    (void)state;
    struct script s;
    script_make(&s, 3);
    struct owner o;
    start(&o, 0);
    sftp_input(o.engine, buf_head(&s.bytes), s.bytes.size);
    pump_to_the_end(&o);
    struct cursor c = cursor_of_slice(buf_slice(&o.replies));
    size_t count = 0;
    for (; cursor_left(&c); count++)
        get_string(&c);
    assert_int_equal(count, s.count + 1);
    end(&o);
    start(&o, 0);
    list_many(&o);
    pump_to_the_end(&o);
    end(&o);
    script_clear(&s);
}

static void the_end_may_come_while_they_work(void **state)
{
    (void)state;
    struct script s;
    script_make(&s, 3);
    for (int i = 0; i < 60; i++) {
        struct owner o;
        start(&o, 0);
        if (i % 2)
            list_many(&o);
        else
            sftp_input(o.engine, buf_head(&s.bytes), s.bytes.size);
        for (int k = 0; k < i; k++) {
            test_host_pump(&o.host);
            sftp_flush(o.engine);
        }
        end(&o);
    }
    script_clear(&s);
}

/* Each reply is waited for, while a worker makes the next one; the end may come at any time. */
static void one_after_the_other_is_read_ahead(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) {
        struct owner o;
        start(&o, SALLY_FS_CONCURRENT);
        open_many(&o);
        for (int k = 0; k < i; k++) {
            size_t before = o.replies.size;
            sftp_input(o.engine, readdir_request, sizeof readdir_request);
            sftp_flush(o.engine);
            while (o.replies.size == before) {
                test_host_pump(&o.host);
                sftp_flush(o.engine);
            }
        }
        end(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_do_the_work),
        cmocka_unit_test(the_end_may_come_while_they_work),
        cmocka_unit_test(one_after_the_other_is_read_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
