/* Lines of random hostile texts are parsed back by parsers that know the documentation only. */
#include "cmocka_all.h"

#include "base/log_oracle.h"
#include "base/mem.h"

#define ROUNDS 20000
#define FIELDS 3

static const char *const pieces[] = {
    " user=root",
    "message=",
    "\"",
    "\\",
    "\\\"",
    "=",
    " ",
    "\n",
    "\r\n2026-01-01T00:00:00.000Z info  auth.accepted",
    "\t",
    "\x1b[2J",
    "\x7f",
    "\x01",
    "\xc2\x9b",         /* CSI */
    "\xe2\x80\xae",     /* right-to-left override */
    "\xe2\x80\x8b",     /* zero width space */
    "\xf3\xa0\x80\x81", /* a tag, past the first plane */
    "\xff",
    "\xed\xa0\x80", /* a surrogate */
    "\xc0\xaf",     /* an overlong slash */
    "\xe2\x82",     /* cut short */
    "\xe2\x82\xac",
    "\xf0\x9f\x98\x80",
    "\\u0041",
    "\\x41",
    "\\n",
    "\",\"user\":\"root",
    "}",
    "x",
    "192.0.2.1",
};

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void make_text(uint32_t *seed, char *out)
{
    size_t used = 0;
    for (uint32_t count = next(seed) % 6; count; count--) {
        const char *piece = pieces[next(seed) % COUNT_OF(pieces)];
        size_t size = strlen(piece);
        if (used + size >= LOG_ORACLE_TEXT)
            break;
        memcpy(out + used, piece, size);
        used += size;
    }
    out[used] = '\0';
}

static void every_field_is_told_back(void **state)
{
    (void)state;
    static const char *const names[FIELDS] = {"user", "address", "path"};
    uint32_t seed = 10;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        char values[FIELDS][LOG_ORACLE_TEXT], message[LOG_ORACLE_TEXT];
        sally_log_field fields[FIELDS];
        for (size_t i = 0; i < FIELDS; i++) {
            make_text(&seed, values[i]);
            fields[i] = (sally_log_field){names[i], values[i]};
        }
        make_text(&seed, message);
        log_oracle_check("auth.rejected", fields, FIELDS, message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_told_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
