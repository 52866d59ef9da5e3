#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/authorized_keys_file.h"
#include "fixture.h"

static char directory[] = "/tmp/sally-keys-XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/keys", directory);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return rmdir(directory);
}

static void write_file(size_t size, mode_t mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (size_t i = 0; i < size; i++)
        fputc('#', f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static bool reads(size_t *size)
{
    struct buf b;
    buf_init(&b, AUTHORIZED_KEYS_MAX_BYTES + 16384);
    const char *reason = "unset";
    bool ok = authorized_keys_file_read(path, &b, &reason);
    assert_true(ok == (reason == NULL));
    *size = b.size;
    buf_clear(&b);
    return ok;
}

static void regular_files(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 16384, 100000, AUTHORIZED_KEYS_MAX_BYTES};
    size_t size;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        write_file(sizes[i], 0644);
        assert_true(reads(&size));
        assert_int_equal(size, sizes[i]);
    }
    write_file(AUTHORIZED_KEYS_MAX_BYTES + 1, 0644);
    assert_false(reads(&size));
    unlink(path);
}

static void files_that_others_may_write(void **state)
{
    (void)state;
    size_t size;
    static const mode_t modes[] = {0664, 0646, 0666};
    for (size_t i = 0; i < 3; i++) {
        write_file(10, modes[i]);
        assert_false(reads(&size));
    }
    unlink(path);
}

static void what_is_no_file(void **state)
{
    (void)state;
    size_t size;
    assert_false(reads(&size)); /* missing */
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(reads(&size));
    rmdir(path);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not wait for a writer */
    assert_false(reads(&size));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(regular_files),
                                       cmocka_unit_test(files_that_others_may_write),
                                       cmocka_unit_test(what_is_no_file)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
