/* The SCP engine over a storage in memory. The first byte chooses how the rest is cut and answered;
 * then come the command, up to a NUL, and what the client says. Every exchange must end, with all
 * its input credited and no file left open. */
#include <stdlib.h>
#include <string.h>

#include "../unit/sftp/store.c" /* NOLINT(bugprone-suspicious-include) */
#include "base/mem.h"
#include "scp/scp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define IN_PIECES  0x01u
#define LATE       0x02u
#define CONCURRENT 0x04u
#define HOLD       0x08u
#define ENDS_EARLY 0x10u

struct owner {
    struct session_host host; /* first */
    struct store store;
    struct scp *engine;
    struct list inbox, held;
    size_t said, credit, heard;
    bool hold, finished, gone;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void wake(struct session_host *host, struct op *op)
{
    struct owner *o = CONTAINER_OF(host, struct owner, host);
    list_append(&o->inbox, &op->link);
}

static uint64_t now_ns(struct session_host *host)
{
    (void)host;
    return 1;
}

static void on_send(void *user_data, struct chunk *chunk)
{
    struct owner *o = user_data;
    require(chunk->size > 0 && !o->finished);
    o->heard += chunk->size;
    if (o->hold)
        list_append(&o->held, &chunk->link);
    else
        chunk->release(chunk);
}

static void on_credit(void *user_data, size_t size)
{
    struct owner *o = user_data;
    o->credit += size;
    require(o->credit <= o->said);
}

static void on_finished(void *user_data, uint32_t status)
{
    struct owner *o = user_data;
    (void)status;
    require(!o->finished);
    o->finished = true;
}

static void on_closed(void *user_data)
{
    struct owner *o = user_data;
    o->gone = true;
}

static void pump(struct owner *o)
{
    struct list *item;
    do {
        if (o->engine)
            scp_flush(o->engine);
        if ((item = list_pop_first(&o->inbox)) != NULL) {
            session_deliver(CONTAINER_OF(item, struct op, link));
        } else if (o->store.late_count) {
            store_finish(&o->store, o->store.late_count / 2);
        } else if ((item = list_pop_first(&o->held)) != NULL) {
            struct chunk *chunk = CONTAINER_OF(item, struct chunk, link);
            chunk->release(chunk);
        }
    } while (item || o->store.late_count || !list_empty(&o->inbox));
}

static void start(struct owner *o, uint8_t how, struct slice command)
{
    static const struct scp_events events = {on_send, on_send, on_credit, on_finished, NULL, NULL};
    sally_session *session;
    memset(o, 0, sizeof *o);
    o->host.wake = wake;
    o->host.now_ns = now_ns;
    o->hold = how & HOLD;
    list_init(&o->inbox);
    list_init(&o->held);
    store_init(&o->store);
    o->store.many = 50;
    store_add(&o->store, "/d", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(&o->store, "/many", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(&o->store, "/d/hello", SALLY_TYPE_REGULAR, "Hello, world", 12);
    store_add(&o->store, "/d/e", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(&o->store, "/d/e/f", SALLY_TYPE_REGULAR, "x", 1);
    if (how & LATE)
        o->store.late_kinds = SALLY_OP_ALL;
    sally_fs *fs = store_fs(&o->store, how & CONCURRENT ? SALLY_FS_CONCURRENT : 0, 0);
    const struct session_options options = {.user = "joe",
                                            .home = "/d",
                                            .fs = fs,
                                            .permissions = SALLY_MAY_ALL,
                                            .id = 1,
                                            .max_operations = 8,
                                            .max_files = 8,
                                            .max_bytes = 1u << 20};
    require(session_new(&session, &o->host, &options) == SALLY_E_OK);
    sally_fs_unref(fs);
    const struct scp_options scp = {.allowed = SCP_ALL_COMMANDS};
    require(scp_new(&o->engine, session, command, &scp, &events, o) == SALLY_E_OK);
}

static void say(struct owner *o, const uint8_t *data, size_t size, uint8_t how)
{
    while (size) {
        size_t part = how & IN_PIECES ? 1 + size % 37 : size;
        if (part > size)
            part = size;
        o->said += part;
        scp_input(o->engine, data, part);
        if (size % 3)
            pump(o);
        data += part;
        size -= part;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct owner o;
    if (size < 1 || size > 1 << 16)
        return 0;
    uint8_t how = data[0];
    const uint8_t *end = memchr(data + 1, 0, size - 1);
    struct slice command = {data + 1, end ? (size_t)(end - data - 1) : size - 1};
    start(&o, how, command);
    pump(&o);
    if (end)
        say(&o, end + 1, size - command.size - 2, how);
    if (!(how & ENDS_EARLY)) {
        scp_eof(o.engine);
        pump(&o);
        require(o.finished && o.credit == o.said);
    }
    struct scp *engine = o.engine;
    o.engine = NULL;
    scp_close(engine, SALLY_CLOSED_LOST, on_closed, &o);
    pump(&o);
    require(o.gone && o.store.open_files == 0);
    store_clear(&o.store);
    return 0;
}
