#include "cmocka_all.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "fs/id_names.h"

static void known_and_unknown(void **state)
{
    (void)state;
    struct id_names names;
    char text[ID_NAME_SIZE];
    assert_true(id_names_init(&names, ID_ALL));
    for (int i = 0; i < 2; i++) { /* asked, then remembered */
        assert_true(id_names_get(&names, ID_USER, 0, text));
        assert_string_equal(text, "root");
        assert_true(id_names_get(&names, ID_GROUP, 0, text));
        assert_string_equal(text, "root");
        assert_false(id_names_get(&names, ID_USER, 4000000000u, text));
        assert_string_equal(text, "4000000000");
        /* The same place in the table. */
        assert_false(
            id_names_get(&names, ID_USER, 4000000000u - 4000000000u % ID_NAMES_PLACES, text));
        assert_true(id_names_get(&names, ID_USER, 0, text));
        assert_string_equal(text, "root");
    }
    id_names_clear(&names);
}

static void only_what_is_kept(void **state)
{
    (void)state;
    struct id_names names;
    char text[ID_NAME_SIZE], group[ID_NAME_SIZE];
    assert_true(id_names_init(&names, ID_ALL));
    assert_false(id_names_kept(&names, 0, 0, text, group));
    id_names_get(&names, ID_USER, 0, text);
    assert_false(id_names_kept(&names, 0, 0, text, group)); /* both, or nothing */
    id_names_get(&names, ID_GROUP, 0, text);
    text[0] = group[0] = 0;
    assert_true(id_names_kept(&names, 0, 0, text, group));
    assert_string_equal(text, "root");
    assert_string_equal(group, "root");
    assert_false(id_names_kept(&names, ID_NAMES_PLACES, 0, text, group)); /* the same place */
    assert_false(id_names_kept(&names, 0, ID_NAMES_PLACES, text, group));
    /* That there is no name is kept, too: the number stands for it. */
    id_names_get(&names, ID_USER, 4000000000u, text);
    assert_true(id_names_kept(&names, 4000000000u, 0, text, group));
    assert_string_equal(text, "4000000000");
    id_names_clear(&names);
}

static void numbers(void **state)
{
    (void)state;
    uint32_t id = 77;
    struct id_names names;
    assert_true(id_names_init(&names, ID_ALL));
    assert_true(id_of_name(&names, ID_USER, "root", &id));
    assert_int_equal(id, 0);
    assert_true(id_of_name(&names, ID_GROUP, "root", &id));
    assert_true(id_of_name(&names, ID_USER, "4294967294", &id));
    assert_int_equal(id, 4294967294u);
    static const char *const bad[] = {
        "", "-1", "4294967295", "4294967296", "99999999999999999999", "0x1", "1 ", "nobody at all"};
    id = 77;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(id_of_name(&names, ID_USER, bad[i], &id));
    assert_int_equal(id, 77);
    id_names_clear(&names);
}

/* Whatever else this machine knows, there are two names. */
static void own_names_alone(void **state)
{
    (void)state;
    struct id_names all, own;
    char name[ID_NAME_SIZE], number[ID_NAME_SIZE];
    assert_true(id_names_init(&all, ID_ALL));
    assert_true(id_names_init(&own, ID_OWN));
    static const enum id_kind kinds[] = {ID_USER, ID_GROUP};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const enum id_kind kind = kinds[i];
        const uint32_t mine = kind == ID_USER ? geteuid() : getegid();
        unsigned told = 0;
        for (uint32_t id = 0; id < 2000; id++) {
            uint32_t found = 77;
            bool known = id_names_get(&all, kind, id, name);
            snprintf(number, sizeof(number), "%u", (unsigned)id);
            if (id_names_get(&own, kind, id, id == mine ? name : number))
                assert_int_equal(id, mine);
            else if (id != mine)
                assert_true(id_of_number(number, &found) && found == id);
            if (!known)
                continue;
            told++;
            assert_int_equal(id_of_name(&own, kind, name, &found), id == mine);
        }
        assert_true(told > 0); /* there was something to hide */
    }
    id_names_clear(&all);
    id_names_clear(&own);
}

static void *ask_many(void *arg)
{
    struct id_names *names = arg;
    char text[ID_NAME_SIZE];
    for (uint32_t i = 0; i < 300; i++)
        id_names_get(names, i % 2 ? ID_USER : ID_GROUP, i % 7 * ID_NAMES_PLACES, text);
    return NULL;
}

static void from_many_threads(void **state)
{
    (void)state;
    struct id_names names;
    pthread_t threads[4];
    assert_true(id_names_init(&names, ID_ALL));
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_many, &names), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    id_names_clear(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_and_unknown), cmocka_unit_test(only_what_is_kept),
        cmocka_unit_test(numbers),           cmocka_unit_test(own_names_alone),
        cmocka_unit_test(from_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
