/* Two users of one server: joe uses up his share of the memory and of the open files, or all that
 * there is; ann goes on. */
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"

#include "server/fixture.h"

#define MIB ((uint64_t)1 << 20)

static sally_server *two_users(const char *const settings[][2], size_t count)
{
    sally_fs *memory;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_fs_memory(&memory, 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_user(s, "ann", "secret", memory), SALLY_E_OK);
    sally_fs_unref(memory);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sally_server_set(s, settings[i][0], settings[i][1]), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    return s;
}

/* A file, written, read back and closed. */
static void work(struct client *c)
{
    static uint8_t data[255 * 1024];
    struct buf handle, reply, read;
    uint32_t id;
    assert_true(client_open_file(c, "/work", WRITE_CREATE | READ, &handle));
    memset(data, 'x', sizeof data);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(client_write(c, &handle, i * sizeof data, data, sizeof data), 0);
    buf_init(&read, 1024);
    buf_init(&reply, 512 * 1024);
    put_slice(&read, buf_slice(&handle));
    put_u64(&read, 0);
    put_u32(&read, sizeof data);
    client_send(c, 5, &read);
    assert_int_equal(client_reply(c, &id, &reply, 10000), 103);
    assert_int_equal(reply.size, sizeof data + 4);
    assert_int_equal(client_close_file(c, &handle), 0);
    buf_clear(&read);
    buf_clear(&reply);
    buf_clear(&handle);
}

/* Opens channels on connections of joe's until he gets no more; the client itself has ten on each.
 */
static uint32_t take_all(struct client *joe, uint32_t count, sally_server *s)
{
    uint32_t channels = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert_true(client_connect(&joe[i], s, NULL));
        assert_true(client_login(&joe[i], "joe", "secret"));
        while (client_sftp(&joe[i]))
            channels++;
        assert_false(joe[i].over); /* he keeps what he has */
    }
    return channels;
}

static void expect_nothing_left(sally_server *s)
{
    await_connections(s, 0);
    for (int i = 0; i < 1000 && counters_of(s).memory_now; i++)
        nap(5);
    assert_int_equal(counters_of(s).memory_now, 0);
    assert_int_equal(counters_of(s).files_now, 0);
    finish(s);
}

static void a_users_share_is_his_own(void **state)
{
    (void)state;
    static const char *const settings[][2] = {
        {"limits.channels", "1000"}, {"limits.memory", "16M"}, {"limits.memory_per_user", "2M"}};
    sally_server *s = two_users(settings, 3);
    struct client joe[3], ann;
    uint32_t channels = take_all(joe, 3, s);
    assert_in_range(channels, 8, 32);
    assert_true(counters_of(s).memory_now <= 2 * MIB + 128 * 1024);
    client_open(&ann, s, "ann", "secret");
    struct ssh_channel *first = ann.channel;
    assert_true(client_sftp(&ann));
    work(&ann);
    ann.channel = first;
    work(&ann);
    /* Joe cannot have more channels, but those that he has work. */
    assert_false(client_sftp(&joe[2]));
    client_end(&joe[0]);
    client_end(&joe[2]);
    client_open(&joe[0], s, "joe", "secret");
    work(&joe[0]);
    client_end(&joe[0]);
    client_end(&joe[1]);
    client_end(&ann);
    expect_nothing_left(s);
}

/* Joe alone may have everything here. */
static void each_user_keeps_a_minimum(void **state)
{
    (void)state;
    static const char *const settings[][2] = {
        {"limits.channels", "1000"}, {"limits.memory", "4M"}, {"limits.memory_per_user", "4M"}};
    sally_server *s = two_users(settings, 3);
    struct client joe[6], ann, late;
    uint32_t channels = take_all(joe, 6, s);
    assert_in_range(channels, 16, 64);
    assert_true(counters_of(s).memory_now >= 3 * MIB);
    client_open(&ann, s, "ann", "secret");
    work(&ann);
    client_open(&late, s, "ann", "secret");
    work(&late);
    work(&ann);
    assert_true(counters_of(s).memory_now <= 12 * MIB);
    for (size_t i = 0; i < 6; i++)
        client_end(&joe[i]);
    client_end(&ann);
    client_end(&late);
    expect_nothing_left(s);
}

/* Nothing is free, and nothing will be: a session that has nothing under way gets on all the same.
 */
static void the_exhausted_user_himself_gets_on(void **state)
{
    (void)state;
    static const char *const settings[][2] = {{"limits.channels", "1000"},
                                              {"limits.memory_per_user", "2M"}};
    sally_server *s = two_users(settings, 2);
    struct client joe, others[3];
    client_open(&joe, s, "joe", "secret");
    struct ssh_channel *first = joe.channel;
    struct buf handle;
    assert_true(client_open_file(&joe, "/work", WRITE_CREATE, &handle));
    assert_int_equal(client_write(&joe, &handle, 0, "hello", 5), 0);
    (void)take_all(others, 3, s);
    assert_true(counters_of(s).memory_now >= 2 * MIB - 128 * 1024);
    joe.channel = first;
    static uint8_t data[255 * 1024];
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(client_write(&joe, &handle, i * sizeof data, data, sizeof data), 0);
    assert_int_equal(client_close_file(&joe, &handle), 0);
    assert_int_equal(client_stat(&joe, "/work"), 0);
    assert_true(counters_of(s).memory_now <= 6 * MIB);
    buf_clear(&handle);
    client_end(&joe);
    for (size_t i = 0; i < 3; i++)
        client_end(&others[i]);
    expect_nothing_left(s);
}

/* ---- Open files ---- */

static uint32_t open_all(struct client *c, uint32_t count)
{
    uint32_t opened = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct buf handle;
        char path[32];
        snprintf(path, sizeof path, "/f%u", (unsigned)i);
        opened += client_open_file(c, path, WRITE_CREATE, &handle);
        buf_clear(&handle);
    }
    return opened;
}

static void open_files_are_shared_out(void **state)
{
    (void)state;
    static const char *const settings[][2] = {{"limits.open_files_total", "16"},
                                              {"limits.open_files", "5"}};
    sally_server *s = two_users(settings, 2);
    struct client joe[3], ann;
    uint32_t opened = 0;
    for (size_t i = 0; i < 3; i++) {
        client_open(&joe[i], s, "joe", "secret");
        opened += open_all(&joe[i], 6);
    }
    assert_int_equal(opened, 8); /* five by the first session; half of all by the user */
    assert_int_equal(counters_of(s).files_now, 8);
    client_open(&ann, s, "ann", "secret");
    assert_int_equal(open_all(&ann, 6), 5);
    client_end(&joe[0]);
    for (int i = 0; i < 1000 && counters_of(s).files_now > 8; i++)
        nap(5);
    assert_int_equal(open_all(&joe[2], 6), 5); /* what the first one had is free again */
    for (size_t i = 1; i < 3; i++)
        client_end(&joe[i]);
    client_end(&ann);
    expect_nothing_left(s);
}

static void the_refusal_names_the_setting(void **state)
{
    (void)state;
    static const char *const settings[][2] = {{"limits.open_files_per_user", "1"}};
    sally_server *s = two_users(settings, 1);
    struct client joe;
    client_open(&joe, s, "joe", "secret");
    assert_int_equal(open_all(&joe, 1), 1);
    struct buf body, reply;
    buf_init(&body, 1024);
    buf_init(&reply, 1024);
    put_text(&body, "/");
    assert_int_equal(client_ask(&joe, 11, &body, &reply), 4); /* OPENDIR: SSH_FX_FAILURE */
    struct cursor c = cursor_of_slice(buf_slice(&reply));
    get_u32(&c);
    assert_true(slice_is(get_string(&c), "Too many open files (limits.open_files_per_user)"));
    buf_clear(&body);
    buf_clear(&reply);
    client_end(&joe);
    expect_nothing_left(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_users_share_is_his_own),
        cmocka_unit_test(each_user_keeps_a_minimum),
        cmocka_unit_test(the_exhausted_user_himself_gets_on),
        cmocka_unit_test(open_files_are_shared_out),
        cmocka_unit_test(the_refusal_names_the_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
