/* All wrappers on one another, as a program would stack them: a filter, over staging and a quota in
 * either order, over mounts of the local and the memory storage. */
#include "fs/cases.h"

#include "core/fs.h"
#include "fs/scratch.h"
#include "sallyport/wrappers.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)
#define PUT              (SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE)

static char scratch[SCRATCH_SIZE];

struct stack {
    sally_fs *fault, *quota, *top; /* the fault storage is around the mounts */
};

struct shape {
    bool is_late, quota_outside;
};

static void make_stack(struct stack *s, struct shape shape)
{
    sally_fs *disk, *memory, *mounts, *staging;
    const sally_fault late = {
        .struct_size = sizeof(late), .kinds = SALLY_OP_ALL, .action = SALLY_FAULT_LATE};
    static const sally_filter_rule rules[] = {
        {sizeof(sally_filter_rule), NULL, "*.exe", 0, SALLY_FILTER_HIDDEN}};
    assert_int_equal(sally_fs_local(&disk, scratch_make(scratch), 0, 0), SALLY_E_OK);
    assert_int_equal(sally_fs_memory(&memory, 0), SALLY_E_OK);
    const sally_mount mount = {sizeof(mount), "/memory", memory};
    assert_int_equal(sally_fs_mounts(&mounts, disk, &mount, 1), SALLY_E_OK);
    assert_int_equal(sally_fs_fault(&s->fault, mounts), SALLY_E_OK);
    if (shape.is_late)
        assert_int_equal(sally_fs_fault_add(s->fault, &late), SALLY_E_OK);
    if (shape.quota_outside) {
        assert_int_equal(sally_fs_staging(&staging, s->fault, NULL), SALLY_E_OK);
        assert_int_equal(sally_fs_quota(&s->quota, staging, 1 << 20, 1000), SALLY_E_OK);
        assert_int_equal(sally_fs_filter(&s->top, s->quota, rules, 1), SALLY_E_OK);
    } else {
        assert_int_equal(sally_fs_quota(&s->quota, s->fault, 1 << 20, 1000), SALLY_E_OK);
        assert_int_equal(sally_fs_staging(&staging, s->quota, NULL), SALLY_E_OK);
        assert_int_equal(sally_fs_filter(&s->top, staging, rules, 1), SALLY_E_OK);
    }
    sally_fs_unref(disk);
    sally_fs_unref(memory);
    sally_fs_unref(mounts);
    sally_fs_unref(staging);
}

static void drop_stack(struct stack *s)
{
    sally_fs_unref(s->top);
    sally_fs_unref(s->quota);
    sally_fs_unref(s->fault);
    scratch_remove(scratch);
}

static void is_used(const struct stack *s, uint64_t bytes, uint64_t files)
{
    sally_quota use = {.struct_size = sizeof(use)};
    assert_int_equal(sally_fs_quota_get(s->quota, &use), SALLY_E_OK);
    assert_int_equal(use.bytes, bytes);
    assert_int_equal(use.files, files);
}

static void whole_work(void **state)
{
    const struct shape *shape = *state;
    struct stack s;
    struct driver d;
    char text[1001];
    sally_file *from, *to;
    make_stack(&s, *shape);
    driver_start(&d, s.top, DRIVER_INLINE);
    make_file(&d, "/f", "on disk");
    make_file(&d, "/memory/f", "in memory");
    is_used(&s, 16, 2);
    make_file(&d, "/f", "on");
    is_used(&s, 11, 2);
    IS(do_open(&d, "/memory/f", SALLY_OPEN_READ, &from), OK);
    IS(do_open(&d, "/copy", PUT, &to), OK);
    struct op *op = driver_file_op(&d, SALLY_OP_COPY, from);
    op->pub.u.copy = (sally_op_copy){.to = to};
    IS(driver_finish(&d, op), OK);
    IS(do_close(&d, from), OK);
    IS(do_close(&d, to), OK);
    is_used(&s, 20, 3);
    assert_string_equal(file_text(&d, "/copy", text), "in memory");
    IS(do_two(&d, SALLY_OP_RENAME, "/copy", "/memory/f", SALLY_RENAME_OVERWRITE), FAILURE);
    IS(do_two(&d, SALLY_OP_RENAME, "/copy", "/f", SALLY_RENAME_OVERWRITE), OK);
    is_used(&s, 18, 2);
    IS(do_open(&d, "/virus.exe", PUT, NULL), PERMISSION_DENIED);
    IS(do_open(&d, "/memory/virus.exe", PUT, NULL), PERMISSION_DENIED);
    struct listing list;
    IS(do_list(&d, "/", 1, &list), OK);
    assert_int_equal(list.count, 2);
    listing_clear(&list);
    IS(do_path(&d, SALLY_OP_REMOVE, "/f"), OK);
    IS(do_path(&d, SALLY_OP_REMOVE, "/memory/f"), OK);
    is_used(&s, 0, 0);
    driver_stop(&d);
    drop_stack(&s);
}

/* An upload that is cut off leaves nothing, on the disk and in the books. */
static void cut_off(void **state)
{
    const struct shape *shape = *state;
    struct stack s;
    struct driver d;
    sally_file *file, *other;
    struct listing list;
    make_stack(&s, *shape);
    driver_start(&d, s.top, DRIVER_INLINE);
    make_file(&d, "/old", "old");
    IS(do_open(&d, "/old", PUT, &file), OK);
    IS(do_write(&d, file, 0, "longer than before", 18), OK);
    IS(do_open(&d, "/memory/new", PUT, &other), OK);
    IS(do_write(&d, other, 0, "new", 3), OK);
    driver_lose(&d);
    driver_start(&d, s.top, DRIVER_INLINE);
    assert_string_equal(file_text(&d, "/old", (char[1001]){0}), "old");
    IS(do_list(&d, "/memory", 0, &list), OK);
    assert_int_equal(list.count, 0);
    listing_clear(&list);
    is_used(&s, 3, 1);
    driver_stop(&d);
    drop_stack(&s);
}

/* Each kind of operation inside fails once, before and after it is done. */
static void inner_failures(void **state)
{
    (void)state;
    static const uint32_t actions[] = {SALLY_FAULT_FAIL, SALLY_FAULT_FAIL_AFTER};
    for (uint32_t kind = SALLY_OP_OPEN; kind < SALLY_OP_KINDS; kind++) {
        for (size_t i = 0; i < COUNT_OF(actions); i++) {
            if (kind == SALLY_OP_CLOSE && actions[i] == SALLY_FAULT_FAIL)
                continue; /* the storage would never learn of it */
            struct stack s;
            struct driver d;
            sally_file *file;
            const sally_fault fault = {.struct_size = sizeof(fault),
                                       .kinds = SALLY_OP_BIT(kind),
                                       .action = actions[i],
                                       .status = SALLY_FAILURE,
                                       .times = 1};
            make_stack(&s, (struct shape){0});
            driver_start(&d, s.top, DRIVER_INLINE);
            make_file(&d, "/f", "f");
            assert_int_equal(sally_fs_fault_add(s.fault, &fault), SALLY_E_OK);
            if (do_open(&d, "/g", PUT, &file) == SALLY_OK) {
                (void)do_write(&d, file, 0, "text", 4);
                (void)do_close(&d, file);
            }
            (void)do_two(&d, SALLY_OP_RENAME, "/f", "/g", SALLY_RENAME_OVERWRITE);
            (void)do_path(&d, SALLY_OP_REMOVE, "/g");
            sally_fs_fault_clear(s.fault);
            /* Nothing is open, so that all can go. */
            (void)do_path(&d, SALLY_OP_REMOVE, "/f");
            (void)do_path(&d, SALLY_OP_REMOVE, "/g");
            make_file(&d, "/after", "1");
            driver_stop(&d);
            drop_stack(&s);
        }
    }
}

struct worker {
    pthread_t thread;
    sally_fs *fs;
    unsigned number;
};

static void *work(void *arg)
{
    const struct worker *w = arg;
    struct driver d;
    char path[40];
    driver_start_as(&d, w->fs, "joe", w->number);
    for (unsigned round = 0; round < 40; round++) {
        sally_file *file;
        snprintf(path, sizeof(path), "%s/%u", round % 2 ? "/memory" : "", (w->number + round) % 3);
        if (do_open(&d, path, PUT, &file) == SALLY_OK) {
            (void)do_write(&d, file, 0, "0123456789", 10);
            (void)do_close(&d, file);
        }
    }
    driver_lose(&d);
    return NULL;
}

static void many_sessions(void **state)
{
    const struct shape *shape = *state;
    struct stack s;
    struct driver d;
    struct worker workers[4];
    make_stack(&s, *shape);
    for (unsigned i = 0; i < 4; i++) {
        workers[i] = (struct worker){.fs = s.top, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(workers[i].thread, NULL);
    driver_start(&d, s.top, DRIVER_INLINE);
    for (unsigned i = 0; i < 6; i++) {
        char path[40];
        snprintf(path, sizeof(path), "%s/%u", i % 2 ? "/memory" : "", i / 2);
        assert_string_equal(file_text(&d, path, (char[1001]){0}), "0123456789");
    }
    if (!shape->quota_outside)
        is_used(&s, 60, 6);
    driver_stop(&d);
    drop_stack(&s);
}

static sally_fs *make_top(void)
{
    struct stack s;
    make_stack(&s, (struct shape){0});
    sally_fs_unref(s.quota);
    sally_fs_unref(s.fault);
    sally_quota none = {.struct_size = sizeof(none)};
    assert_int_equal(sally_fs_quota_set(s.quota, &none, SALLY_QUOTA_LIMITS), SALLY_E_OK);
    return s.top;
}

static void drop(void)
{
    scratch_remove(scratch);
}

int main(void)
{
    static struct shape shapes[] = {{false, false}, {true, false}, {false, true}, {true, true}};
    static const struct storage_maker makers[] = {
        {"stack", make_top, drop, DRIVER_TRYING,
         /* Those that count the entries of the root, and what staging leaves out. */
         ",names,many_entries,read_and_write,copying,reservations_and_cuts,ranges_without_end,"
         "digests_of_large_files,"},
    };
    struct CMUnitTest tests[3 * COUNT_OF(shapes) + 1];
    size_t used = 0;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        tests[used++] = (struct CMUnitTest)cmocka_unit_test_prestate(whole_work, &shapes[i]);
        tests[used++] = (struct CMUnitTest)cmocka_unit_test_prestate(cut_off, &shapes[i]);
        tests[used++] = (struct CMUnitTest)cmocka_unit_test_prestate(many_sessions, &shapes[i]);
    }
    tests[used++] = (struct CMUnitTest)cmocka_unit_test(inner_failures);
    return cmocka_run_group_tests(tests, NULL, NULL) + run_storage_cases(makers, COUNT_OF(makers));
}
