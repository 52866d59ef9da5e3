/* A storage's methods. */
#include "cmocka_all.h"

#include <stddef.h>
#include <string.h>

#include "core/fs.h"
#include "core/hook_stack.h"

static sally_status any(sally_fs *fs, sally_op *op)
{
    (void)fs;
    (void)op;
    return SALLY_OK;
}

/* A wrapper can do what the storage inside can, and says so: no more, no less. */
static void wrappers_promise_no_more(void **state)
{
    (void)state;
    const sally_fs_methods small = {.struct_size = sizeof small,
                                    .traits = SALLY_FS_TRY | SALLY_FS_ACL,
                                    .stat = any,
                                    .readdir = any};
    sally_fs *inner, *outer;
    assert_int_equal(sally_fs_new(&inner, &small, NULL), SALLY_E_OK);
    sally_fs_methods methods = {.struct_size = sizeof methods};
    sally_fs_methods_wrap(&methods, inner, any);
    assert_ptr_equal(methods.stat, any);
    assert_null(methods.open);
    assert_int_equal(methods.traits,
                     SALLY_FS_ACL); /* the others are promises of the wrapper's own */
    assert_int_equal(sally_fs_new(&outer, &methods, NULL), SALLY_E_OK);
    for (uint32_t kind = 0; kind <= SALLY_OP_KINDS; kind++)
        assert_int_equal(!sally_fs_supports(outer, kind), !sally_fs_supports(inner, kind));
    sally_fs_unref(outer);
    sally_fs_unref(inner);
}

/* A program that was built with an older header has a shorter structure. */
static void short_structures_stay_whole(void **state)
{
    (void)state;
    const sally_fs_methods large = {
        .struct_size = sizeof large, .open = any, .close = any, .hash = any};
    sally_fs *inner;
    assert_int_equal(sally_fs_new(&inner, &large, NULL), SALLY_E_OK);
    sally_fs_methods methods;
    memset(&methods, 0, sizeof methods);
    methods.struct_size = offsetof(sally_fs_methods, close);
    sally_fs_methods_wrap(&methods, inner, any);
    assert_ptr_equal(methods.open, any);
    assert_null(methods.close);
    assert_null(methods.hash);
    sally_fs_unref(inner);
}

static void struct_sizes_are_checked(void **state)
{
    struct {
        sally_fs_methods known;
        void *later;
    } newer = {.known = {.struct_size = sizeof newer, .stat = any}};
    sally_fs *fs;
    assert_int_equal(sally_fs_new(&fs, &newer.known, NULL), SALLY_E_OK);
    sally_fs_unref(fs);
    newer.later = &newer;
    assert_int_equal(sally_fs_new(&fs, &newer.known, NULL), SALLY_E_INVALID);
    sally_fs_methods none = {0};
    assert_int_equal(sally_fs_new(&fs, &none, NULL), SALLY_E_INVALID);
    (void)state;
}

/* A trait is a promise to the library, or asks something of it: this one could not keep it. */
static void what_is_not_known_is_refused(void **state)
{
    (void)state;
    sally_fs *fs;
    sally_fs_methods methods = {.struct_size = sizeof methods, .stat = any};
    methods.traits = (uint32_t)SALLY_FS_CONCURRENT_WRITES << 1;
    assert_int_equal(sally_fs_new(&fs, &methods, NULL), SALLY_E_INVALID);
    assert_null(fs);
    methods.traits = 0;
    methods.reserved = 1;
    assert_int_equal(sally_fs_new(&fs, &methods, NULL), SALLY_E_INVALID);
    struct hook_stack stack = {0};
    sally_hooks hooks = {.struct_size = sizeof hooks,
                         .flags = (uint32_t)SALLY_HOOKS_NONBLOCKING << 1};
    assert_int_equal(hook_stack_add(&stack, &hooks), SALLY_E_INVALID);
    hooks.flags = 0;
    hooks.reserved = 1;
    assert_int_equal(hook_stack_add(&stack, &hooks), SALLY_E_INVALID);
    hooks.reserved = 0;
    assert_int_equal(hook_stack_add(&stack, &hooks), SALLY_E_OK);
    hook_stack_clear(&stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrappers_promise_no_more),
        cmocka_unit_test(short_structures_stay_whole),
        cmocka_unit_test(struct_sizes_are_checked),
        cmocka_unit_test(what_is_not_known_is_refused),
    };
    return cmocka_run_group_tests_name("core/fs", tests, NULL, NULL);
}
