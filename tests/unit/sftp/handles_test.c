#include "cmocka_all.h"

#include "core/file.h"
#include "sftp/handles.h"

#define SLICE(h) ((struct slice){h, HANDLE_SIZE})

static void handles_find_their_files(void **state)
{
    (void)state;
    sally_file files[20];
    uint8_t h[20][HANDLE_SIZE];
    struct handles t;
    bool full;
    handles_init(&t, 20);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(handles_reserve(&t, &full), SALLY_OK);
        handles_add(&t, &files[i], h[i]);
    }
    for (int i = 0; i < 20; i++)
        assert_ptr_equal(handles_find(&t, SLICE(h[i])), &files[i]);
    handles_remove(&t, SLICE(h[7]));
    assert_null(handles_find(&t, SLICE(h[7])));
    assert_ptr_equal(handles_find(&t, SLICE(h[8])), &files[8]);
    assert_int_equal(handles_reserve(&t, &full), SALLY_OK);
    uint8_t again[HANDLE_SIZE];
    handles_add(&t, &files[7], again);
    assert_null(handles_find(&t, SLICE(h[7])));
    assert_ptr_equal(handles_find(&t, SLICE(again)), &files[7]);
    handles_clear(&t);
    assert_null(handles_find(&t, SLICE(again)));
}

static void there_is_a_maximum(void **state)
{
    (void)state;
    sally_file file;
    uint8_t h[HANDLE_SIZE];
    for (uint32_t max = 0; max < 20; max++) {
        struct handles t;
        bool full;
        handles_init(&t, max);
        for (uint32_t i = 0; i < max; i++) {
            assert_int_equal(handles_reserve(&t, &full), SALLY_OK);
            if (i % 2)
                handles_add(&t, &file, h);
        }
        assert_int_equal(handles_reserve(&t, &full), SALLY_FAILURE);
        assert_true(full);
        if (max) { /* the first was not used */
            handles_unreserve(&t);
            assert_int_equal(handles_reserve(&t, &full), SALLY_OK);
        }
        handles_clear(&t);
    }
}

static void other_sizes_are_nothing(void **state)
{
    (void)state;
    sally_file file;
    uint8_t h[300] = {0};
    struct handles t;
    bool full;
    handles_init(&t, 4);
    assert_null(handles_find(&t, SLICE(h)));
    assert_int_equal(handles_reserve(&t, &full), SALLY_OK);
    handles_add(&t, &file, h);
    for (size_t size = 0; size < sizeof h; size++) {
        sally_file *found = handles_find(&t, (struct slice){h, size});
        if (size == HANDLE_SIZE)
            assert_ptr_equal(found, &file);
        else
            assert_null(found);
    }
    h[0] = 0x80; /* an index far outside */
    assert_null(handles_find(&t, SLICE(h)));
    handles_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handles_find_their_files),
        cmocka_unit_test(there_is_a_maximum),
        cmocka_unit_test(other_sizes_are_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
