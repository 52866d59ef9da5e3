/* The standalone engine with the journal of sallyport-sftp-server: a client's stream after INIT.
 * Whatever names it sends, a line of the journal is one line without anything that could deceive
 * who looks at it. */
#include <stdlib.h>
#include <string.h>

#include "../unit/sftp/store.c" /* NOLINT(bugprone-suspicious-include) */
#include "base/clean.h"
#include "base/utf8.h"
#include "common/write_all.h"
#include "sallyport/sftp.h"
#include "sftp-server/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
bool __wrap_write_all(int fd, const char *data, size_t size, int patience_ms);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* In the place of the function that writes to standard error. */
bool __wrap_write_all(int fd, const char *data, size_t size, int patience_ms)
{
    (void)fd, (void)patience_ms;
    require(size >= 2 && memcmp(data + size - 2, "\r\n", 2) == 0);
    for (size_t at = 0, step; at < size - 2; at += step) {
        uint32_t code;
        step = utf8_at((const uint8_t *)data + at, size - 2 - at, &code);
        require(step != 0 && !clean_is_unsafe(code));
    }
    return true;
}

static void take(sally_sftp *sftp)
{
    const void *out;
    size_t size;
    while ((size = sally_sftp_output(sftp, &out)))
        sally_sftp_sent(sftp, size);
}

static void feed(sally_sftp *sftp, const uint8_t *data, size_t size)
{
    size_t taken = 1;
    while (size && taken) {
        if (sally_sftp_input(sftp, data, size, &taken) != SALLY_E_OK)
            return;
        take(sftp);
        data += taken;
        size -= taken;
    }
}

static void no_wake(void *user_data)
{
    (void)user_data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct store store;
    uint8_t init[] = {0, 0, 0, 5, 1, 0, 0, 0, 3};
    if (size < 1)
        return 0;
    init[8] = 3 + data[0] % 4;
    store_init(&store);
    store_add(&store, "/home", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(&store, "/hello", SALLY_TYPE_REGULAR, "Hello, world", 12);
    struct journal *journal = journal_open(LEVEL_DEBUG3, 0, true);
    require(journal != NULL);
    sally_hooks hooks;
    journal_hooks(&hooks, journal);
    const sally_sftp_options options = {.struct_size = sizeof options,
                                        .user = "joe",
                                        .home = "/home",
                                        .hooks = &hooks,
                                        .hook_count = 1,
                                        .log = journal_log,
                                        .log_user_data = journal,
                                        .log_level = journal_log_level(journal),
                                        .on_wake = no_wake};
    sally_fs *fs = store_fs(&store, 0, 0);
    sally_sftp *sftp = NULL;
    require(fs && sally_sftp_new(&sftp, fs, &options) == SALLY_E_OK);
    sally_fs_unref(fs);
    feed(sftp, init, sizeof init);
    feed(sftp, data + 1, size - 1);
    sally_sftp_free(sftp);
    require(store.open_files == 0);
    journal_close(journal);
    store_clear(&store);
    return 0;
}
