#include "cmocka_all.h"

#include <stdlib.h>

#include "base/mem.h"
#include "scp/command.h"
#include "scp/scp.h"

/* The paths, each followed by a line end. */
static void check_paths(const char *text, enum scp_kind kind, const char *paths)
{
    struct scp_command c;
    assert_int_equal(scp_command_parse(&c, slice_of(text), SCP_ALL_COMMANDS), SALLY_E_OK);
    if (c.kind != kind)
        fail_msg("%s: kind %d, %s", text, (int)c.kind, c.message ? c.message : "");
    uint8_t *at = buf_head(&c.paths);
    uint32_t count = 0;
    for (size_t i = 0; i < c.paths.size; i++) {
        if (at[i] == 0) {
            at[i] = '\n';
            count++;
        }
    }
    assert_int_equal(count, c.path_count);
    assert_int_equal(c.paths.size, strlen(paths));
    if (c.paths.size)
        assert_memory_equal(at, paths, c.paths.size);
    scp_command_clear(&c);
}

static void clients_quote_in_many_ways(void **state)
{
    (void)state;
    check_paths("scp -t .", SCP_SINK, ".\n");
    check_paths("scp -f a b", SCP_SOURCE, "a\nb\n");
    check_paths("/usr/bin/scp -qrp -t -- -x", SCP_SINK, "-x\n");
    check_paths("scp -pt '/with space'", SCP_SINK, "/with space\n"); /* libssh2 */
    check_paths("scp -t 'it'\"'\"'s'", SCP_SINK, "it's\n");          /* libssh2 */
    check_paths("scp -t 'wow'\\!''", SCP_SINK, "wow\\!\n");          /* libssh2 */
    check_paths("scp -r -p -d -t \"a\\\"b\\$c\\`d\\\\e\"", SCP_SINK,
                "a\"b$c`d\\\\e\n");                            /* WinSCP */
    check_paths("scp -v -f a\\ b\\'c", SCP_SOURCE, "a b'c\n"); /* rclone, users */
    check_paths("scp  -t a", SCP_SINK, "a\n");                 /* JSch */
    check_paths("scp -l 800 -t -p a", SCP_SINK, "a\n");        /* sshj */
    check_paths("scp -l800 -ql 800 -f a", SCP_SOURCE, "a\n");
    check_paths("scp -t -d .", SCP_SINK, ".\n");           /* Ganymed, Trilead */
    check_paths("scp -qt \"a b\"", SCP_SINK, "a b\n");     /* go-scp */
    check_paths("scp -f -r -p -- 'a'", SCP_SOURCE, "a\n"); /* Apache MINA */
    check_paths("scp -f ''", SCP_SOURCE, "\n");
    check_paths("  scp\t-f   a  ", SCP_SOURCE, "a\n");
    check_paths("scp -f \"a\\b\"", SCP_SOURCE, "a\\\\b\n");
    check_paths("scp -f a\\\nb", SCP_SOURCE, "ab\n");
    check_paths("'scp' \"-f\" a", SCP_SOURCE, "a\n");
    check_paths("scp -f -", SCP_SOURCE, "-\n");
    check_paths("scp -f \xff{a,b}#%", SCP_SOURCE, "\xff{a,b}#%\n");
}

static void patterns_survive_only_unquoted(void **state)
{
    (void)state;
    check_paths("scp -f *.txt [a-b]?", SCP_SOURCE, "*.txt\n[a-b]?\n");
    check_paths("scp -f '*.txt' \\[a \"?\"", SCP_SOURCE, "\\*.txt\n\\[a\n\\?\n");
    check_paths("scp -f [\\]'-']", SCP_SOURCE, "[\\]\\-]\n");
}

static void the_tilde_is_home(void **state)
{
    (void)state;
    check_paths("scp -f ~ ~/a a~ '~'", SCP_SOURCE, ".\n./a\na~\n~\n");
    check_paths("scp -f ~root/a", SCP_REFUSED, "");
}

static void digests_are_known(void **state)
{
    (void)state;
    check_paths("md5sum a", SCP_DIGEST, "a\n");
    check_paths("/usr/bin/sha256sum -- -a", SCP_DIGEST, "-a\n");
    check_paths("b2sum", SCP_DIGEST, "");
    check_paths("sha1sum -c x", SCP_REFUSED, "");
    static const char *const all[] = {"md5sum",    "sha1sum",   "sha224sum", "sha256sum",
                                      "sha384sum", "sha512sum", "b2sum"};
    static const size_t sizes[] = {32, 40, 56, 64, 96, 128, 128};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct scp_command c;
        assert_int_equal(scp_command_parse(&c, slice_of(all[i]), SCP_ALL_COMMANDS), SALLY_E_OK);
        assert_int_equal(strlen(c.digest->empty), sizes[i]);
        scp_command_clear(&c);
    }
}

static void df_is_known(void **state)
{
    (void)state;
    check_paths("df", SCP_DF, "/\n");
    check_paths("df -k", SCP_DF, "/\n");
    check_paths("/bin/df -kP '/a b'", SCP_DF, "/a b\n");
    check_paths("df -k -- -x", SCP_DF, "-x\n");
    check_paths("df -h", SCP_REFUSED, "");
    check_paths("df --help", SCP_REFUSED, "");
}

static void check_refused(const char *text, uint32_t status, bool for_scp)
{
    struct scp_command c;
    assert_int_equal(scp_command_parse(&c, slice_of(text), SCP_ALL_COMMANDS), SALLY_E_OK);
    if (c.kind != SCP_REFUSED || c.status != status || c.for_scp != for_scp)
        fail_msg("%s: kind %d, status %u", text, (int)c.kind, c.status);
    assert_non_null(c.message);
    scp_command_clear(&c);
}

static void there_is_no_shell(void **state)
{
    (void)state;
    static const char *const others[] = {"",
                                         " ",
                                         "ls",
                                         "sh",
                                         "sh -c id",
                                         "echo hi",
                                         "/bin/sh",
                                         "scpx -t a",
                                         "/tmp/scp -t a",
                                         "../scp -t a",
                                         "id;scp -t a",
                                         "md5sum a;id",
                                         "md5sum `id`",
                                         "'scp",
                                         "a\\",
                                         "rsync --server .",
                                         "echo 'abc' | sh",
                                         "echo 'abc' | sha256sum",
                                         "echo 'abc' | md5sum a",
                                         "echo 'abc' | scp -t .",
                                         "echo 'abc' | df",
                                         "echo 'abc' |md5sum",
                                         "echo 'abc' | echo 'abc' | md5sum",
                                         "very-long-name-of-a-program-that-is-not-scp"};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        check_refused(others[i], 127, false);
    static const char *const scps[] = {
        "scp -t a;id",     "scp -t a&",     "scp -t a|id",  "scp -f $HOME", "scp -f \"$HOME\"",
        "scp -f \"`id`\"", "scp -f `id`",   "scp -f $(id)", "scp -f <a",    "scp -f >a",
        "scp -f (a)",      "scp -f a\nid",  "scp -f 'a",    "scp -f \"a",   "scp -f a\\",
        "scp -f",          "scp -t",        "scp -t a b",   "scp a b",      "scp -ft a",
        "scp -S id -t a",  "scp -o x -t a", "scp -t -l 1",  "scp --help"};
    for (size_t i = 0; i < COUNT_OF(scps); i++)
        check_refused(scps[i], 1, true);
    struct scp_command c;
    struct slice nul = {(const uint8_t *)"scp -t a\0b", 10};
    assert_int_equal(scp_command_parse(&c, nul, SCP_ALL_COMMANDS), SALLY_E_OK);
    assert_int_equal(c.kind, SCP_REFUSED);
    scp_command_clear(&c);
}

static void check_allowed(const char *text, uint32_t allowed, uint32_t status, const char *message)
{
    struct scp_command c;
    assert_int_equal(scp_command_parse(&c, slice_of(text), allowed), SALLY_E_OK);
    assert_int_equal(c.kind == SCP_REFUSED, message != NULL);
    if (message) {
        assert_int_equal(c.status, status);
        assert_string_equal(c.message, message);
        assert_int_equal(c.for_scp, strncmp(message, "scp: ", 5) == 0);
    }
    scp_command_clear(&c);
}

static void each_command_can_be_switched_off(void **state)
{
    (void)state;
    const char *name;
    uint32_t i;
    for (i = 0; (name = scp_command_name(i)) != NULL; i++) {
        const char *text = i ? name : "/usr/bin/scp -t .";
        check_allowed(text, UINT32_C(1) << i, 0, NULL);
        check_allowed(text, ~(UINT32_C(1) << i), i ? 127 : 1,
                      i ? "This command is disabled on this server."
                        : "scp: disabled on this server; use sftp");
    }
    assert_int_equal(i, 9);
    check_allowed("ls", 1, 127, "This service allows sftp and scp only.");
    check_allowed("ls", 0, 127, "This service allows sftp only.");
    check_allowed("ls | sh", 0, 127, "This service allows sftp only.");
    check_allowed("none", SCP_ALL_COMMANDS, 127, "This service allows sftp and scp only.");
}

static void long_commands_are_refused(void **state)
{
    (void)state;
    char *text = malloc(SCP_COMMAND_MAX + 2);
    assert_non_null(text);
    memset(text, '*', SCP_COMMAND_MAX + 1);
    memcpy(text, "scp -f '", 8);
    text[SCP_COMMAND_MAX + 1] = '\0';
    check_refused(text, 1, true);
    text[SCP_COMMAND_MAX] = '\0';
    text[SCP_COMMAND_MAX - 1] = '\'';
    struct scp_command c;
    assert_int_equal(scp_command_parse(&c, slice_of(text), SCP_ALL_COMMANDS), SALLY_E_OK);
    assert_int_equal(c.kind, SCP_SOURCE);
    assert_int_equal(c.paths.size, 2 * (SCP_COMMAND_MAX - 9) + 1);
    scp_command_clear(&c);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_quote_in_many_ways),
        cmocka_unit_test(patterns_survive_only_unquoted),
        cmocka_unit_test(the_tilde_is_home),
        cmocka_unit_test(digests_are_known),
        cmocka_unit_test(df_is_known),
        cmocka_unit_test(there_is_no_shell),
        cmocka_unit_test(each_command_can_be_switched_off),
        cmocka_unit_test(long_commands_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
