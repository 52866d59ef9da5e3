/* Headers of the PROXY protocol: whole, cut short at every byte, and malformed. */
#include "cmocka_all.h"

#include <stdlib.h>

#include "base/mem.h"
#include "server/proxy_header.h"

#define SIGNATURE   "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(text) ((struct slice){(const uint8_t *)(text), sizeof(text) - 1})

static struct proxy_header header;
static const char *why;

/* In a block of its own, so that a read beyond its end is found. */
static enum proxy_header_state parse(struct slice bytes)
{
    uint8_t *copy = malloc(bytes.size ? bytes.size : 1);
    assert_non_null(copy);
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    enum proxy_header_state state =
        proxy_header_parse((struct slice){copy, bytes.size}, &header, &why);
    free(copy);
    assert_true((state == PROXY_HEADER_INVALID) == (why != NULL));
    return state;
}

/* Whole with anything behind it, and incomplete when cut short anywhere. */
static void expect_whole(struct slice bytes)
{
    uint8_t more[600];
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(parse((struct slice){bytes.data, size}), PROXY_HEADER_INCOMPLETE);
    assert_true(bytes.size + 10 <= sizeof more);
    memcpy(more, bytes.data, bytes.size);
    memcpy(more + bytes.size, "SSH-2.0-x\n", 10);
    assert_int_equal(parse((struct slice){more, bytes.size + 10}), PROXY_HEADER_WHOLE);
    assert_int_equal(header.size, bytes.size);
    assert_int_equal(parse(bytes), PROXY_HEADER_WHOLE);
    assert_int_equal(header.size, bytes.size);
}

static void expect_addresses(const char *client, uint16_t client_port, const char *server,
                             uint16_t server_port)
{
    char text[IP_TEXT_SIZE];
    assert_true(header.has_addresses);
    ip_print(&header.client.ip, text);
    assert_string_equal(text, client);
    ip_print(&header.server.ip, text);
    assert_string_equal(text, server);
    assert_int_equal(header.client.port, client_port);
    assert_int_equal(header.server.port, server_port);
}

static void lines(void **state)
{
    (void)state;
    expect_whole(BYTES("PROXY TCP4 192.0.2.7 198.51.100.1 56324 22\r\n"));
    expect_addresses("192.0.2.7", 56324, "198.51.100.1", 22);
    expect_whole(BYTES("PROXY TCP6 2001:db8::7 2001:DB8::1 0 65535\r\n"));
    expect_addresses("2001:db8::7", 0, "2001:db8::1", 65535);
    expect_whole(BYTES("PROXY UNKNOWN\r\n"));
    assert_false(header.has_addresses);
    expect_whole(BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"));
    assert_false(header.has_addresses);
}

static void malformed_lines(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324 22\n\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324 22 \r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 056324 22\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 022 22\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 65536 22\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 -1 22\r\n",
        "PROXY TCP4  192.0.2.7 198.51.100.1 1 22\r\n",
        "PROXY TCP4 192.0.2.07 198.51.100.1 1 22\r\n",
        "PROXY TCP4 2001:db8::7 2001:db8::1 1 22\r\n",
        "PROXY TCP6 192.0.2.7 198.51.100.1 1 22\r\n",
        "PROXY TCP6 fe80::1%eth0 2001:db8::1 1 22\r\n",
        "PROXY UDP4 192.0.2.7 198.51.100.1 1 22\r\n",
        "PROXY \r\n",
        "PROXY TCP4\r\n",
        "PROXY UNKNOWN\rx",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct slice bytes = slice_of(texts[i]);
        if (parse(bytes) != PROXY_HEADER_INVALID)
            fail_msg("accepted: %s", texts[i]);
    }
    char too_long[120] = "PROXY UNKNOWN ";
    memset(too_long + 14, 'x', sizeof too_long - 14);
    assert_int_equal(parse((struct slice){(const uint8_t *)too_long, 106}),
                     PROXY_HEADER_INCOMPLETE);
    assert_int_equal(parse((struct slice){(const uint8_t *)too_long, 107}), PROXY_HEADER_INVALID);
}

static void binary_headers(void **state)
{
    (void)state;
    expect_whole(BYTES(SIGNATURE "\x21\x11\0\x0c\xc0\0\2\7\xc6\x33\x64\1\xdc\4\0\x16"));
    expect_addresses("192.0.2.7", 56324, "198.51.100.1", 22);
    /* With one additional value. */
    expect_whole(BYTES(SIGNATURE "\x21\x11\0\x10\xc0\0\2\7\xc6\x33\x64\1\xdc\4\0\x16\x04\0\1x"));
    expect_addresses("192.0.2.7", 56324, "198.51.100.1", 22);
    expect_whole(BYTES(SIGNATURE "\x21\x21\0\x24"
                                 "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"
                                 "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
                                 "\0\1\0\x16"));
    expect_addresses("2001:db8::7", 1, "2001:db8::1", 22);
    expect_whole(BYTES(SIGNATURE "\x20\0\0\0"));
    assert_false(header.has_addresses);
    /* The family of a LOCAL command is ignored, and its length obeyed. */
    expect_whole(BYTES(SIGNATURE "\x20\xff\0\5hello"));
    assert_false(header.has_addresses);
    /* Not TCP: whose it is cannot be told. */
    expect_whole(BYTES(SIGNATURE "\x21\x12\0\x0c\xc0\0\2\7\xc6\x33\x64\1\xdc\4\0\x16"));
    assert_false(header.has_addresses);
    expect_whole(BYTES(SIGNATURE "\x21\0\0\0"));
    assert_false(header.has_addresses);
}

static void malformed_binary_headers(void **state)
{
    (void)state;
    assert_int_equal(parse(BYTES(SIGNATURE "\x11\x11\0\0")), PROXY_HEADER_INVALID);
    assert_int_equal(parse(BYTES(SIGNATURE "\x22\x11\0\0")), PROXY_HEADER_INVALID);
    assert_int_equal(parse(BYTES(SIGNATURE "\x21\x41\0\0")), PROXY_HEADER_INVALID);
    assert_int_equal(parse(BYTES(SIGNATURE "\x21\x13\0\0")), PROXY_HEADER_INVALID);
    assert_int_equal(parse(BYTES(SIGNATURE "\x21\x11\0\x0b\xc0\0\2\7\xc6\x33\x64\1\xdc\4\0")),
                     PROXY_HEADER_INVALID);
    /* Refused before it has come. */
    assert_int_equal(parse(BYTES(SIGNATURE "\x20\0\x0f\xf1")), PROXY_HEADER_INVALID);
    assert_int_equal(parse(BYTES(SIGNATURE "\x20\0\x0f\xf0")), PROXY_HEADER_INCOMPLETE);
}

static void other_bytes(void **state)
{
    (void)state;
    assert_int_equal(parse(BYTES("SSH-2.0-OpenSSH_9.9\r\n")), PROXY_HEADER_NONE);
    assert_int_equal(parse(BYTES("S")), PROXY_HEADER_NONE);
    assert_int_equal(parse(BYTES("PROXYTCP4")), PROXY_HEADER_NONE);
    assert_int_equal(parse(BYTES("\r\n\r\n\r")), PROXY_HEADER_NONE);
    assert_int_equal(parse(BYTES("")), PROXY_HEADER_INCOMPLETE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),          cmocka_unit_test(malformed_lines),
        cmocka_unit_test(binary_headers), cmocka_unit_test(malformed_binary_headers),
        cmocka_unit_test(other_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
