/* Whose turn it is, and which WRITEs go to a worker together. Workers are played by the test, so
 * that it decides when. */
#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/file.h"
#include "core/hook_stack.h"
#include "core/test_host.h"

#define LATE_MAX 64

struct bench {
    struct test_host host; /* first */
    struct hook_stack hooks;
    sally_session *session;
    sally_file *files[2];
    pthread_mutex_t lock;
    char trace[8192]; /* what the storage was asked: kind and offset */
    char done[8192];  /* what was answered */
    sally_op *late[LATE_MAX];
    int late_count;
    uint64_t late_kinds;
    int fail_at; /* the WRITE at this offset fails */
    const uint64_t
        *numbers; /* which files they are, as they are opened; NULL: the storage does not say */
    int opened;
    int offloads, answers, submitted, cancels;
    bool gone;
};

static void note(char *trace, const char *what, unsigned offset)
{
    char text[32];
    snprintf(text, sizeof text, "%s%u ", what, offset);
    strcat(trace, text);
}

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct bench *b = sally_fs_data(fs);
    sally_status status = SALLY_OK;
    pthread_mutex_lock(&b->lock);
    bool moves = op->kind == SALLY_OP_WRITE || op->kind == SALLY_OP_READ;
    unsigned offset = moves ? (unsigned)op->u.io.offset : 0;
    note(b->trace, sally_op_kind_name(op->kind), offset);
    if (op->kind == SALLY_OP_READ)
        op->u.io.done = op->u.io.length;
    if (op->kind == SALLY_OP_OPEN && b->numbers)
        sally_file_set_identity(op->file, 1, b->numbers[b->opened++]);
    if (op->kind == SALLY_OP_WRITE && b->fail_at && offset == (unsigned)b->fail_at)
        status = SALLY_NO_SPACE_ON_FILESYSTEM;
    if (b->late_kinds & SALLY_OP_BIT(op->kind)) {
        b->late[b->late_count++] = op;
        status = SALLY_PENDING;
    }
    pthread_mutex_unlock(&b->lock);
    return status;
}

static void finish_first(struct bench *b)
{
    pthread_mutex_lock(&b->lock);
    sally_op *op = b->late[0];
    memmove(b->late, b->late + 1, (size_t)--b->late_count * sizeof(b->late[0]));
    pthread_mutex_unlock(&b->lock);
    sally_op_finish(op, SALLY_OK);
}

static void cancel(sally_fs *fs, sally_op *op)
{
    struct bench *b = sally_fs_data(fs);
    (void)op;
    b->cancels++;
}

static void offload(struct session_host *host, struct op *op)
{
    struct bench *b = (struct bench *)(void *)host;
    b->offloads++;
    list_append(&b->host.work, &op->link);
}

/* What the next worker would do; false: there is nothing. */
static bool work(struct bench *b)
{
    struct list *item = list_pop_first(&b->host.work);
    if (item)
        session_run(CONTAINER_OF(item, struct op, link));
    return item != NULL;
}

static void work_all(struct bench *b)
{
    do
        test_host_pump(&b->host);
    while (work(b));
}

static void answered(struct op *op)
{
    struct bench *b = op->owner;
    b->answers++;
    note(b->done, sally_op_kind_name(op->pub.kind), (unsigned)op->pub.status);
    op_free(op);
}

static struct op *make(struct bench *b, uint32_t kind)
{
    struct op *op = op_new(b->session, kind);
    assert_non_null(op);
    op->owner = b;
    op->on_done = answered;
    b->submitted++;
    return op;
}

static void open_answered(struct op *op)
{
    struct bench *b = op->owner;
    b->files[b->files[0] ? 1 : 0] = op->pub.file;
    answered(op);
}

/* What the storage says of the two handles. */
static const uint64_t two_files[] = {1, 2}, one_file[] = {7, 7};
#define NOT_SAID NULL

static void open_files(struct bench *b, uint32_t traits, int workers, size_t max_bytes,
                       const uint64_t *numbers)
{
    memset(b, 0, sizeof *b);
    b->numbers = numbers;
    test_host_start(&b->host, workers);
    if (!workers)
        b->host.host.offload = offload;
    pthread_mutex_init(&b->lock, NULL);
    const sally_fs_methods m = {.struct_size = sizeof m,
                                .traits = traits,
                                .open = slot,
                                .close = slot,
                                .read = slot,
                                .write = slot,
                                .fsync = slot,
                                .fstat = slot,
                                .fsetstat = slot,
                                .stat = slot,
                                .remove = slot,
                                .cancel = cancel};
    sally_fs *fs;
    assert_int_equal(sally_fs_new(&fs, &m, b), SALLY_E_OK);
    const struct session_options o = {.fs = fs,
                                      .permissions = SALLY_MAY_ALL,
                                      .max_operations = 100,
                                      .max_files = 4,
                                      .max_bytes = max_bytes,
                                      .hooks = &b->hooks};
    assert_int_equal(session_new(&b->session, &b->host.host, &o), SALLY_E_OK);
    sally_fs_unref(fs);
    static const sally_attrs none;
    for (int i = 0; i < 2; i++) {
        struct op *op = make(b, SALLY_OP_OPEN);
        op->pub.u.open.attrs = &none;
        op->pub.u.open.flags = SALLY_OPEN_READ | SALLY_OPEN_WRITE;
        op->on_done = open_answered;
        assert_int_equal(op_set_raw_path(op, slice_of("f")), SALLY_OK);
        op_submit(op);
        while (!b->files[i]) {
            test_host_pump(&b->host);
            if (!workers)
                work(b);
        }
    }
    b->trace[0] = b->done[0] = 0;
    b->offloads = 0;
}

static void open_bench(struct bench *b, uint32_t traits, int workers, size_t max_bytes)
{
    open_files(b, traits, workers, max_bytes, two_files);
}

static void on_closed(void *user_data)
{
    ((struct bench *)user_data)->gone = true;
}

static void close_bench(struct bench *b)
{
    b->late_kinds = 0;
    session_close(b->session, SALLY_CLOSED_LOST, on_closed, b);
    while (!b->gone) {
        work_all(b);
        if (b->late_count)
            finish_first(b);
    }
    assert_int_equal(b->answers, b->submitted);
    test_host_stop(&b->host);
    hook_stack_clear(&b->hooks);
    pthread_mutex_destroy(&b->lock);
}

/* The usual bench: a concurrent storage, two files, workers that the test plays. Every operation is
 * answered in the end. */
static int set_up(void **state)
{
    struct bench *b = mem_alloc(sizeof *b);
    assert_non_null(b);
    open_bench(b, SALLY_FS_CONCURRENT, 0, 1000);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    if (!b->gone)
        close_bench(b);
    mem_free(b);
    return 0;
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void io(struct bench *b, uint32_t kind, int file, unsigned offset, uint32_t reserve)
{
    static char data[16];
    struct op *op = make(b, kind);
    op_use_file(op, b->files[file]);
    op->pub.u.io = (sally_op_io){.data = data, .length = sizeof data, .offset = offset};
    op->reply_bytes = reserve;
    op_submit(op);
}

static void path_op(struct bench *b, uint32_t kind)
{
    struct op *op = make(b, kind);
    assert_int_equal(op_set_raw_path(op, slice_of("p")), SALLY_OK);
    op_submit(op);
}

static void any_op(struct bench *b, uint32_t kind, int file)
{
    static const sally_attrs none;
    if (op_kind(kind)->handle == NO_HANDLE) {
        path_op(b, kind);
    } else if (kind == SALLY_OP_FSETSTAT) {
        struct op *op = make(b, kind);
        op_use_file(op, b->files[file]);
        op->pub.u.setstat.attrs = &none;
        op_submit(op);
    } else {
        io(b, kind, file, 0, 0);
    }
}

static void writes_of_a_file_go_together(void **state)
{
    (void)state;
    static const uint32_t traits[] = {0, SALLY_FS_CONCURRENT};
    for (size_t i = 0; i < COUNT_OF(traits); i++) {
        struct bench b;
        open_bench(&b, traits[i], 0, 1000);
        for (unsigned at = 1; at <= 30; at++)
            io(&b, SALLY_OP_WRITE, 0, at, 0);
        assert_int_equal(b.offloads, 1); /* the first, while nothing else had come */
        b.fail_at = 5;
        work(&b);
        test_host_pump(&b.host);
        assert_string_equal(b.trace, "write1 ");
        assert_int_equal(b.offloads, 2);
        work(&b);
        assert_string_equal(b.done, "write0 "); /* told at home, not before */
        test_host_pump(&b.host);
        assert_int_equal(b.answers, 2 + 17); /* bounded */
        assert_int_equal(b.offloads, 3);
        work_all(&b);
        assert_int_equal(b.offloads, 3);
        assert_int_equal(b.answers, b.submitted);
        char wanted[8192] = "";
        for (unsigned at = 1; at <= 30; at++)
            note(wanted, "write", at);
        assert_string_equal(b.trace, wanted);
        assert_non_null(strstr(b.done, "write0 write14 write0 ")); /* one of them fails alone */
        close_bench(&b);
    }
}

static void nobody_is_overtaken(void **state)
{
    struct bench *b = *state;
    io(b, SALLY_OP_WRITE, 0, 1, 0);
    io(b, SALLY_OP_WRITE, 0, 2, 0);
    io(b, SALLY_OP_WRITE, 1, 3, 0); /* another file's: at the same time */
    path_op(b, SALLY_OP_STAT);      /* looks at all of them */
    io(b, SALLY_OP_WRITE, 0, 4, 0);
    io(b, SALLY_OP_READ, 0, 5, 0);
    io(b, SALLY_OP_WRITE, 0, 6, 0);
    path_op(b, SALLY_OP_REMOVE);
    io(b, SALLY_OP_WRITE, 0, 7, 0);
    assert_int_equal(b->offloads, 2);
    work_all(b);
    assert_string_equal(b->trace, "write1 write3 write2 stat0 write4 read5 write6 remove0 write7 ");
}

static void other_storages_do_one_after_the_other(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, 0, 0, 1000);
    io(&b, SALLY_OP_WRITE, 0, 1, 0);
    io(&b, SALLY_OP_WRITE, 0, 2, 0);
    io(&b, SALLY_OP_WRITE, 1, 3, 0);
    io(&b, SALLY_OP_WRITE, 0, 4, 0);
    work(&b);
    test_host_pump(&b.host);
    work(&b);
    assert_string_equal(b.trace, "write1 write2 ");
    work_all(&b);
    assert_string_equal(b.trace, "write1 write2 write3 write4 ");
    close_bench(&b);
}

static void the_bound_on_bytes_holds(void **state)
{
    struct bench *b = *state;
    for (unsigned at = 1; at <= 8; at++)
        io(b, SALLY_OP_WRITE, 0, at, 400);
    work(b);
    test_host_pump(&b->host);
    work(b);
    assert_string_equal(b->trace, "write1 write2 write3 ");
    work_all(b);
}

/* The one that is answered late holds up those that could tell. */
static void late_answers_keep_the_order(void **state)
{
    struct bench *b = *state;
    for (unsigned at = 1; at <= 5; at++)
        io(b, SALLY_OP_WRITE, 0, at, 0);
    work(b);
    test_host_pump(&b->host);
    b->late_kinds = SALLY_OP_BIT(SALLY_OP_WRITE);
    work_all(b);
    assert_string_equal(b->trace, "write1 write2 ");
    io(b, SALLY_OP_READ, 1, 8, 0); /* of another file */
    path_op(b, SALLY_OP_STAT);
    io(b, SALLY_OP_WRITE, 0, 6, 0);
    work_all(b);
    assert_string_equal(b->trace, "write1 write2 read8 ");
    finish_first(b);
    work_all(b);
    assert_string_equal(b->trace, "write1 write2 read8 write3 ");
    b->late_kinds = 0;
    finish_first(b);
    work_all(b);
    assert_string_equal(b->trace, "write1 write2 read8 write3 write4 write5 stat0 write6 ");
}

/* Every pair of operations, the first of which is late: does the second one start? */
static void who_may_start_beside_whom(void **state)
{
    (void)state;
    static const uint32_t kinds[] = {SALLY_OP_READ,  SALLY_OP_FSTAT,    SALLY_OP_FSYNC,
                                     SALLY_OP_WRITE, SALLY_OP_FSETSTAT, SALLY_OP_STAT,
                                     SALLY_OP_REMOVE};
    static const char other[][8] = {/* a row for each first one, about another file */
                                    "1111110", "1111110", "1111110", "1111100",
                                    "1111100", "1110010", "0000000"};
    static const char same[][8] = {/* about the same file */
                                   "1110010", "1110010", "1110010", "0000000",
                                   "0000000", "1110010", "0000000"};
    static const struct {
        const uint64_t *numbers;
        int handle; /* of the second one */
        const char (*wanted)[8];
    } cases[] = {{two_files, 1, other},
                 {two_files, 0, same},
                 {one_file, 1, same},
                 {NOT_SAID, 1, same},
                 {NOT_SAID, 0, same}};
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        for (size_t i = 0; i < COUNT_OF(kinds); i++) {
            for (size_t k = 0; k < COUNT_OF(kinds); k++) {
                struct bench b;
                open_files(&b, SALLY_FS_CONCURRENT, 0, 1000, cases[c].numbers);
                b.late_kinds = SALLY_OP_ALL & ~SALLY_OP_BIT(SALLY_OP_CLOSE);
                any_op(&b, kinds[i], 0);
                any_op(&b, kinds[k], cases[c].handle);
                work_all(&b);
                bool started = b.late_count == 2, wanted = cases[c].wanted[i][k] == '1';
                if (started != wanted)
                    fail_msg("case %zu: %s, then %s: %s", c, sally_op_kind_name(kinds[i]),
                             sally_op_kind_name(kinds[k]), started ? "started" : "waits");
                close_bench(&b);
            }
        }
    }
}

/* Nor does anything pass one that waits itself. */
static void those_that_wait_are_not_passed(void **state)
{
    struct bench *b = *state;
    b->late_kinds = SALLY_OP_BIT(SALLY_OP_READ);
    io(b, SALLY_OP_READ, 0, 1, 0);
    io(b, SALLY_OP_WRITE, 0, 2, 0); /* waits for that READ */
    io(b, SALLY_OP_READ, 0, 3, 0);  /* and these for the WRITE */
    path_op(b, SALLY_OP_STAT);
    io(b, SALLY_OP_READ, 1, 4, 0);
    io(b, SALLY_OP_WRITE, 1, 5, 0); /* after the STAT */
    work_all(b);
    assert_string_equal(b->trace, "read1 read4 ");
    b->late_kinds = 0;
    finish_first(b);
    finish_first(b);
    work_all(b);
    assert_string_equal(b->trace, "read1 read4 write2 read3 stat0 write5 ");
}

#define WRITES_TOO (SALLY_FS_CONCURRENT | SALLY_FS_CONCURRENT_WRITES)

/* WRITEs of one file, all answered late, by their first byte and how many; which of them start at
 * once? */
static void writes_of_one_file(struct bench *b, int handle, const unsigned (*ranges)[2],
                               size_t count)
{
    static char data[16];
    b->late_kinds = SALLY_OP_BIT(SALLY_OP_WRITE);
    for (size_t i = 0; i < count; i++) {
        struct op *op = make(b, SALLY_OP_WRITE);
        op_use_file(op, b->files[i % 2 ? handle : 0]);
        op->pub.u.io = (sally_op_io){.data = data, .offset = ranges[i][0], .length = ranges[i][1]};
        op_submit(op);
    }
    work_all(b);
}

static void writes_side_by_side(void **state)
{
    (void)state;
    static const unsigned in_order[][2] = {{0, 4}, {4, 4}, {8, 4}, {12, 4}},
                          backwards[][2] = {{12, 4}, {8, 4}, {4, 4}, {0, 4}},
                          overlap[][2] = {{0, 4}, {4, 4}, {7, 2}, {20, 4}, {30, 1}},
                          two_places[][2] = {{0, 4}, {100, 4}, {4, 4}, {104, 4}};
    static const uint64_t *const identities[] = {two_files, one_file, NOT_SAID};
    for (size_t i = 0; i < COUNT_OF(identities); i++) {
        for (int handle = 0; handle < 2; handle++) {
            struct bench b;
            open_files(&b, WRITES_TOO, 0, 1000, identities[i]);
            writes_of_one_file(&b, handle, in_order, COUNT_OF(in_order));
            assert_string_equal(b.trace, "write0 write4 write8 write12 ");
            assert_string_equal(b.done, "");
            close_bench(&b);
            open_files(&b, WRITES_TOO, 0, 1000, identities[i]);
            writes_of_one_file(&b, handle, backwards, COUNT_OF(backwards));
            assert_string_equal(b.trace, "write12 write8 write4 write0 ");
            close_bench(&b);
            open_files(&b, WRITES_TOO, 0, 1000, identities[i]);
            writes_of_one_file(&b, handle, two_places, COUNT_OF(two_places));
            assert_string_equal(b.trace, "write0 write100 write4 write104 ");
            close_bench(&b);
        }
        /* The third waits for the second; those behind it for the third. */
        struct bench b;
        open_files(&b, WRITES_TOO, 0, 1000, identities[i]);
        writes_of_one_file(&b, 0, overlap, COUNT_OF(overlap));
        assert_string_equal(b.trace, "write0 write4 ");
        finish_first(&b);
        work_all(&b);
        assert_string_equal(b.trace, "write0 write4 ");
        finish_first(&b);
        work_all(&b);
        assert_string_equal(b.trace, "write0 write4 write7 write20 write30 ");
        close_bench(&b);
    }
}

/* The bytes of what is written first are not those that decide. */
static void the_end_of_all_offsets(void **state)
{
    struct bench b;
    (void)state;
    open_files(&b, WRITES_TOO, 0, 1000, one_file);
    b.late_kinds = SALLY_OP_BIT(SALLY_OP_WRITE);
    for (int i = 0; i < 2; i++) {
        struct op *op = make(&b, SALLY_OP_WRITE);
        op_use_file(op, b.files[0]);
        op->pub.u.io = (sally_op_io){.data = b.trace, .offset = UINT64_MAX - 2u, .length = 16};
        op_submit(op);
    }
    work_all(&b);
    assert_int_equal(b.late_count, 1);
    close_bench(&b);
}

static void appends_come_one_by_one(void **state)
{
    (void)state;
    static const unsigned ranges[][2] = {{0, 4}, {50, 4}, {90, 4}};
    for (int who = 0; who < 2; who++) { /* the first handle appends, or the other */
        struct bench b;
        open_files(&b, WRITES_TOO, 0, 1000, one_file);
        b.files[who]->appends = true;
        writes_of_one_file(&b, 1, ranges, COUNT_OF(ranges));
        assert_string_equal(b.trace, "write0 ");
        finish_first(&b);
        work_all(&b);
        assert_string_equal(b.trace, "write0 write50 ");
        close_bench(&b);
    }
}

/* As before, but for two WRITEs. */
static void what_else_runs_beside_writes(void **state)
{
    (void)state;
    static const uint32_t kinds[] = {SALLY_OP_READ,     SALLY_OP_FSTAT, SALLY_OP_FSYNC,
                                     SALLY_OP_FSETSTAT, SALLY_OP_STAT,  SALLY_OP_REMOVE,
                                     SALLY_OP_CLOSE};
    static const unsigned two[][2] = {{0, 4}, {4, 4}};
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        struct bench b;
        open_files(&b, WRITES_TOO, 0, 1000, one_file);
        writes_of_one_file(&b, 0, two, COUNT_OF(two));
        b.late_kinds = 0;
        any_op(&b, kinds[k], 0);
        if (kinds[k] != SALLY_OP_CLOSE)
            io(&b, SALLY_OP_WRITE, 0, 100, 0);
        work_all(&b);
        assert_string_equal(b.trace, "write0 write4 ");
        finish_first(&b);
        work_all(&b);
        assert_string_equal(b.trace, "write0 write4 "); /* one still runs */
        finish_first(&b);
        work_all(&b);
        char wanted[64] = "write0 write4 ";
        note(wanted, sally_op_kind_name(kinds[k]), 0);
        if (kinds[k] == SALLY_OP_CLOSE)
            b.files[0] = NULL;
        else
            note(wanted, "write", 100);
        assert_string_equal(b.trace, wanted);
        close_bench(&b);
    }
}

/* Each has a worker, where one would get them all. */
static void writes_run_in_several_threads(void **state)
{
    static const unsigned four[][2] = {{0, 4}, {4, 4}, {8, 4}, {12, 4}};
    (void)state;
    struct bench b;
    open_files(&b, WRITES_TOO, 0, 1000, one_file);
    writes_of_one_file(&b, 0, four, COUNT_OF(four));
    assert_int_equal(b.offloads, 4);
    assert_int_equal(b.late_count, 4);
    close_bench(&b);
    open_files(&b, SALLY_FS_CONCURRENT_WRITES, 0, 1000, one_file); /* not by itself */
    writes_of_one_file(&b, 0, four, COUNT_OF(four));
    assert_string_equal(b.trace, "write0 ");
    close_bench(&b);
}

static void the_end_comes_in_between(void **state)
{
    struct bench *b = *state;
    for (unsigned at = 1; at <= 5; at++)
        io(b, SALLY_OP_WRITE, 0, at, 0);
    work(b);
    test_host_pump(&b->host);
    close_bench(b); /* while a worker has them */
    assert_non_null(strstr(b->trace, "close0 close0 "));
}

static void the_end_comes_to_a_late_one(void **state)
{
    struct bench *b = *state;
    for (unsigned at = 1; at <= 5; at++)
        io(b, SALLY_OP_WRITE, 0, at, 0);
    work(b);
    test_host_pump(&b->host);
    b->late_kinds = SALLY_OP_BIT(SALLY_OP_WRITE);
    work_all(b); /* the second is answered late */
    close_bench(b);
    assert_int_equal(b->cancels, 1);
    assert_string_equal(b->trace, "write1 write2 close0 close0 ");
}

static sally_status before(void *user_data, sally_op *op)
{
    (void)user_data;
    (void)op;
    return SALLY_CONTINUE;
}

static void hooks_are_called_at_home(void **state)
{
    struct bench *b = *state;
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .flags = SALLY_HOOKS_NONBLOCKING,
                               .before_mask = SALLY_OP_BIT(SALLY_OP_WRITE),
                               .before = before};
    assert_int_equal(hook_stack_add(&b->hooks, &hooks), SALLY_E_OK);
    for (unsigned at = 1; at <= 5; at++)
        io(b, SALLY_OP_WRITE, 0, at, 0);
    work_all(b);
    assert_int_equal(b->offloads, 5);
}

static void with_real_workers(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        struct bench b;
        static const uint32_t traits[] = {0, SALLY_FS_CONCURRENT, WRITES_TOO};
        open_bench(&b, traits[round % 3], TEST_WORKERS, 1000);
        for (unsigned at = 0; at < 300; at++) {
            while (!session_may_submit(b.session))
                test_host_wait_one(&b.host);
            io(&b, SALLY_OP_WRITE, at % 5 == 0, at, at % 7);
            if (at % 50 == 49)
                io(&b, SALLY_OP_READ, 0, at, 1);
        }
        while (round % 2 == 0 && b.answers < b.submitted)
            test_host_wait_one(&b.host);
        session_close(b.session, SALLY_CLOSED_LOST, on_closed, &b);
        test_host_pump_until(&b.host, &b.gone);
        assert_int_equal(b.answers, b.submitted);
        test_host_stop(&b.host);
        pthread_mutex_destroy(&b.lock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_of_a_file_go_together),
        WITH_BENCH(nobody_is_overtaken),
        cmocka_unit_test(other_storages_do_one_after_the_other),
        WITH_BENCH(the_bound_on_bytes_holds),
        WITH_BENCH(late_answers_keep_the_order),
        cmocka_unit_test(who_may_start_beside_whom),
        WITH_BENCH(those_that_wait_are_not_passed),
        cmocka_unit_test(writes_side_by_side),
        cmocka_unit_test(the_end_of_all_offsets),
        cmocka_unit_test(appends_come_one_by_one),
        cmocka_unit_test(what_else_runs_beside_writes),
        cmocka_unit_test(writes_run_in_several_threads),
        WITH_BENCH(the_end_comes_in_between),
        WITH_BENCH(the_end_comes_to_a_late_one),
        WITH_BENCH(hooks_are_called_at_home),
        cmocka_unit_test(with_real_workers),
    };
    return cmocka_run_group_tests_name("core/queue", tests, NULL, NULL);
}
