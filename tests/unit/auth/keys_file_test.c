#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auth/keys_file.h"
#include "base/mem.h"
#include "fixture.h"

static char directory[] = "/tmp/sally-keys-XXXXXX";
static char path[64];
static struct crypto *crypto;
static struct keys_file *file;

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(directory) || crypto_new(&crypto) != SALLY_E_OK)
        return -1;
    snprintf(path, sizeof path, "%s/keys", directory);
    file = keys_file_new(crypto, path, 0);
    return file ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    keys_file_free(file);
    crypto_unref(crypto);
    return rmdir(directory);
}

static void write_file(const char *text, size_t size, mode_t mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    for (size_t i = strlen(text); i < size; i++)
        fputc('\n', f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static struct authorized_keys *keys_now(struct keys_file_fault *fault)
{
    struct authorized_keys *keys = keys_file_read(file, true, fault);
    assert_true((keys != NULL) == (fault->reason == NULL));
    return keys;
}

static bool reads(void)
{
    struct keys_file_fault fault;
    struct authorized_keys *keys = keys_now(&fault);
    authorized_keys_unref(keys);
    return keys != NULL;
}

static bool has_key(const char *base64)
{
    struct keys_file_fault fault;
    struct authorized_key_match match;
    uint8_t blob[BLOB_SIZE];
    fixture_blob(base64, blob);
    const struct authorized_key_query query = {{blob, sizeof blob}, "192.0.2.7", 0};
    struct authorized_keys *keys = keys_now(&fault);
    bool found = keys && authorized_keys_find(keys, &query, &match) == AUTHORIZED_KEY_YES;
    authorized_keys_unref(keys);
    return found;
}

static void regular_files(void **state)
{
    (void)state;
    static const size_t sizes[] = {70, 16384, 100000, AUTHORIZED_KEYS_MAX_BYTES};
    write_file("", 0, 0644);
    assert_true(reads());
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        write_file("ssh-ed25519 " KEY_A, sizes[i], 0644);
        assert_true(has_key(KEY_A));
    }
    write_file("", AUTHORIZED_KEYS_MAX_BYTES + 1, 0644);
    assert_false(reads());
    unlink(path);
}

static void files_that_others_may_write(void **state)
{
    (void)state;
    static const mode_t modes[] = {0664, 0646, 0666};
    struct keys_file_fault fault;
    for (size_t i = 0; i < 3; i++) {
        write_file("", 10, modes[i]);
        assert_null(keys_now(&fault));
        assert_non_null(strstr(fault.why, path));
        assert_true(keys_file_is_news(file, &fault)); /* told once */
        assert_null(keys_now(&fault));
        assert_false(keys_file_is_news(file, &fault));
        struct authorized_keys *keys = keys_file_read(file, false, &fault);
        assert_non_null(keys);
        authorized_keys_unref(keys);
    }
    unlink(path);
}

static void what_is_no_file(void **state)
{
    (void)state;
    assert_false(reads()); /* missing */
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(reads());
    rmdir(path);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not wait for a writer */
    assert_false(reads());
    unlink(path);
}

static void set_age(time_t seconds)
{
    const struct timespec when = {time(NULL) - seconds, 5};
    const struct timespec times[2] = {when, when};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A change is seen even if size and times are as before: the file has just been changed. */
static void changes_that_do_not_show(void **state)
{
    (void)state;
    write_file("ssh-ed25519 " KEY_A, 100, 0600);
    set_age(100);
    assert_true(has_key(KEY_A));
    write_file("ssh-ed25519 " KEY_B, 100, 0600);
    set_age(100);
    assert_false(has_key(KEY_A));
    assert_true(has_key(KEY_B));
    unlink(path);
    assert_false(has_key(KEY_B));
}

static atomic_bool stop;

static void *read_on(void *user_data)
{
    (void)user_data;
    while (!atomic_load(&stop)) {
        struct keys_file_fault fault;
        authorized_keys_unref(keys_file_read(file, true, &fault));
    }
    return NULL;
}

/* A reader of a file that changes has one state of it or the other. */
static void readers_of_a_file_that_changes(void **state)
{
    (void)state;
    pthread_t threads[2];
    write_file("ssh-ed25519 " KEY_A, 100, 0600);
    atomic_store(&stop, false);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, NULL), 0);
    for (int i = 0; i < 50; i++) {
        write_file(i % 2 ? "ssh-ed25519 " KEY_A : "ssh-ed25519 " KEY_B, 100, 0600);
        if (i % 3)
            set_age(100);
        assert_true(has_key(i % 2 ? KEY_A : KEY_B));
        assert_false(has_key(i % 2 ? KEY_B : KEY_A));
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regular_files),
        cmocka_unit_test(files_that_others_may_write),
        cmocka_unit_test(what_is_no_file),
        cmocka_unit_test(changes_that_do_not_show),
        cmocka_unit_test(readers_of_a_file_that_changes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
