/* What is answered when a storage leaves out a slot. */
#include "cmocka_all.h"

#include <stdio.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "core/fs.h"
#include "core/test_host.h"

#define B(kind) SALLY_OP_BIT(SALLY_OP_##kind)

struct bench {
    struct test_host host;
    sally_session *session;
    sally_file *file;
    char trace[256]; /* "kind:flags " as the slots see it */
    uint32_t type;   /* that STAT tells; UINT32_MAX: none */
    bool late, fails;
    sally_op *waiting;
    sally_status status;
    uint32_t kind; /* of the answered operation */
    char result[32];
    bool answered, gone;
};

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct bench *b = sally_fs_data(fs);
    size_t used = strlen(b->trace);
    bool stat = op->kind == SALLY_OP_STAT;
    snprintf(b->trace + used, sizeof b->trace - used, "%s:%x ", sally_op_kind_name(op->kind),
             stat                           ? op->u.stat.flags
             : op->kind == SALLY_OP_SETSTAT ? op->u.setstat.flags
                                            : 0);
    if (stat && b->type != UINT32_MAX) {
        op->u.stat.attrs.valid = SALLY_ATTR_TYPE;
        op->u.stat.attrs.type = b->type;
    }
    if (b->late) {
        b->waiting = op;
        return SALLY_PENDING;
    }
    return b->fails ? SALLY_NO_SUCH_FILE : SALLY_OK;
}

/* A storage with slots for these kinds, and a session over it. */
static void start(struct bench *b, uint64_t slots)
{
    *b = (struct bench){.type = SALLY_TYPE_DIRECTORY};
    test_host_start(&b->host, 0);
    const sally_fs_methods m = {
        .struct_size = sizeof m,
        .stat = slots & B(STAT) ? slot : NULL,
        .setstat = slots & B(SETSTAT) ? slot : NULL,
        .open = slots & B(OPEN) ? slot : NULL,
        .readdir = slots & B(READDIR) ? slot : NULL,
    };
    sally_fs *fs;
    assert_int_equal(sally_fs_new(&fs, &m, b), SALLY_E_OK);
    const struct session_options o = {
        .fs = fs, .permissions = SALLY_MAY_ALL, .max_operations = 4, .max_files = 4};
    assert_int_equal(session_new(&b->session, &b->host.host, &o), SALLY_E_OK);
    sally_fs_unref(fs);
}

static void gone(void *user_data)
{
    ((struct bench *)user_data)->gone = true;
}

static void stop(struct bench *b)
{
    session_close(b->session, SALLY_CLOSED_LOST, gone, b);
    test_host_pump_until(&b->host, &b->gone);
    test_host_stop(&b->host);
}

static void on_done(struct op *op)
{
    struct bench *b = op->owner;
    b->answered = true;
    b->status = op->pub.status;
    b->kind = op->pub.kind;
    if (op_kind_opens(op->kind))
        b->file = op->pub.file;
    if (op->kind == SALLY_OP_REALPATH)
        snprintf(b->result, sizeof b->result, "%s", op->pub.u.text.result);
    op_free(op);
}

static struct op *new_op(struct bench *b, uint32_t kind)
{
    static const sally_attrs none;
    struct op *op = op_new(b->session, kind);
    assert_non_null(op);
    op->owner = b;
    op->on_done = on_done;
    assert_int_equal(op_set_raw_path(op, slice_of("/a/./b")), SALLY_OK);
    if (op_kind(kind)->handle != NO_HANDLE && b->file)
        op_use_file(op, b->file);
    if (kind == SALLY_OP_OPEN) {
        op->pub.u.open.flags = SALLY_OPEN_READ;
        op->pub.u.open.attrs = &none;
    }
    if (op_kind(kind)->flags & KIND_ATTRS)
        op->pub.u.setstat.attrs = &none;
    return op;
}

static sally_status do_op(struct bench *b, uint32_t kind)
{
    b->answered = false;
    b->trace[0] = '\0';
    op_submit(new_op(b, kind));
    if (b->late && b->waiting) {
        sally_op *waiting = b->waiting;
        b->waiting = NULL;
        assert_false(b->answered);
        sally_op_finish(waiting, b->fails ? SALLY_NO_SUCH_FILE : SALLY_OK);
        test_host_pump(&b->host);
    }
    assert_true(b->answered);
    assert_int_equal(b->kind, kind);
    return b->status;
}

/* To the storage it is the other operation, to everyone else it stays what it is. */
static void paths_stand_in_for_handles(void **state)
{
    (void)state;
    struct bench b;
    char follow[32];
    for (int late = 0; late < 2; late++) {
        start(&b, B(STAT) | B(SETSTAT) | B(OPEN));
        assert_int_equal(do_op(&b, SALLY_OP_OPEN), SALLY_OK);
        b.late = late;
        snprintf(follow, sizeof follow, "stat:%x ", SALLY_FOLLOW);
        assert_int_equal(do_op(&b, SALLY_OP_FSTAT), SALLY_OK);
        assert_string_equal(b.trace, follow);
        snprintf(follow, sizeof follow, "setstat:%x ", SALLY_FOLLOW);
        assert_int_equal(do_op(&b, SALLY_OP_FSETSTAT), SALLY_OK);
        assert_string_equal(b.trace, follow);
        b.fails = true;
        assert_int_equal(do_op(&b, SALLY_OP_FSTAT), SALLY_NO_SUCH_FILE);
        b.late = false;
        stop(&b);
    }
}

static void stat_knows_whether_it_is_a_directory(void **state)
{
    (void)state;
    static const struct {
        uint32_t type;
        sally_status status;
    } cases[] = {{SALLY_TYPE_DIRECTORY, SALLY_OK},
                 {SALLY_TYPE_REGULAR, SALLY_NOT_A_DIRECTORY},
                 {SALLY_TYPE_SYMLINK, SALLY_NOT_A_DIRECTORY},
                 {UINT32_MAX, SALLY_NOT_A_DIRECTORY}};
    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        struct bench b;
        start(&b, B(STAT) | B(READDIR));
        b.type = cases[i / 2].type;
        b.late = i % 2;
        assert_int_equal(do_op(&b, SALLY_OP_OPENDIR), cases[i / 2].status);
        b.fails = true;
        assert_int_equal(do_op(&b, SALLY_OP_OPENDIR), SALLY_NO_SUCH_FILE);
        b.late = false;
        stop(&b);
    }
}

static void some_need_nothing(void **state)
{
    (void)state;
    struct bench b;
    start(&b, B(STAT) | B(READDIR));
    assert_int_equal(do_op(&b, SALLY_OP_SESSION_START), SALLY_OK);
    assert_int_equal(do_op(&b, SALLY_OP_LOOKUP_IDS), SALLY_OK);
    assert_int_equal(do_op(&b, SALLY_OP_REALPATH), SALLY_OK);
    assert_string_equal(b.result, "/a/b");
    assert_string_equal(b.trace, "");
    assert_int_equal(do_op(&b, SALLY_OP_OPENDIR), SALLY_OK);
    assert_int_equal(do_op(&b, SALLY_OP_CLOSEDIR), SALLY_OK);
    assert_string_equal(b.trace, "");
    stop(&b);
}

static void all_else_is_unsupported(void **state)
{
    (void)state;
    static const uint32_t kinds[] = {SALLY_OP_OPEN,    SALLY_OP_OPENDIR, SALLY_OP_STAT,
                                     SALLY_OP_SETSTAT, SALLY_OP_REMOVE,  SALLY_OP_READLINK,
                                     SALLY_OP_STATVFS, SALLY_OP_HASH};
    struct bench b;
    start(&b, 0);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        assert_int_equal(do_op(&b, kinds[i]), SALLY_UNSUPPORTED);
    stop(&b);
    start(&b, B(STAT)); /* without READDIR a directory that is open is of no use */
    assert_int_equal(do_op(&b, SALLY_OP_OPENDIR), SALLY_UNSUPPORTED);
    assert_string_equal(b.trace, "");
    stop(&b);
}

static void memory_may_be_short(void **state)
{
    (void)state;
    struct bench b;
    start(&b, B(STAT) | B(OPEN));
    assert_int_equal(do_op(&b, SALLY_OP_OPEN), SALLY_OK);
    struct op *op = new_op(&b, SALLY_OP_FSTAT);
    assert_non_null(sally_op_alloc(&op->pub, OP_INLINE_BYTES)); /* beside what it has inside */
    while (OP_INLINE_BYTES - op->inline_used >= 16)
        assert_non_null(sally_op_alloc(&op->pub, 16));
    b.trace[0] = '\0';
    alloc_fail_at(1);
    op_submit(op);
    assert_true(alloc_failed());
    assert_int_equal(b.status, SALLY_FAILURE);
    assert_int_equal(b.kind, SALLY_OP_FSTAT);
    assert_string_equal(b.trace, "");
    stop(&b);
}

static void what_is_built_is_supported(void **state)
{
    (void)state;
    const sally_fs_methods m = {.struct_size = sizeof m, .stat = slot, .read = slot};
    sally_fs *fs;
    assert_int_equal(sally_fs_new(&fs, &m, NULL), SALLY_E_OK);
    const uint64_t wanted = B(STAT) | B(READ) | B(FSTAT) | B(CHDIR) | B(SESSION_START) |
                            B(SESSION_END) | B(CLOSE) | B(CLOSEDIR) | B(REALPATH) | B(LOOKUP_IDS);
    for (uint32_t kind = 0; kind <= SALLY_OP_KINDS; kind++)
        assert_int_equal(sally_fs_supports(fs, kind) != 0, wanted >> kind & 1);
    sally_fs_unref(fs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_stand_in_for_handles),
        cmocka_unit_test(stat_knows_whether_it_is_a_directory),
        cmocka_unit_test(some_need_nothing),
        cmocka_unit_test(all_else_is_unsupported),
        cmocka_unit_test(memory_may_be_short),
        cmocka_unit_test(what_is_built_is_supported),
    };
    return cmocka_run_group_tests_name("core/fs_defaults", tests, NULL, NULL);
}
