/* The stand-alone SFTP engine over a storage in memory. The first byte chooses the version and how
 * the rest, a client's stream after INIT, is cut and answered; every complete request must have had
 * exactly one reply. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/sftp/store.c" /* NOLINT(bugprone-suspicious-include) */
#include "sallyport/sftp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VERSION_BITS 0x03u /* 3 to 6 */
#define IN_PIECES    0x04u
#define LATE         0x08u
#define CONCURRENT   0x10u
#define FEW          0x20u /* of everything */
#define ENDS_EARLY   0x40u

static void require(bool condition)
{
    if (!condition)
        abort();
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* How many whole packets a stream has, if it is sound that far. */
static uint64_t count_packets(const uint8_t *data, size_t size)
{
    uint64_t count = 0;
    while (size >= 4 && u32(data) <= size - 4) {
        size_t whole = (size_t)u32(data) + 4;
        data += whole;
        size -= whole;
        count++;
    }
    return count;
}

struct replies {
    uint8_t head[4];
    size_t have;   /* of head */
    uint32_t left; /* of the packet */
    uint64_t count;
};

static void take_replies(struct replies *r, sally_sftp *sftp)
{
    const void *out;
    size_t size;
    while ((size = sally_sftp_output(sftp, &out))) {
        for (const uint8_t *p = out, *end = p + size; p < end;) {
            if (r->left) {
                size_t part = (size_t)(end - p) < r->left ? (size_t)(end - p) : r->left;
                r->left -= (uint32_t)part;
                p += part;
            } else {
                r->head[r->have++] = *p++;
                if (r->have < 4)
                    continue;
                r->have = 0;
                r->left = u32(r->head);
                require(r->left >= 5 && r->left <= 256 * 1024);
                r->count++;
            }
        }
        sally_sftp_sent(sftp, size);
    }
}

/* There is more to do, in another call. */
static void note_wake(void *user_data)
{
    *(bool *)user_data = true;
}

static sally_sftp *start(struct store *store, uint8_t how, bool *is_woken)
{
    store_init(store);
    store->many = 300;
    store_add(store, "/home/joe", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(store, "/many", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(store, "/hello", SALLY_TYPE_REGULAR, "Hello, world", 12);
    const sally_sftp_options options = {
        .struct_size = sizeof options,
        .user = "joe",
        .home = "/home/joe",
        .max_version = 3 + (how & VERSION_BITS),
        .max_operations = how & FEW ? 2 : 0,
        .max_handles = how & FEW ? 2 : 0,
        .max_read = how & FEW ? 100 : 0,
        .on_wake = note_wake,
        .user_data = is_woken,
    };
    sally_fs *fs = store_fs(store, how & CONCURRENT ? SALLY_FS_CONCURRENT : 0, 0);
    sally_sftp *sftp = NULL;
    require(fs && sally_sftp_new(&sftp, fs, &options) == SALLY_E_OK);
    sally_fs_unref(fs);
    return sftp;
}

/* False: the client broke the protocol. */
static bool feed(sally_sftp *sftp, struct store *store, struct replies *r, const uint8_t *data,
                 size_t size, uint8_t how)
{
    while (size) {
        size_t part = how & IN_PIECES ? 1 + size % 37 : size, taken;
        if (part > size)
            part = size;
        if (sally_sftp_input(sftp, data, part, &taken) != SALLY_E_OK)
            return false;
        take_replies(r, sftp);
        data += taken;
        size -= taken;
        if (store->late_count && (taken == 0 || size % 3))
            store_finish(store, (uint32_t)size % store->late_count);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 1 << 20)
        return 0;
    uint8_t how = data[0];
    const uint8_t init[] = {0, 0, 0, 5, 1, 0, 0, 0, 6};
    static struct store store;
    struct replies r = {.count = 0};
    bool is_woken = false;
    sally_sftp *sftp = start(&store, how, &is_woken);
    bool sound = feed(sftp, &store, &r, init, sizeof init, 0);
    require(sound && r.count == 1);
    if (how & LATE)
        store.late_kinds = SALLY_OP_ALL;
    sound = feed(sftp, &store, &r, data + 1, size - 1, how);
    if (!(how & ENDS_EARLY)) {
        size_t taken;
        sally_sftp_eof(sftp);
        for (;;) {
            is_woken = false;
            bool broken = sally_sftp_input(sftp, NULL, 0, &taken) != SALLY_E_OK;
            take_replies(&r, sftp);
            sound = sound && !broken;
            if (store.late_count)
                store_finish(&store, 0);
            else if (!is_woken)
                break;
        }
        require(sally_sftp_done(sftp));
        if (sound)
            require(r.count == 1 + count_packets(data + 1, size - 1));
    }
    sally_sftp_free(sftp);
    while (store.late_count)
        store_finish(&store, 0);
    require(store.open_files == 0);
    store_clear(&store);
    return 0;
}
