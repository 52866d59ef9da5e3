/* What files hold: bytes that tell where in which file they belong, without a file to compare with.
 */
#ifndef SALLY_LOAD_PATTERN_H
#define SALLY_LOAD_PATTERN_H

#include "base/cursor.h"

/* A prime: no request size and no page size divides it, so bytes at a wrong place differ. Small
 * enough to stay in the second-level cache: comparing is to cost next to nothing. */
#define PATTERN_PERIOD    65521u
#define PATTERN_PIECE_MAX (256u * 1024)

struct pattern {
    uint8_t bytes[PATTERN_PERIOD + PATTERN_PIECE_MAX];
};

void pattern_fill(struct pattern *p);
/* The bytes of file `seed` at `offset`; size is at most PATTERN_PIECE_MAX. */
struct slice pattern_at(const struct pattern *p, uint32_t seed, uint64_t offset, size_t size);
bool pattern_matches(const struct pattern *p, uint32_t seed, uint64_t offset, struct slice data);

/* The same for local files; false after a message on standard error. */
bool pattern_write_file(const struct pattern *p, const char *path, uint32_t seed, uint64_t size);
bool pattern_check_file(const struct pattern *p, const char *path, uint32_t seed, uint64_t size);

#endif
