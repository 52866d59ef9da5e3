#include <stdio.h>

#include "alloc_failure.h"
#include "auth/authorized_keys.h"
#include "base/mem.h"
#include "fixture.h"

#define A "ssh-ed25519 " KEY_A
#define B "ssh-ed25519 " KEY_B

#define NOW INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

static struct crypto *crypto;

static int setup(void **state)
{
    (void)state;
    return crypto_new(&crypto) == SALLY_E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    crypto_unref(crypto);
    return 0;
}

static enum authorized_key_answer look_for(struct slice blob, const char *lines,
                                           const char *address, char command[64])
{
    struct authorized_key_query query = {blob, address, NOW};
    struct authorized_key_match match;
    struct authorized_keys *keys = authorized_keys_parse(crypto, slice_of(lines));
    assert_non_null(keys);
    enum authorized_key_answer answer = authorized_keys_find(keys, &query, &match);
    authorized_keys_unref(keys);
    if (answer == AUTHORIZED_KEY_YES)
        assert_null(match.reason);
    else
        assert_null(match.command);
    if (answer == AUTHORIZED_KEY_REFUSED)
        assert_non_null(match.reason);
    snprintf(command, 64, "%s", match.command ? match.command : "");
    mem_free(match.command);
    return answer;
}

static enum authorized_key_answer find_from(const char *lines, const char *address)
{
    uint8_t blob[BLOB_SIZE];
    char command[64];
    fixture_blob(KEY_A, blob);
    return look_for((struct slice){blob, sizeof blob}, lines, address, command);
}

static enum authorized_key_answer find(const char *lines)
{
    return find_from(lines, "192.0.2.7");
}

static void plain_lines(void **state)
{
    (void)state;
    assert_int_equal(find(A), AUTHORIZED_KEY_YES);
    assert_int_equal(find(A "\n"), AUTHORIZED_KEY_YES);
    assert_int_equal(find(A " joe@example.org with words\n"), AUTHORIZED_KEY_YES);
    assert_int_equal(find(A "\r\n"), AUTHORIZED_KEY_YES);
    assert_int_equal(find("\xef\xbb\xbf" A "\r\n"), AUTHORIZED_KEY_YES);
    assert_int_equal(find(" \t" A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("ssh-ed25519 \t " KEY_A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("# comment\n\n  \n\t# more\n" B "\n" A), AUTHORIZED_KEY_YES);
    assert_int_equal(find(""), AUTHORIZED_KEY_NO);
    assert_int_equal(find("\n\n\r\n"), AUTHORIZED_KEY_NO);
    assert_int_equal(find("#" A), AUTHORIZED_KEY_NO);
    assert_int_equal(find(B), AUTHORIZED_KEY_NO);
}

static void broken_lines_are_passed_over(void **state)
{
    (void)state;
    assert_int_equal(find("ssh-ed25519\n" A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("ssh-ed25519 !!!!\n" A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("\"\n" A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("command=\"x " A), AUTHORIZED_KEY_NO);
    /* Another type than the key itself says. */
    assert_int_equal(find("ssh-rsa " KEY_A), AUTHORIZED_KEY_NO);
    assert_int_equal(find(KEY_A), AUTHORIZED_KEY_NO);
    assert_int_equal(find("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"), AUTHORIZED_KEY_NO);
    assert_int_equal(find("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAw"), AUTHORIZED_KEY_NO);
}

static void keys_that_are_no_keys(void **state)
{
    (void)state;
    static const char *const blobs[] = {"", "/etc/passwd", "\\\\host\\x", "ssh-ed25519"};
    for (size_t i = 0; i < 4; i++) {
        char command[64];
        assert_int_equal(look_for(slice_of(blobs[i]), "ssh-ed25519 \n" A "\n/etc/passwd\n",
                                  "192.0.2.7", command),
                         AUTHORIZED_KEY_NO);
    }
}

static void options_that_mean_nothing_here(void **state)
{
    (void)state;
    assert_int_equal(find("restrict " A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("restrict,pty,agent-forwarding " A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("no-pty,no-X11-forwarding,no-port-forwarding,NO-agent-forwarding " A),
                     AUTHORIZED_KEY_YES);
    assert_int_equal(find("environment=\"A=b c\" " A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("permitopen=\"host:1\",tunnel=\"1\" " A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("principals=\"joe\" " A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("environment=\"A=\\\"q\\\" z\" " A), AUTHORIZED_KEY_YES);
}

static void options_that_refuse(void **state)
{
    (void)state;
    assert_int_equal(find("frobnicate " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find("frobnicate=\"x\" " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find("verify-required " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find("restrict,,pty " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find("restrict, " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find(",restrict " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find("restrict=\"x\" " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find("from " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find("from=* " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find("from=\"*\"x " A), AUTHORIZED_KEY_REFUSED);
    /* One that may sign others is not a key to log in with. */
    assert_int_equal(find("cert-authority " A), AUTHORIZED_KEY_NO);
    assert_int_equal(find("cert-authority,principals=\"joe\" " A), AUTHORIZED_KEY_NO);
    /* A second line for the same key may still allow it. */
    assert_int_equal(find("frobnicate " A "\n" A), AUTHORIZED_KEY_YES);
    assert_int_equal(find(A "\nfrobnicate " A), AUTHORIZED_KEY_YES);
}

static void commands(void **state)
{
    (void)state;
    static const struct {
        const char *options, *command; /* NULL: refused */
    } cases[] = {
        {"command=\"internal-sftp\"", "internal-sftp"},
        {"restrict,command=\"/usr/lib/openssh/sftp-server -R\"", "/usr/lib/openssh/sftp-server -R"},
        {"restrict", ""},
        {"command=\"\"", NULL},
        {"command=\"/bin/sh\"", NULL},
        {"command=\"internal-sftp -u 077\"", NULL},
        {"command=\"internal-sftp\",frobnicate", NULL},
        {"command=\"internal-sftp\",command=\"internal-sftp\"", NULL},
    };
    uint8_t blob[BLOB_SIZE];
    fixture_blob(KEY_A, blob);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[512], command[64];
        snprintf(line, sizeof line, "%s %s", cases[i].options, A);
        assert_int_equal(look_for((struct slice){blob, sizeof blob}, line, "192.0.2.7", command),
                         cases[i].command ? AUTHORIZED_KEY_YES : AUTHORIZED_KEY_REFUSED);
        assert_string_equal(command, cases[i].command ? cases[i].command : "");
    }
}

/* Among any number of others, and several lines with the same key in their order. */
static void many_keys(void **state)
{
    (void)state;
    size_t size = 3000 * 100 + 1000, used = 0;
    char *text = test_malloc(size);
    for (unsigned i = 0; i < 3000; i++) {
        if (i == 1700)
            used +=
                (size_t)snprintf(text + used, size - used,
                                 "frobnicate %s\ncommand=\"internal-sftp -R\" %s\n%s\n", A, A, A);
        /* The last digits of the key are its last bytes. */
        used += (size_t)snprintf(text + used, size - used,
                                 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMU"
                                 "FRYXGBkaGx%04u\n",
                                 i);
    }
    char command[64];
    uint8_t blob[BLOB_SIZE];
    fixture_blob(KEY_A, blob);
    assert_int_equal(look_for((struct slice){blob, sizeof blob}, text, "192.0.2.7", command),
                     AUTHORIZED_KEY_YES);
    assert_string_equal(command, "internal-sftp -R");
    assert_int_equal(find("" B), AUTHORIZED_KEY_NO);
    test_free(text);
}

static void short_memory(void **state)
{
    (void)state;
    bool more = true;
    for (unsigned nth = 1; more; nth++) {
        alloc_fail_at(nth);
        struct authorized_keys *keys =
            authorized_keys_parse(crypto, slice_of("restrict " A "\n" B "\n" B "\n" B "\n" B "\n"));
        more = alloc_failed();
        assert_true(more == (keys == NULL));
        authorized_keys_unref(keys);
    }
}

static void addresses(void **state)
{
    (void)state;
    assert_int_equal(find("from=\"192.0.2.*\" " A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("from=\"192.0.2.0/24,!192.0.2.7\" " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find_from("from=\"2001:db8::/32\" " A, "2001:db8::5"), AUTHORIZED_KEY_YES);
    assert_int_equal(find_from("from=\"*\" " A, ""), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find_from("from=\"*\" " A, NULL), AUTHORIZED_KEY_REFUSED);
    /* All of several must agree. */
    assert_int_equal(find("from=\"*\",from=\"10.0.0.1\" " A), AUTHORIZED_KEY_REFUSED);
}

static void expiry(void **state)
{
    (void)state;
    assert_int_equal(find("expiry-time=\"20260101Z\" " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find("expiry-time=\"202601010001Z\" " A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("expiry-time=\"20260101000001Z\" " A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("expiry-time=\"20251231235959Z\" " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find("expiry-time=\"20270101\" " A), AUTHORIZED_KEY_YES);
    assert_int_equal(find("expiry-time=\"soon\" " A), AUTHORIZED_KEY_REFUSED);
    assert_int_equal(find("expiry-time " A), AUTHORIZED_KEY_REFUSED);
}

static void long_lines(void **state)
{
    (void)state;
    size_t size = 100000;
    char *text = test_malloc(size + 300);
    memset(text, ' ', size);
    memcpy(text, "environment=\"", 13);
    text[size - 2] = '"';
    memcpy(text + size, A "\n", sizeof A "\n");
    assert_int_equal(find(text), AUTHORIZED_KEY_NO); /* too long to be looked at */
    memcpy(text + size + strlen(A "\n"), A "\n", sizeof A "\n");
    assert_int_equal(find(text), AUTHORIZED_KEY_YES);
    memset(text, '"', size);
    text[size] = '\0';
    assert_int_equal(find(text), AUTHORIZED_KEY_NO);
    test_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_lines),
        cmocka_unit_test(broken_lines_are_passed_over),
        cmocka_unit_test(keys_that_are_no_keys),
        cmocka_unit_test(options_that_mean_nothing_here),
        cmocka_unit_test(options_that_refuse),
        cmocka_unit_test(commands),
        cmocka_unit_test(many_keys),
        cmocka_unit_test(short_memory),
        cmocka_unit_test(addresses),
        cmocka_unit_test(expiry),
        cmocka_unit_test(long_lines),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
