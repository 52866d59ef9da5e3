#include "cmocka_all.h"

#include <stdio.h>

#include "core/attrs.h"
#include "core/longname.h"

#include "base/mem.h"

#define NOW INT64_C(1700000000) /* 2023-11-14 22:13:20 */
#define DAY INT64_C(86400)

static const char *line(const char *name, const sally_attrs *attrs, int64_t now)
{
    static char text[1024];
    struct buf b;
    buf_init(&b, sizeof text - 1);
    longname_put(&b, name, attrs, now);
    assert_false(b.failed);
    memcpy(text, buf_head(&b), b.size);
    text[b.size] = '\0';
    buf_clear(&b);
    return text;
}

static sally_attrs file_at(int64_t mtime)
{
    return (sally_attrs){.valid = SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_PERMISSIONS |
                                  SALLY_ATTR_IDS | SALLY_ATTR_MTIME | SALLY_ATTR_LINK_COUNT,
                         .type = SALLY_TYPE_REGULAR,
                         .size = 1234,
                         .permissions = 0644,
                         .uid = 1000,
                         .gid = 100,
                         .link_count = 2,
                         .mtime = {.seconds = mtime}};
}

static void a_file_looks_as_in_ls(void **state)
{
    (void)state;
    sally_attrs a = file_at(NOW - DAY);
    assert_string_equal(line("notes.txt", &a, NOW),
                        "-rw-r--r--    2 1000     100          1234 Nov 13 22:13 notes.txt");
    a.valid |= SALLY_ATTR_NAMES;
    a.owner = "joe";
    a.group = "domain users";
    a.size = 12345678901;
    a.type = SALLY_TYPE_DIRECTORY;
    assert_string_equal(line("d", &a, NOW),
                        "drw-r--r--    2 joe      domain_users 12345678901 Nov 13 22:13 d");
}

static void times_of_day_are_for_the_last_180_days(void **state)
{
    (void)state;
    static const struct {
        int64_t mtime, now;
        const char *text;
    } cases[] = {
        {NOW, NOW, "Nov 14 22:13"},
        {NOW + 1, NOW, "Nov 14  2023"},
        {NOW - 180 * DAY + 1, NOW, "May 18 22:13"},
        {NOW - 180 * DAY, NOW, "May 18  2023"},
        {0, NOW, "Jan  1  1970"},
        {-1, NOW, "Dec 31  1969"},
        {INT64_C(951782400), NOW, "Feb 29  2000"},
        {INT64_C(951868800), NOW, "Mar  1  2000"},
        {INT64_C(4107542400), NOW, "Mar  1  2100"},
        {INT64_C(4107542399), NOW, "Feb 28  2100"},
        {INT64_C(253402300800), NOW, "Jan  1 10000"},
        {NOW, 0, "Nov 14  2023"}, /* no clock */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sally_attrs a = file_at(cases[i].mtime);
        const char *text = line("x", &a, cases[i].now);
        char wanted[32];
        snprintf(wanted, sizeof wanted, " %s x", cases[i].text);
        assert_string_equal(text + strlen(text) - strlen(wanted), wanted);
    }
}

static void absurd_times_do_no_harm(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1};
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        sally_attrs a = file_at(times[i]);
        for (size_t k = 0; k < COUNT_OF(times); k++)
            line("x", &a, times[k]);
    }
}

static void modes_have_their_letters(void **state)
{
    (void)state;
    static const struct {
        uint32_t type, permissions;
        const char *text;
    } cases[] = {
        {SALLY_TYPE_REGULAR, 0, "----------"},         {SALLY_TYPE_REGULAR, 0777, "-rwxrwxrwx"},
        {SALLY_TYPE_REGULAR, 04755, "-rwsr-xr-x"},     {SALLY_TYPE_REGULAR, 06644, "-rwSr-Sr--"},
        {SALLY_TYPE_DIRECTORY, 01777, "drwxrwxrwt"},   {SALLY_TYPE_DIRECTORY, 01776, "drwxrwxrwT"},
        {SALLY_TYPE_SYMLINK, 0777, "lrwxrwxrwx"},      {SALLY_TYPE_FIFO, 0600, "prw-------"},
        {SALLY_TYPE_SOCKET, 0600, "srw-------"},       {SALLY_TYPE_CHAR_DEVICE, 0600, "crw-------"},
        {SALLY_TYPE_BLOCK_DEVICE, 0600, "brw-------"}, {SALLY_TYPE_SPECIAL, 0600, "?rw-------"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sally_attrs a = file_at(0);
        a.type = cases[i].type;
        a.permissions = cases[i].permissions;
        const char *text = line("x", &a, NOW);
        assert_memory_equal(text, cases[i].text, 10);
        if (cases[i].type != SALLY_TYPE_SPECIAL)
            assert_int_equal(attrs_type_of_mode(attrs_posix_mode(&a)), cases[i].type);
        assert_int_equal(attrs_posix_mode(&a) & 07777, cases[i].permissions);
    }
    assert_int_equal(attrs_type_of_mode(0644), SALLY_TYPE_UNKNOWN);
    assert_int_equal(attrs_type_of_mode(0150000), SALLY_TYPE_SPECIAL);
    sally_attrs a = {.valid = SALLY_ATTR_TYPE, .type = SALLY_TYPE_DIRECTORY};
    assert_int_equal(attrs_posix_mode(&a), 0040755); /* a guess is better than no type */
}

static void nothing_known_is_still_a_line(void **state)
{
    (void)state;
    const sally_attrs a = {.valid = 0};
    assert_string_equal(line("x", &a, NOW),
                        "----------    1 -        -               0 Jan  1  1970 x");
}

static void names_cannot_break_the_line(void **state)
{
    (void)state;
    sally_attrs a = file_at(NOW);
    a.valid |= SALLY_ATTR_NAMES;
    a.owner = "e\nvil";
    a.group = NULL;
    const char *text = line("a b\r\n-rw-r--r--\x7f\x1b[2J\xff", &a, NOW);
    assert_null(strpbrk(text, "\r\n\x1b\x7f"));
    assert_non_null(strstr(text, "e?vil "));
    assert_non_null(strstr(text, " a b?"
                                 "?-rw-r--r--?"
                                 "?[2J\xff"));
}

static void a_full_buffer_fails_cleanly(void **state)
{
    (void)state;
    sally_attrs a = file_at(NOW);
    size_t whole = strlen(line("notes.txt", &a, NOW));
    for (size_t max = 0; max < 70; max++) {
        uint8_t bytes[70];
        struct buf b = {.data = bytes, .capacity = max, .max = max};
        longname_put(&b, "notes.txt", &a, NOW);
        assert_int_equal(b.failed, max < whole);
        assert_true(b.size <= max);
    }
}

static void callers_get_the_same_line(void **state)
{
    (void)state;
    sally_attrs a = file_at(NOW - DAY);
    char text[128 + 9], small[128];
    assert_int_equal(sally_attrs_longname(&a, "notes.txt", NOW, text, sizeof text), SALLY_E_OK);
    assert_string_equal(text, line("notes.txt", &a, NOW));
    size_t size = strlen(text);
    assert_int_equal(sally_attrs_longname(&a, "notes.txt", NOW, small, size + 1), SALLY_E_OK);
    assert_int_equal(sally_attrs_longname(&a, "notes.txt", NOW, small, size), SALLY_E_RANGE);
    assert_string_equal(small, "");
    assert_int_equal(sally_attrs_longname(&a, "notes.txt", NOW, small, 1), SALLY_E_RANGE);
    assert_int_equal(sally_attrs_longname(&a, "notes.txt", NOW, small, 0), SALLY_E_INVALID);
    assert_int_equal(sally_attrs_longname(&a, "notes.txt", NOW, NULL, 9), SALLY_E_INVALID);
    assert_int_equal(sally_attrs_longname(&a, NULL, NOW, small, 9), SALLY_E_INVALID);
    assert_int_equal(sally_attrs_longname(NULL, "notes.txt", NOW, small, 9), SALLY_E_INVALID);
}

static void the_longest_columns_fit(void **state)
{
    (void)state;
    sally_attrs a = file_at(INT64_MAX);
    char text[129];
    a.link_count = a.uid = a.gid = UINT32_MAX;
    a.size = UINT64_MAX;
    assert_int_equal(sally_attrs_longname(&a, "", NOW, text, sizeof text - 1), SALLY_E_OK);
}

static void a_storages_line_is_made_safe(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    longname_put_given(&b, "a \x1b[1m line\n");
    assert_true(slice_is(buf_slice(&b), "a ?[1m line?"));
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_looks_as_in_ls),
        cmocka_unit_test(times_of_day_are_for_the_last_180_days),
        cmocka_unit_test(absurd_times_do_no_harm),
        cmocka_unit_test(modes_have_their_letters),
        cmocka_unit_test(nothing_known_is_still_a_line),
        cmocka_unit_test(names_cannot_break_the_line),
        cmocka_unit_test(a_full_buffer_fails_cleanly),
        cmocka_unit_test(callers_get_the_same_line),
        cmocka_unit_test(the_longest_columns_fit),
        cmocka_unit_test(a_storages_line_is_made_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
