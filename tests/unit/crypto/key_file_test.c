#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "crypto/key_fixture.h"

static void test_save_and_load(void **state)
{
    (void)state;
    char *directory = make_directory(), path[600];
    mode_t mask = umask(0);
    for (size_t i = 0; i < COUNT_OF(key_type_names); i++) {
        sally_key *key = generated_key(key_type_names[i]), *again;
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", directory, key_type_names[i]);
        assert_int_equal(sally_key_save(key, path, i ? "someone@somewhere" : NULL), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(sally_key_load(&again, path, NULL), 0);
        assert_string_equal(sally_key_public_line(key), sally_key_public_line(again));
        assert_string_equal(sally_key_fingerprint(key), sally_key_fingerprint(again));
        sally_key_unref(again);
        /* ssh-keygen reads it and finds the same public half and comment. */
        const char *const arguments[] = {"ssh-keygen", "-y", "-P", "", "-f", path, NULL};
        struct buf line;
        buf_init(&line, 100000);
        if (run_program((const char *const[]){"sh", "-c", "command -v ssh-keygen", NULL}, NULL)) {
            assert_true(run_program(arguments, &line));
            struct cursor in = cursor_of_slice(buf_slice(&line));
            assert_true(slice_equal(get_bytes(&in, strlen(sally_key_public_line(key))),
                                    slice_of(sally_key_public_line(key))));
            assert_true(slice_is(cursor_rest(&in), i ? " someone@somewhere\n" : "\n"));
        }
        buf_clear(&line);
        sally_key_unref(key);
    }
    umask(mask);
    remove_directory(directory);
}

static void test_never_over_anything(void **state)
{
    (void)state;
    sally_key *key = generated_key("ed25519");
    char *directory = make_directory(), path[600], link_path[600];
    struct buf content;
    snprintf(path, sizeof path, "%s/file", directory);
    snprintf(link_path, sizeof link_path, "%s/link", directory);
    write_whole(directory, "file", "precious", 8);
    assert_int_equal(sally_key_save(key, path, ""), SALLY_E_EXISTS);
    buf_init(&content, 100);
    read_whole(directory, "file", &content);
    assert_true(slice_is(buf_slice(&content), "precious"));
    buf_clear(&content);
    unlink(path);
    assert_int_equal(symlink("file", link_path), 0); /* dangling */
    assert_int_equal(sally_key_save(key, link_path, ""), SALLY_E_EXISTS);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/no/such", directory);
    assert_int_equal(sally_key_save(key, path, ""), SALLY_E_SYSTEM);
    assert_int_equal(errno, ENOENT);
    remove_directory(directory);
    sally_key_unref(key);
}

static void test_what_cannot_be_loaded(void **state)
{
    (void)state;
    char *directory = make_directory(), path[600];
    sally_key *key;
    snprintf(path, sizeof path, "%s/missing", directory);
    assert_int_equal(sally_key_load(&key, path, NULL), SALLY_E_SYSTEM);
    assert_int_equal(errno, ENOENT);
    assert_null(key);
    assert_int_equal(sally_key_load(&key, directory, NULL), SALLY_E_SYSTEM);
    assert_int_equal(errno, EISDIR);
    snprintf(path, sizeof path, "%s/fifo", directory);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(sally_key_load(&key, path, NULL), SALLY_E_SYSTEM); /* does not wait */
    write_whole(directory, "empty", "", 0);
    snprintf(path, sizeof path, "%s/empty", directory);
    assert_int_equal(sally_key_load(&key, path, NULL), SALLY_E_PARSE);
    uint8_t *large = mem_zalloc(1000000);
    write_whole(directory, "large", large, 1000000);
    mem_free(large);
    snprintf(path, sizeof path, "%s/large", directory);
    assert_int_equal(sally_key_load(&key, path, NULL), SALLY_E_PARSE);
    remove_directory(directory);
}

/* Who else could read it could pose as the server. */
static void test_what_others_could_read(void **state)
{
    (void)state;
    char *directory = make_directory(), path[600];
    sally_key *key = generated_key("ed25519"), *again;
    snprintf(path, sizeof path, "%s/key", directory);
    assert_int_equal(sally_key_save(key, path, ""), SALLY_E_OK);
    sally_key_unref(key);
    static const mode_t modes[] = {0644, 0640, 0604, 0620, 0602, 0601, 0666};
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(sally_key_load(&again, path, NULL), SALLY_E_INSECURE);
        assert_null(again);
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(sally_key_load(&again, path, NULL), SALLY_E_OK);
    sally_key_unref(again);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 4711, (gid_t)-1), 0);
        assert_int_equal(sally_key_load(&again, path, NULL), SALLY_E_INSECURE);
        /* Root's file that another user's server reads by its group. */
        assert_int_equal(chown(path, 0, 4711), 0);
        assert_int_equal(chmod(path, 0640), 0);
        assert_int_equal(chmod(directory, 0711), 0);
        assert_int_equal(setegid(4711), 0);
        assert_int_equal(seteuid(4711), 0);
        assert_int_equal(sally_key_load(&again, path, NULL), SALLY_E_OK);
        sally_key_unref(again);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(setegid(0), 0);
    }
    remove_directory(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_save_and_load),
        cmocka_unit_test(test_never_over_anything),
        cmocka_unit_test(test_what_cannot_be_loaded),
        cmocka_unit_test(test_what_others_could_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
