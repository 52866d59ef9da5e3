#include "pattern.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_STEP                                                                                  \
    7919u /* how far the pattern of one file is moved against that of the one before */
#define FILE_PIECE 65536u

void pattern_fill(struct pattern *p)
{
    uint32_t x = 2463534242u; /* xorshift32 */
    for (size_t i = 0; i < PATTERN_PERIOD; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        p->bytes[i] = (uint8_t)(x >> 11);
    }
    for (size_t i = PATTERN_PERIOD; i < sizeof p->bytes; i++)
        p->bytes[i] = p->bytes[i - PATTERN_PERIOD];
}

struct slice pattern_at(const struct pattern *p, uint32_t seed, uint64_t offset, size_t size)
{
    uint64_t place = (offset + (uint64_t)seed * FILE_STEP) % PATTERN_PERIOD;
    return (struct slice){p->bytes + place, size};
}

bool pattern_matches(const struct pattern *p, uint32_t seed, uint64_t offset, struct slice data)
{
    if (data.size > PATTERN_PIECE_MAX)
        return false;
    return memcmp(pattern_at(p, seed, offset, data.size).data, data.data, data.size) == 0;
}

static size_t piece_size(uint64_t left)
{
    return left < FILE_PIECE ? (size_t)left : FILE_PIECE;
}

static bool complain(const char *path, const char *what)
{
    fprintf(stderr, "sally-load: %s: %s\n", path, what);
    return false;
}

bool pattern_write_file(const struct pattern *p, const char *path, uint32_t seed, uint64_t size)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return complain(path, strerror(errno));
    bool good = true;
    for (uint64_t at = 0; good && at < size;) {
        struct slice s = pattern_at(p, seed, at, piece_size(size - at));
        good = fwrite(s.data, 1, s.size, f) == s.size;
        at += s.size;
    }
    good = fclose(f) == 0 && good;
    return good || complain(path, strerror(errno));
}

bool pattern_check_file(const struct pattern *p, const char *path, uint32_t seed, uint64_t size)
{
    static const char differs[] = "the content differs";
    uint8_t bytes[FILE_PIECE];
    FILE *f = fopen(path, "rb");
    if (!f)
        return complain(path, strerror(errno));
    bool good = true;
    for (uint64_t at = 0; good && at < size;) {
        struct slice s = {bytes, piece_size(size - at)};
        good = fread(bytes, 1, s.size, f) == s.size && pattern_matches(p, seed, at, s);
        at += s.size;
    }
    good = good && fgetc(f) == EOF;
    fclose(f);
    return good || complain(path, differs);
}
