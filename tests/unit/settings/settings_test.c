/* What layers come to. */
#include "cmocka_all.h"

#include <string.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "settings/fixture.h"

static char why[SETTINGS_WHY_SIZE];

/* The layers above a server's, from below. */
struct layers {
    struct setting_layer each[3];
    const struct setting_layer *all[3];
};

static void layers_begin(struct layers *l)
{
    static const uint32_t scopes[] = {SALLY_SCOPE_LISTENER, SALLY_SCOPE_USER,
                                      SALLY_SCOPE_CONNECTION};
    for (size_t i = 0; i < COUNT_OF(scopes); i++) {
        setting_layer_init(&l->each[i], scopes[i]);
        l->all[i] = &l->each[i];
    }
}

static void layers_end(struct layers *l)
{
    for (size_t i = 0; i < COUNT_OF(l->each); i++)
        setting_layer_clear(&l->each[i]);
}

static void set(struct setting_layer *layer, const char *name, const char *value)
{
    assert_int_equal(setting_layer_set(layer, name, value, why), SALLY_E_OK);
}

static struct settings *resolve(struct layers *l, struct settings *base)
{
    struct settings *s;
    assert_int_equal(settings_resolve(&s, base, l->all, COUNT_OF(l->all), why), SALLY_E_OK);
    return s;
}

static void the_highest_layer_wins(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } settings[] = {{"limits.idle_time", "1h"},
                    {"sftp.max_version", "3"},
                    {"sftp.list_dots", "no"},
                    {"sftp.filename_charset", "KOI8-R"},
                    {"sftp.deny_requests", "remove"}};
    static const struct {
        const char *name, *value;
    } lower[] = {{"limits.idle_time", "2h"},
                 {"sftp.max_version", "4"},
                 {"sftp.list_dots", "yes"},
                 {"sftp.filename_charset", ""},
                 {"sftp.deny_requests", "mkdir"}};
    struct fixture f;
    fixture_begin(&f);
    for (size_t winner = 0; winner < 3; winner++) {
        struct layers l;
        layers_begin(&l);
        for (size_t i = 0; i < COUNT_OF(settings); i++) {
            assert_int_equal(fixture_set(&f, lower[i].name, lower[i].value), SALLY_E_OK);
            for (size_t layer = 0; layer < winner; layer++)
                set(&l.each[layer], lower[i].name, lower[i].value);
            set(&l.each[winner], settings[i].name, settings[i].value);
        }
        struct settings *s = resolve(&l, f.settings);
        for (size_t i = 0; i < COUNT_OF(settings); i++) {
            assert_shows(s, settings[i].name, settings[i].value);
            assert_shows(f.settings, lower[i].name, lower[i].value);
        }
        assert_shows(s, "limits.open_files", "1024"); /* no one set it */
        settings_unref(s);
        layers_end(&l);
    }
    fixture_end(&f);
}

static void lists_change_what_is_below_them(void **state)
{
    (void)state;
    struct fixture f;
    struct layers l;
    fixture_begin(&f);
    layers_begin(&l);
    assert_int_equal(fixture_set(&f, "sftp.deny_requests", "rmdir"), SALLY_E_OK);
    assert_int_equal(fixture_set(&f, "ssh.commands", "-b2sum,df,*2*sum,sha*"), SALLY_E_OK);
    assert_shows(f.settings, "ssh.commands", "scp,md5sum");
    set(&l.each[0], "sftp.deny_requests", "+remove");
    set(&l.each[1], "sftp.deny_requests", "^mkdir,-rmdir");
    set(&l.each[2], "ssh.commands", "+df,-scp");
    struct settings *s = resolve(&l, f.settings);
    assert_shows(s, "sftp.deny_requests", "mkdir,remove");
    assert_shows(s, "ssh.commands", "md5sum,df");
    settings_unref(s);
    /* One that stands alone hides what is below it. */
    set(&l.each[1], "sftp.deny_requests", "");
    s = resolve(&l, f.settings);
    assert_shows(s, "sftp.deny_requests", "");
    settings_unref(s);
    layers_end(&l);
    fixture_end(&f);
}

/* A request that has two names is one thing in every layer. */
static void lists_know_a_request_by_all_its_names(void **state)
{
    (void)state;
    static const char *const lists[] = {"sftp.allow_requests", "sftp.deny_requests"};
    static const struct {
        const char *below, *above, *result;
    } cases[] = {
        {"stat,statvfs", "-statvfs@openssh.com", "stat"},
        {"stat,statvfs@openssh.com", "-statvfs", "stat"},
        {"stat,statvfs@openssh.com", "-statvfs@openssh.com", "stat"},
        {"stat,check-file", "-check-file-handle", "stat"},
        {"stat,check-file-handle", "-check-file", "stat"},
        {"stat,statvfs,fsync@openssh.com,copy-data", "-*@openssh.com", "stat,copy-data"},
        {"stat,statvfs@openssh.com,fstatvfs", "-*vfs", "stat"},
        {"stat,statvfs", "+statvfs@openssh.com,fsync@openssh.com", "stat,statvfs,fsync"},
        {"stat,statvfs@openssh.com", "^statvfs", "statvfs,stat"},
        {"stat", "^fsync@openssh.com", "fsync,stat"},
        {"stat", "fsync@openssh.com,fsync,their@own", "fsync,their@own"},
    };
    struct fixture f;
    fixture_begin(&f);
    for (size_t k = 0; k < COUNT_OF(lists); k++) {
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            struct layers l;
            layers_begin(&l);
            assert_int_equal(fixture_set(&f, lists[k], cases[i].below), SALLY_E_OK);
            set(&l.each[1], lists[k], cases[i].above);
            struct settings *s = resolve(&l, f.settings);
            assert_shows(s, lists[k], cases[i].result);
            settings_unref(s);
            layers_end(&l);
        }
    }
    fixture_end(&f);
}

/* An empty list of what is allowed allows everything, and one of what may be used nothing. */
static void a_change_leaves_something(void **state)
{
    (void)state;
    struct fixture f;
    struct layers l;
    struct settings *s;
    fixture_begin(&f);
    layers_begin(&l);
    assert_int_equal(fixture_set(&f, "sftp.allow_requests", "open,read"), SALLY_E_OK);
    assert_int_equal(fixture_set(&f, "ssh.commands", "scp"), SALLY_E_OK);
    set(&l.each[1], "sftp.allow_requests", "-open,read");
    assert_int_equal(settings_resolve(&s, f.settings, l.all, 3, why), SALLY_E_RANGE);
    assert_null(s);
    assert_string_equal(why, "sftp.allow_requests: the list would be empty");
    set(&l.each[1], "sftp.allow_requests", "-open");
    set(&l.each[2], "ssh.commands", "-scp");
    assert_int_equal(settings_resolve(&s, f.settings, l.all, 3, why), SALLY_E_RANGE);
    assert_string_equal(why, "ssh.commands: the list would be empty");
    set(&l.each[2], "ssh.commands", "none");
    set(&l.each[2], "sftp.allow_requests", "");
    s = resolve(&l, f.settings);
    assert_shows(s, "sftp.allow_requests", "");
    settings_unref(s);
    /* From everything, no name can be taken away. */
    set(&l.each[1], "sftp.allow_requests", "");
    set(&l.each[2], "sftp.allow_requests", "-open");
    assert_int_equal(settings_resolve(&s, f.settings, l.all, 3, why), SALLY_E_RANGE);
    assert_string_equal(why, "sftp.allow_requests: an empty list means all, so no names can be "
                             "removed from it");
    assert_int_equal(fixture_set(&f, "sftp.allow_requests", "-open"), SALLY_E_RANGE);
    assert_int_equal(fixture_set(&f, "sftp.allow_requests", "+open,-open"), SALLY_E_RANGE);
    set(&l.each[2], "sftp.allow_requests", "+open");
    s = resolve(&l, f.settings);
    assert_shows(s, "sftp.allow_requests", "open");
    settings_unref(s);
    set(&l.each[2], "sftp.allow_requests", "");
    /* What is denied may come to nothing. */
    assert_int_equal(fixture_set(&f, "sftp.deny_requests", "rmdir"), SALLY_E_OK);
    set(&l.each[2], "sftp.deny_requests", "-rmdir");
    s = resolve(&l, f.settings);
    assert_shows(s, "sftp.deny_requests", "");
    settings_unref(s);
    layers_end(&l);
    fixture_end(&f);
}

static void what_is_not_set_is_shared(void **state)
{
    (void)state;
    struct fixture f;
    struct layers l;
    fixture_begin(&f);
    layers_begin(&l);
    assert_int_equal(fixture_set(&f, "ssh.banner", "Hello"), SALLY_E_OK);
    struct settings *same = resolve(&l, f.settings);
    assert_ptr_equal(same, f.settings); /* no layer has anything */
    settings_unref(same);
    set(&l.each[2], "sftp.deny_requests", "remove");
    struct settings *s = resolve(&l, f.settings);
    assert_ptr_not_equal(s, f.settings);
    assert_ptr_equal(s->ssh.fixed.banner, f.settings->ssh.fixed.banner);
    /* A set outlives the one that it is based on. */
    assert_int_equal(fixture_set(&f, "ssh.banner", "Bye"), SALLY_E_OK);
    assert_shows(s, "ssh.banner", "Hello");
    struct settings *held = settings_ref(s);
    settings_unref(s);
    fixture_end(&f);
    assert_shows(held, "ssh.banner", "Hello");
    assert_shows(held, "sftp.deny_requests", "remove");
    settings_unref(held);
    layers_end(&l);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    struct fixture f;
    struct layers l;
    fixture_begin(&f);
    layers_begin(&l);
    assert_int_equal(fixture_set(&f, "sftp.deny_requests", "rmdir"), SALLY_E_OK);
    set(&l.each[0], "ssh.banner", "Hello");
    set(&l.each[0], "sftp.deny_requests", "+remove");
    set(&l.each[1], "sftp.deny_requests", "-rmdir,^mkdir");
    set(&l.each[2], "limits.idle_time", "5m");
    size_t before = alloc_live_bytes();
    bool failed = true;
    for (unsigned nth = 1; failed; nth++) {
        struct settings *s;
        alloc_fail_at(nth);
        sally_error error = settings_resolve(&s, f.settings, l.all, 3, why);
        failed = alloc_failed();
        assert_int_equal(error, failed ? SALLY_E_NO_MEMORY : SALLY_E_OK);
        assert_int_equal(s == NULL, failed);
        settings_unref(s);
        assert_int_equal(alloc_live_bytes(), before);
    }
    layers_end(&l);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_highest_layer_wins),
        cmocka_unit_test(lists_change_what_is_below_them),
        cmocka_unit_test(lists_know_a_request_by_all_its_names),
        cmocka_unit_test(a_change_leaves_something),
        cmocka_unit_test(what_is_not_set_is_shared),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
