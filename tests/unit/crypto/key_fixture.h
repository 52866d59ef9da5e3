/* Keys for the tests of this folder. */
#ifndef SALLY_TEST_KEY_FIXTURE_H
#define SALLY_TEST_KEY_FIXTURE_H

#include "crypto/crypto_fixture.h"
#include "crypto/public_key.h"

/* sally_key_generate()'s names; RSA is of 2048 bits here. */
extern const char *const key_type_names[5];
sally_key *generated_key(const char *type);
/* The same, bound. */
sally_key *bound_key(struct crypto *c, const char *type);
/* The first signature algorithm of its type. */
const char *algorithm_of(const sally_key *key);
/* The whole of a file. */
void read_whole(const char *directory, const char *name, struct buf *out);
void write_whole(const char *directory, const char *name, const void *data, size_t size);

#endif
