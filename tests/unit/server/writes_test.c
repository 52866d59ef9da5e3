/* WRITEs of one file at the same time, through a whole server: as many as limits.operations and the
 * workers of a connection allow. */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "cmocka_all.h"

#include "sallyport/file.h"
#include "server/fixture.h"

#define WRITES 40u
#define BYTES  1000u

struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned expected; /* so many meet before the first may go */
    unsigned here, most, done;
    bool late;
    sally_op *waiting[WRITES];
    unsigned char bytes[WRITES * BYTES]; /* what is written */
};

static void write_down(struct meeting *m, const sally_op *op)
{
    memcpy(m->bytes + op->u.io.offset, op->u.io.data, op->u.io.length);
    m->done++;
}

/* With the lock. Those that have met are answered, the last one first. */
static void let_go(struct meeting *m)
{
    sally_op *ready[WRITES];
    unsigned count = m->here;
    for (unsigned i = 0; i < count; i++) {
        ready[i] = m->waiting[i];
        write_down(m, ready[i]);
    }
    m->here = 0;
    pthread_mutex_unlock(&m->lock);
    while (count-- > 0)
        sally_op_finish(ready[count], SALLY_OK);
    pthread_mutex_lock(&m->lock);
}

static sally_status write_late(struct meeting *m, sally_op *op)
{
    m->waiting[m->here++] = op;
    m->most = m->here > m->most ? m->here : m->most;
    if (m->here == m->expected)
        let_go(m);
    return SALLY_PENDING;
}

static sally_status write_blocking(struct meeting *m, const sally_op *op)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    m->here++;
    m->most = m->here > m->most ? m->here : m->most;
    pthread_cond_broadcast(&m->changed);
    while (m->most < m->expected)
        if (pthread_cond_timedwait(&m->changed, &m->lock, &until) != 0)
            break;
    m->here--;
    write_down(m, op);
    return SALLY_OK;
}

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct meeting *m = sally_fs_data(fs);
    sally_status status = SALLY_OK;
    if (op->kind == SALLY_OP_OPEN)
        sally_file_set_identity(op->file, 1, 1);
    if (op->kind != SALLY_OP_WRITE)
        return SALLY_OK;
    pthread_mutex_lock(&m->lock);
    status = m->late ? write_late(m, op) : write_blocking(m, op);
    pthread_mutex_unlock(&m->lock);
    return status;
}

static void upload(struct meeting *m, uint32_t traits, const char *operations)
{
    const sally_fs_methods methods = {.struct_size = sizeof methods,
                                      .traits =
                                          SALLY_FS_CONCURRENT | SALLY_FS_CONCURRENT_WRITES | traits,
                                      .open = slot,
                                      .write = slot};
    static uint8_t data[WRITES * BYTES];
    struct client c;
    struct buf handle, body, reply;
    uint32_t id;
    sally_fs *fs;
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->changed, NULL);
    assert_int_equal(sally_fs_new(&fs, &methods, m), SALLY_E_OK);
    sally_server *s = new_server(fs);
    assert_int_equal(sally_server_set(s, "limits.operations", operations), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    client_open(&c, s, "joe", "secret");
    assert_true(client_open_file(&c, "/f", WRITE_CREATE, &handle));
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 % 251);
    for (uint32_t i = 0; i < WRITES; i++) {
        buf_init(&body, 2 * BYTES);
        put_slice(&body, buf_slice(&handle));
        put_u64(&body, (uint64_t)i * BYTES);
        put_string(&body, data + i * BYTES, BYTES);
        client_send(&c, 6, &body);
        buf_clear(&body);
    }
    buf_init(&reply, 1000);
    for (uint32_t i = 0; i < WRITES; i++) {
        assert_int_equal(client_reply(&c, &id, &reply, 20000), 101);
        buf_clear(&reply);
    }
    assert_int_equal(client_close_file(&c, &handle), 0);
    assert_int_equal(m->done, WRITES);
    assert_memory_equal(m->bytes, data, sizeof data);
    client_end(&c);
    finish(s);
    buf_clear(&handle);
    sally_fs_unref(fs);
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->lock);
}

/* Whatever is left over at the end meets no one: WRITES is a multiple. */
static void answered_late(void **state)
{
    static struct meeting m;
    (void)state;
    m = (struct meeting){.expected = 8, .late = true};
    upload(&m, SALLY_FS_NONBLOCKING, "8");
    assert_int_equal(m.most, 8);
}

static void by_threads(void **state)
{
    static struct meeting m;
    (void)state;
    m = (struct meeting){.expected = 16}; /* server.workers_per_connection */
    upload(&m, 0, "64");
    assert_int_equal(m.most, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answered_late),
        cmocka_unit_test(by_threads),
    };
    return cmocka_run_group_tests_name("server/writes", tests, NULL, NULL);
}
