#include <stdio.h>

#include "auth/authorized_keys.h"
#include "fixture.h"

#define A "ssh-ed25519 " KEY_A
#define B "ssh-ed25519 " KEY_B

#define NOW INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

static enum authorized_key_answer find_from(const char *lines, const char *address)
{
    uint8_t blob[BLOB_SIZE];
    fixture_blob(KEY_A, blob);
    struct authorized_key_query query = {{blob, sizeof blob}, address, NOW};
    const char *reason = "unset";
    enum authorized_key_answer answer = authorized_keys_find(slice_of(lines), &query, &reason);
    if (answer == AUTHORIZED_KEY_YES)
        assert_null(reason);
    if (answer == AUTHORIZED_KEY_REFUSED)
        assert_non_null(reason);
    return answer;
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
        struct authorized_key_query query = {slice_of(blobs[i]), "192.0.2.7", NOW};
        const char *reason;
        assert_int_equal(
            authorized_keys_find(slice_of("ssh-ed25519 \n" A "\n/etc/passwd\n"), &query, &reason),
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
    static const char *const fine[] = {"internal-sftp", "/usr/lib/openssh/sftp-server",
                                       "internal-sftp -l INFO -f AUTH", "sftp-server -e"};
    static const char *const others[] = {"",
                                         "/bin/sh",
                                         "internal-sftp -R",
                                         "internal-sftp -d /x",
                                         "internal-sftp; sh",
                                         "internal-sftp -l",
                                         "xinternal-sftp",
                                         "evil-sftp-server"};
    char line[512];
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        snprintf(line, sizeof line, "command=\"%s\" %s", fine[i], A);
        assert_int_equal(find(line), AUTHORIZED_KEY_YES);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(line, sizeof line, "command=\"%s\" %s", others[i], A);
        assert_int_equal(find(line), AUTHORIZED_KEY_REFUSED);
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
        cmocka_unit_test(addresses),
        cmocka_unit_test(expiry),
        cmocka_unit_test(long_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
