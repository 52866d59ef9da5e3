/* The table of kinds, read by columns: which kinds have a property, and what must hold between the
 * columns of a row. */
#include "cmocka_all.h"

#include "core/op_kinds.h"
#include "sallyport/session.h"

#define B(kind) SALLY_OP_BIT(SALLY_OP_##kind)

#define CLOSING   (B(CLOSE) | B(CLOSEDIR))
#define NAMESPACE (B(REMOVE) | B(RENAME) | B(MKDIR) | B(RMDIR) | B(SYMLINK) | B(LINK))
#define EVERY     (SALLY_OP_BIT(SALLY_OP_KINDS) - 2)

/* Compared kind by kind, so that a failure names one. */
static void check(uint64_t have, uint64_t wanted, const char *what, uint32_t value)
{
    for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++) {
        if ((have ^ wanted) & SALLY_OP_BIT(kind))
            fail_msg("%s %x of kind %u: %s", what, value, kind,
                     have & SALLY_OP_BIT(kind) ? "not wanted" : "missing");
    }
}

static void orders(void **state)
{
    (void)state;
    static const uint64_t wanted[] = {
        [ORDER_READ] = B(OPEN) | B(CHDIR) | B(OPENDIR) | B(READDIR) | B(STAT) | B(READLINK) |
                       B(REALPATH) | B(STATVFS) | B(HASH) | B(LOOKUP_IDS),
        [ORDER_READ_FILE] = B(READ) | B(FSYNC) | B(FSTAT),
        [ORDER_WRITE_FILE] = B(WRITE) | B(LOCK) | B(UNLOCK) | B(FSETSTAT),
        [ORDER_EXCLUSIVE] = B(SESSION_START) | B(SESSION_END) | CLOSING | B(SETSTAT) | NAMESPACE |
                            B(COPY) | B(EXTENDED) | B(COMMAND),
    };
    for (uint32_t order = 0; order < sizeof wanted / sizeof *wanted; order++) {
        uint64_t have = 0;
        for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++)
            have |= op_kind(kind)->order == order ? SALLY_OP_BIT(kind) : 0;
        check(have, wanted[order], "order", order);
    }
}

static void handles(void **state)
{
    (void)state;
    static const uint64_t wanted[] = {
        [NO_HANDLE] = B(SESSION_START) | B(SESSION_END) | B(OPEN) | B(CHDIR) | B(OPENDIR) |
                      B(STAT) | B(COMMAND) | B(SETSTAT) | NAMESPACE | B(READLINK) | B(REALPATH) |
                      B(LOOKUP_IDS),
        [ANY_HANDLE] =
            B(FSYNC) | B(LOCK) | B(UNLOCK) | B(FSTAT) | B(FSETSTAT) | B(STATVFS) | B(EXTENDED),
        [FILE_HANDLE] = B(CLOSE),
        [READ_HANDLE] = B(READ) | B(COPY) | B(HASH),
        [WRITE_HANDLE] = B(WRITE),
        [DIRECTORY_HANDLE] = B(READDIR) | B(CLOSEDIR),
    };
    for (uint32_t handle = 0; handle < sizeof wanted / sizeof *wanted; handle++) {
        uint64_t have = 0;
        for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++)
            have |= op_kind(kind)->handle == handle ? SALLY_OP_BIT(kind) : 0;
        check(have, wanted[handle], "handle", handle);
    }
}

static void flags(void **state)
{
    (void)state;
    static const struct {
        uint32_t flag;
        uint64_t wanted;
    } all[] = {
        {KIND_MODIFIES, B(WRITE) | B(FSYNC) | B(FSETSTAT) | B(SETSTAT) | NAMESPACE | B(COPY) |
                            B(EXTENDED) | B(COMMAND)},
        {KIND_ABANDONABLE, B(READ) | B(LOCK) | B(CHDIR) | B(OPENDIR) | B(READDIR) | B(READLINK) |
                               B(REALPATH) | B(STATVFS) | B(HASH) | B(LOOKUP_IDS)},
        {KIND_SUBMITTABLE, EVERY & ~(B(SESSION_START) | B(SESSION_END))},
        {KIND_OPENS, B(OPEN) | B(OPENDIR)},
        {KIND_CLOSES, CLOSING},
        {KIND_INEVITABLE, CLOSING | B(SESSION_END)},
        {KIND_TWO_PATHS, B(RENAME) | B(LINK)},
        {KIND_ATTRS, B(SETSTAT) | B(FSETSTAT) | B(MKDIR)},
        {KIND_NEVER_FOLLOWS, NAMESPACE | B(READLINK) | B(EXTENDED)},
        {KIND_TRANSFERS, B(READ) | B(WRITE) | B(COPY)},
        {KIND_SPOILS, B(READ) | B(WRITE) | B(COPY) | B(FSYNC)},
    };
    uint32_t named = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        uint64_t have = 0;
        for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++)
            have |= op_kind(kind)->flags & all[i].flag ? SALLY_OP_BIT(kind) : 0;
        check(have, all[i].wanted, "flag", all[i].flag);
        named |= all[i].flag;
    }
    for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++)
        assert_int_equal(op_kind(kind)->flags & ~named, 0);
}

static void undos(void **state)
{
    (void)state;
    static const uint32_t wanted[SALLY_OP_KINDS] = {
        [SALLY_OP_SESSION_START] = SALLY_OP_SESSION_END,
        [SALLY_OP_OPEN] = SALLY_OP_CLOSE,
        [SALLY_OP_OPENDIR] = SALLY_OP_CLOSEDIR,
        [SALLY_OP_LOCK] = SALLY_OP_UNLOCK,
    };
    for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++)
        assert_int_equal(op_kind(kind)->undo, wanted[kind]);
    assert_int_equal(op_kind_to_close(false), SALLY_OP_CLOSE);
    assert_int_equal(op_kind_to_close(true), SALLY_OP_CLOSEDIR);
}

static void fallbacks(void **state)
{
    (void)state;
    static const struct {
        enum op_fallback fallback;
        uint64_t needs;
    } wanted[SALLY_OP_KINDS] = {
        [SALLY_OP_SESSION_START] = {FALL_SUCCEED, 0},
        [SALLY_OP_SESSION_END] = {FALL_SUCCEED, 0},
        [SALLY_OP_CLOSE] = {FALL_SUCCEED, 0},
        [SALLY_OP_CLOSEDIR] = {FALL_SUCCEED, 0},
        [SALLY_OP_LOOKUP_IDS] = {FALL_SUCCEED, 0},
        [SALLY_OP_REALPATH] = {FALL_PATH, 0},
        [SALLY_OP_FSTAT] = {FALL_STAT, B(STAT)},
        [SALLY_OP_CHDIR] = {FALL_STAT, B(STAT)},
        [SALLY_OP_OPENDIR] = {FALL_STAT, B(STAT) | B(READDIR)},
        [SALLY_OP_FSETSTAT] = {FALL_SETSTAT, B(SETSTAT)},
        [SALLY_OP_COPY] = {FALL_COPY, B(READ) | B(WRITE)},
    };
    for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++) {
        assert_int_equal(op_kind(kind)->fallback, wanted[kind].fallback);
        assert_true(op_kind(kind)->needs == wanted[kind].needs);
    }
}

static void rows_agree_with_each_other(void **state)
{
    (void)state;
    for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++) {
        const struct op_kind *k = op_kind(kind);
        if (op_kind_opens(kind))
            assert_true(op_kind_closes(k->undo));
        if (k->undo) /* what undoes something has nothing to undo itself */
            assert_int_equal(op_kind(k->undo)->undo, 0);
        if (op_kind_closes(kind))
            assert_int_equal(k->order, ORDER_EXCLUSIVE);
        if (k->order == ORDER_READ_FILE || k->order == ORDER_WRITE_FILE)
            assert_int_not_equal(k->handle, NO_HANDLE);
    }
}

static void second_paths_and_files(void **state)
{
    (void)state;
    sally_op op = {.kind = SALLY_OP_RENAME};
    assert_true(op_has_to(&op));
    assert_null(op_second_file(&op));
    op.kind = SALLY_OP_COPY;
    op.u.copy.to = (sally_file *)&op; /* any pointer */
    assert_false(op_has_to(&op));
    assert_ptr_equal(op_second_file(&op), (sally_file *)&op);
}

static void permissions(void **state)
{
    (void)state;
    assert_int_equal(op_kind_permission(SALLY_OP_RENAME), SALLY_MAY_RENAME);
    assert_int_equal(op_kind_permission(SALLY_OP_COPY), SALLY_MAY_READ | SALLY_MAY_WRITE);
    assert_int_equal(op_kind_permission(SALLY_OP_CLOSE), 0);
    assert_int_equal(op_kind_permission(SALLY_OP_KINDS), SALLY_MAY_ALL);
}

static void unknown_kinds_run_alone(void **state)
{
    (void)state;
    static const uint32_t unknown[] = {SALLY_OP_KINDS, 1000, UINT32_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_int_equal(op_kind(unknown[i])->order, ORDER_EXCLUSIVE);
        assert_int_equal(op_kind(unknown[i])->flags, 0);
        assert_int_equal(op_kind(unknown[i])->undo, 0);
        assert_int_equal(op_kind(unknown[i])->fallback, FALL_UNSUPPORTED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders),
        cmocka_unit_test(handles),
        cmocka_unit_test(flags),
        cmocka_unit_test(undos),
        cmocka_unit_test(fallbacks),
        cmocka_unit_test(rows_agree_with_each_other),
        cmocka_unit_test(second_paths_and_files),
        cmocka_unit_test(permissions),
        cmocka_unit_test(unknown_kinds_run_alone),
    };
    return cmocka_run_group_tests_name("core/op_kinds", tests, NULL, NULL);
}
