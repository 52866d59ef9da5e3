#include "auth/forced_command.h"
#include "fixture.h"

static void assert_part(struct slice part, const char *text)
{
    if (text)
        assert_true(slice_is(part, text));
    else
        assert_null(part.data);
}

static void what_is_carried_out(void **state)
{
    (void)state;
    static const struct {
        const char *text, *start, *allow, *deny;
        bool read_only;
    } cases[] = {
        {"internal-sftp", NULL, NULL, NULL, false},
        {"sftp-server", NULL, NULL, NULL, false},
        {" /usr/lib/openssh/sftp-server  -e ", NULL, NULL, NULL, false},
        {"internal-sftp -l INFO -f AUTH", NULL, NULL, NULL, false},
        {"internal-sftp -lINFO -eR", NULL, NULL, NULL, true},
        {"internal-sftp -d /in -R", "/in", NULL, NULL, true},
        {"internal-sftp -Rd/in", "/in", NULL, NULL, true},
        {"internal-sftp -P remove,rmdir -p open,read", NULL, "open,read", "remove,rmdir", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct forced_command c;
        if (!forced_command_parse(slice_of(cases[i].text), &c))
            fail_msg("%s", cases[i].text);
        assert_part(c.start, cases[i].start);
        assert_part(c.allow, cases[i].allow);
        assert_part(c.deny, cases[i].deny);
        assert_true(c.read_only == cases[i].read_only);
    }
}

static void what_is_not(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        " ",
        "/bin/sh",
        "xinternal-sftp",
        "evil-sftp-server",
        "internal-sftp; sh",
        "internal-sftp x",
        "internal-sftp -",
        "internal-sftp --",
        "internal-sftp -l",
        "internal-sftp -d",
        "internal-sftp -u 077",
        "internal-sftp -Q requests",
        "internal-sftp -h",
        "internal-sftp -d %u",
        "internal-sftp -d \"/a b\"",
        "internal-sftp -d /a\\",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct forced_command c;
        if (forced_command_parse(slice_of(cases[i]), &c))
            fail_msg("%s", cases[i]);
    }
    struct forced_command c;
    const struct slice nul = {(const uint8_t *)"internal-sftp\0", 14};
    assert_false(forced_command_parse(nul, &c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_carried_out),
                                       cmocka_unit_test(what_is_not)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
