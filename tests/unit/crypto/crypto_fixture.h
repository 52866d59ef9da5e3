/* What the tests of this folder share. */
#ifndef SALLY_TEST_CRYPTO_FIXTURE_H
#define SALLY_TEST_CRYPTO_FIXTURE_H

#include "base/buf.h"
#include "base/random.h"
#include "crypto/crypto.h"

/* For cmocka: *state is the struct crypto. */
int crypto_setup(void **state);
int crypto_teardown(void **state);

/* Bytes from a counter: the same in every run. */
struct test_random {
    uint64_t next;
};
struct random_source test_random_source(struct test_random *r);

/* Gives the same byte forever. */
struct random_source constant_random_source(uint8_t *byte);

/* Text in hexadecimal into at most `room` bytes; returns how many. */
size_t from_hex(const char *text, uint8_t *out, size_t room);
#define ASSERT_HEX(data, size, text)                                                               \
    do {                                                                                           \
        uint8_t expected_[4096];                                                                   \
        assert_int_equal(from_hex((text), expected_, sizeof expected_), (size));                   \
        assert_memory_equal((data), expected_, (size));                                            \
    } while (0)

/* A new directory for files of one test; it and all in it is removed by remove_directory(). */
char *make_directory(void);
void remove_directory(char *path);
/* Runs a program, its output in `out` (may be NULL); true when it ended with 0. `input` goes to its
 * standard input. */
bool run_program(const char *const *arguments, struct buf *out);

#endif
