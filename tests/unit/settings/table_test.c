#include "cmocka_all.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "crypto/kex_method.h"
#include "crypto/packet_cipher.h"
#include "crypto/public_key.h"
#include "settings/fixture.h"
#include "settings/value.h"

/* Everything may be set for the server. What connections may differ in may change at any time, and
 * what one connection may have, so may all of a user or listener. */
static void assert_scope_is_plausible(const sally_setting *row)
{
    static const uint32_t plausible[] = {
        SALLY_SCOPE_SERVER,
        SALLY_SCOPE_SERVER | SALLY_SCOPE_RUNNING,
        SALLY_SCOPE_SERVER | SALLY_SCOPE_RUNNING | SALLY_SCOPE_LISTENER,
        SALLY_SCOPE_SERVER | SALLY_SCOPE_RUNNING | SALLY_SCOPE_LISTENER | SALLY_SCOPE_USER |
            SALLY_SCOPE_CONNECTION,
    };
    bool found = false;
    for (size_t i = 0; i < COUNT_OF(plausible); i++)
        found = found || row->scope == plausible[i];
    if (!found)
        fail_msg("%s: scope %u", row->name, (unsigned)row->scope);
}

static void names_are_sorted_and_rows_complete(void **state)
{
    (void)state;
    const sally_setting *row, *before = NULL;
    size_t count = 0;
    for (; (row = sally_setting_at(count)); count++, before = row) {
        if (before)
            assert_true(strcmp(before->name, row->name) < 0);
        assert_true(row->type >= SALLY_SETTING_NUMBER && row->type <= SALLY_SETTING_LIST);
        assert_scope_is_plausible(row);
        assert_true(strlen(row->help) > 5);
        assert_non_null(row->default_value);
        assert_non_null(row->minimum);
        assert_non_null(row->maximum);
        assert_ptr_equal(sally_setting_find(row->name), row);
    }
    assert_true(count > 30);
    assert_null(sally_setting_find("ssh.nothing"));
    assert_null(sally_setting_find(NULL));
}

/* Every row: its default is printed as it is documented, is accepted again, and both ends of the
 * range are the ends. */
static void every_row_parses_and_prints(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    const sally_setting *row;
    for (size_t i = 0; (row = sally_setting_at(i)); i++) {
        assert_shows(f.settings, row->name, row->default_value);
        assert_int_equal(fixture_set(&f, row->name, row->default_value), SALLY_E_OK);
        if (row->type == SALLY_SETTING_TEXT || row->type == SALLY_SETTING_LIST)
            continue;
        assert_int_equal(fixture_set(&f, row->name, ""), SALLY_E_PARSE);
        assert_int_equal(fixture_set(&f, row->name, "-1"), SALLY_E_PARSE);
        assert_int_equal(fixture_set(&f, row->name, "1x"), SALLY_E_PARSE);
        if (row->type == SALLY_SETTING_BOOL) {
            assert_int_equal(fixture_set(&f, row->name, "2"), SALLY_E_PARSE);
            continue;
        }
        assert_int_equal(fixture_set(&f, row->name, "99999999999999999999999"), SALLY_E_RANGE);
        uint64_t end;
        char text[64];
        if (row->minimum[0]) {
            assert_int_equal(fixture_set(&f, row->name, row->minimum), SALLY_E_OK);
            assert_shows(f.settings, row->name, row->minimum);
            assert_int_equal(setting_parse_number(row->type, row->minimum, &end), SALLY_E_OK);
            if (end > 0) {
                setting_print_number(row->type, end - 1, text, sizeof text);
                assert_int_equal(fixture_set(&f, row->name, text), SALLY_E_RANGE);
                assert_non_null(strstr(f.why, row->name));
            }
        }
        if (row->maximum[0]) {
            assert_int_equal(fixture_set(&f, row->name, row->maximum), SALLY_E_OK);
            assert_shows(f.settings, row->name, row->maximum);
            assert_int_equal(setting_parse_number(row->type, row->maximum, &end), SALLY_E_OK);
            setting_print_number(row->type, end + 1, text, sizeof text);
            assert_int_equal(fixture_set(&f, row->name, text), SALLY_E_RANGE);
        }
        assert_int_equal(fixture_set(&f, row->name, row->default_value), SALLY_E_OK);
    }
    fixture_end(&f);
}

static size_t size_of(const struct setting_row *row)
{
    switch (row->width) {
    case WIDTH_BOOL:
        return sizeof(bool);
    case WIDTH_U32:
        return sizeof(uint32_t);
    case WIDTH_U64:
        return sizeof(uint64_t);
    default:
        return sizeof(const char *);
    }
}

static void assert_width_fits(const struct setting_row *row)
{
    uint64_t most = UINT64_MAX;
    bool is_text = row->pub.type == SALLY_SETTING_TEXT || row->pub.type == SALLY_SETTING_LIST;
    assert_int_equal(row->width == WIDTH_TEXT, is_text);
    assert_int_equal(row->width == WIDTH_BOOL, row->pub.type == SALLY_SETTING_BOOL);
    if (row->pub.maximum[0])
        assert_int_equal(setting_parse_number(row->pub.type, row->pub.maximum, &most), SALLY_E_OK);
    if (row->width == WIDTH_U32 && most > UINT32_MAX)
        fail_msg("%s has no room for its maximum", row->pub.name);
}

/* Each row has a member of its own, as wide as its values. */
static void rows_have_members_of_their_own(void **state)
{
    (void)state;
    const struct setting_row *row, *other;
    for (size_t i = 0; (row = setting_row_at(i)); i++) {
        assert_width_fits(row);
        assert_true(row->offset >= offsetof(struct settings, auth));
        assert_true(row->offset + size_of(row) <= sizeof(struct settings));
        assert_int_equal(row->offset % size_of(row), 0);
        for (size_t k = 0; k < i; k++) {
            other = setting_row_at(k);
            if (other->offset < row->offset + size_of(row) &&
                row->offset < other->offset + size_of(other))
                fail_msg("%s and %s share a member", row->pub.name, other->pub.name);
        }
    }
}

/* A user is known, and a connection can be named, only when the engine has begun. */
static void what_is_fixed_comes_from_below(void **state)
{
    (void)state;
    const size_t begin = offsetof(struct settings, ssh.fixed);
    const size_t end = begin + sizeof(struct ssh_fixed_settings);
    const struct setting_row *row;
    size_t count = 0;
    for (size_t i = 0; (row = setting_row_at(i)); i++) {
        if (row->offset < begin || row->offset >= end)
            continue;
        count++;
        if (row->pub.scope & (SALLY_SCOPE_USER | SALLY_SCOPE_CONNECTION))
            fail_msg("%s would change too late", row->pub.name);
    }
    assert_int_equal(count, 11);
}

static void expect_list(const char *setting, struct buf *names)
{
    put_u8(names, 0);
    assert_false(names->failed);
    assert_string_equal(sally_setting_find(setting)->default_value, (char *)buf_head(names));
    buf_clear(names);
}

static void add_name(struct buf *names, bool in_default, const char *name)
{
    if (in_default)
        put_format(names, "%s%s", names->size ? "," : "", name);
}

static void defaults_are_those_of_the_tables(void **state)
{
    (void)state;
    struct buf names;
    buf_init(&names, 8192);
    const struct kex_method *kex;
    for (size_t i = 0; (kex = kex_method_at(i)); i++)
        add_name(&names, kex->in_default, kex->name);
    expect_list("ssh.kex", &names);
    const struct cipher_info *cipher;
    for (size_t i = 0; (cipher = cipher_at(i)); i++)
        add_name(&names, cipher->in_default, cipher->name);
    expect_list("ssh.ciphers", &names);
    const struct mac_info *mac;
    for (size_t i = 0; (mac = mac_at(i)); i++)
        add_name(&names, mac->in_default, mac->name);
    expect_list("ssh.macs", &names);
    static const char *const signatures[] = {"ssh.host_key_algorithms",
                                             "ssh.public_key_algorithms"};
    const struct signature_algorithm *signature;
    for (size_t s = 0; s < COUNT_OF(signatures); s++) {
        for (size_t i = 0; (signature = signature_algorithm_at(i)); i++)
            add_name(&names, signature->in_default, signature->name);
        expect_list(signatures[s], &names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_sorted_and_rows_complete),
        cmocka_unit_test(every_row_parses_and_prints),
        cmocka_unit_test(rows_have_members_of_their_own),
        cmocka_unit_test(what_is_fixed_comes_from_below),
        cmocka_unit_test(defaults_are_those_of_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
