/* Listings of directories that others change meanwhile. The linker puts a function here in the
 * place of os_stat_at(). */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fs/local_fixture.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)

static struct {
    const char *name; /* of which nothing can be found out: */
    int error;
} unknown;

bool __real_os_stat_at(int dir, const char *name, struct os_stat *st);
bool __wrap_os_stat_at(int dir, const char *name, struct os_stat *st);
bool __wrap_os_stat_at(int dir, const char *name, struct os_stat *st)
{
    if (!unknown.name || strcmp(name, unknown.name) != 0)
        return __real_os_stat_at(dir, name, st);
    errno = unknown.error;
    return false;
}

static void start(struct local_fixture *f)
{
    unknown.name = NULL;
    local_fixture_start(f, NULL, DRIVER_INLINE);
    make_file(&f->d, "/a", "1");
    make_file(&f->d, "/b", "12");
    IS(do_mkdir(&f->d, "/d", 0755), OK);
}

/* Between its name and its attributes. */
static void what_is_removed_meanwhile_is_left_out(void **state)
{
    (void)state;
    struct local_fixture f;
    struct listing list = {.count = 0};
    start(&f);
    unknown.name = "b";
    unknown.error = ENOENT;
    IS(do_list(&f.d, "/", 0, &list), OK);
    assert_int_equal(list.count, 2);
    assert_null(listing_find(&list, "b"));
    assert_int_equal(listing_find(&list, "a")->size, 1);
    listing_clear(&list);
    local_fixture_stop(&f);
}

/* Not all file systems have them there. */
static bool listings_have_types(const struct local_fixture *f)
{
    DIR *dir = opendir(f->scratch);
    const struct dirent *entry = dir ? readdir(dir) : NULL;
    bool known = entry && entry->d_type != DT_UNKNOWN;
    assert_non_null(entry);
    closedir(dir);
    return known;
}

/* In a directory that may be read but not searched, names are all there is, and perhaps types. */
static void names_without_attributes_are_listed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t type;
    } cases[] = {{"b", SALLY_TYPE_REGULAR}, {"d", SALLY_TYPE_DIRECTORY}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct local_fixture f;
        struct listing list = {.count = 0};
        start(&f);
        unknown.name = cases[i].name;
        unknown.error = EACCES;
        IS(do_list(&f.d, "/", 0, &list), OK);
        assert_int_equal(list.count, 3);
        const sally_attrs *attrs = listing_find(&list, cases[i].name);
        assert_non_null(attrs);
        assert_int_equal(attrs->valid, listings_have_types(&f) ? SALLY_ATTR_TYPE : 0);
        if (attrs->valid)
            assert_int_equal(attrs->type, cases[i].type);
        listing_clear(&list);
        local_fixture_stop(&f);
    }
}

/* A listing that has begun belongs to the directory, not to its name. */
static void the_directory_may_be_renamed_or_removed(void **state)
{
    (void)state;
    struct local_fixture f;
    struct listing list = {.count = 0};
    sally_file *dir;
    start(&f);
    make_file(&f.d, "/d/inside", "x");
    IS(do_opendir(&f.d, "/d", &dir), OK);
    IS(do_two(&f.d, SALLY_OP_RENAME, "/d", "/e", 0), OK);
    IS(do_readdir(&f.d, dir, &list), EOF);
    assert_int_equal(list.count, 1);
    assert_non_null(listing_find(&list, "inside"));
    IS(do_closedir(&f.d, dir), OK);
    listing_clear(&list);
    IS(do_path(&f.d, SALLY_OP_REMOVE, "/e/inside"), OK);
    IS(do_opendir(&f.d, "/e", &dir), OK);
    IS(do_path(&f.d, SALLY_OP_RMDIR, "/e"), OK);
    memset(&list, 0, sizeof list);
    IS(do_readdir(&f.d, dir, &list), EOF);
    assert_int_equal(list.count, 0);
    IS(do_closedir(&f.d, dir), OK);
    listing_clear(&list);
    local_fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_removed_meanwhile_is_left_out),
        cmocka_unit_test(names_without_attributes_are_listed),
        cmocka_unit_test(the_directory_may_be_renamed_or_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
