/* Cases about single files: opening, bytes, attributes. */
#include "fs/cases.h"

#include <stdio.h>
#include <stdlib.h>

#define RW  (SALLY_OPEN_READ | SALLY_OPEN_WRITE)
#define NEW (RW | SALLY_OPEN_CREATE)

/* Status asserted with its name on the line. */
#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)

static void open_and_close(struct driver *d)
{
    sally_file *file;
    IS(do_open(d, "/none", SALLY_OPEN_READ, &file), NO_SUCH_FILE);
    IS(do_open(d, "/none/none", NEW, &file), NO_SUCH_FILE);
    IS(do_open(d, "/a", NEW, &file), OK);
    IS(do_close(d, file), OK);
    IS(do_open(d, "/a/b", NEW, &file), NOT_A_DIRECTORY);
    IS(do_open(d, "/a", NEW, &file), OK);
    IS(do_close(d, file), OK);
    IS(do_open(d, "/a", NEW | SALLY_OPEN_EXCLUSIVE, &file), FILE_ALREADY_EXISTS);
    IS(do_open(d, "/new", NEW | SALLY_OPEN_EXCLUSIVE, &file), OK);
    IS(do_close(d, file), OK);
    IS(do_open(d, "/a", SALLY_OPEN_WRITE | SALLY_OPEN_UNIQUE, &file), OK);
    assert_string_equal(sally_file_path(file), "/a.1");
    IS(do_close(d, file), OK);
    IS(do_path(d, SALLY_OP_REMOVE, "/a.1"), OK);
    IS(do_mkdir(d, "/dir", 0755), OK);
    IS(do_open(d, "/dir", SALLY_OPEN_READ, &file), FILE_IS_A_DIRECTORY);
    IS(do_open(d, "/dir", SALLY_OPEN_WRITE, &file), FILE_IS_A_DIRECTORY);
    IS(do_open(d, "/dir", NEW, &file), FILE_IS_A_DIRECTORY);
    IS(do_open(d, "/", SALLY_OPEN_READ, &file), FILE_IS_A_DIRECTORY);
    IS(do_open(d, "/a", SALLY_OPEN_READ | SALLY_OPEN_TRUNCATE, &file), INVALID_PARAMETER);
}

static void open_flags(struct driver *d)
{
    sally_file *file;
    char text[1001];
    make_file(d, "/f", "hello world");
    IS(do_open(d, "/f", SALLY_OPEN_WRITE, &file), OK); /* neither cut nor emptied */
    IS(do_write(d, file, 0, "HE", 2), OK);
    IS(do_close(d, file), OK);
    assert_string_equal(file_text(d, "/f", text), "HEllo world");

    IS(do_open(d, "/f", SALLY_OPEN_WRITE | SALLY_OPEN_APPEND, &file), OK);
    IS(do_write(d, file, 0, "!", 1), OK);
    IS(do_write(d, file, 0, "?", 1), OK);
    IS(do_close(d, file), OK);
    assert_string_equal(file_text(d, "/f", text), "HEllo world!?");

    IS(do_open(d, "/f", SALLY_OPEN_WRITE | SALLY_OPEN_TRUNCATE, &file), OK);
    IS(do_close(d, file), OK);
    assert_string_equal(file_text(d, "/f", text), "");

    IS(do_open(d, "/f", SALLY_OPEN_READ, &file), OK);
    IS(do_write(d, file, 0, "x", 1), INVALID_HANDLE);
    IS(do_close(d, file), OK);
}

static void delete_on_close(struct driver *d)
{
    sally_file *file;
    IS(do_open(d, "/t", NEW | SALLY_OPEN_DELETE_ON_CLOSE, &file), OK);
    IS(do_write(d, file, 0, "x", 1), OK);
    IS(do_stat(d, "/t", 0, NULL), OK);
    IS(do_close(d, file), OK);
    IS(do_stat(d, "/t", 0, NULL), NO_SUCH_FILE);

    /* Another file under that name stays. */
    IS(do_open(d, "/t", NEW | SALLY_OPEN_DELETE_ON_CLOSE, &file), OK);
    make_file(d, "/other", "other");
    IS(do_two(d, SALLY_OP_RENAME, "/other", "/t", SALLY_RENAME_OVERWRITE), OK);
    IS(do_close(d, file), OK);
    IS(do_stat(d, "/t", 0, NULL), OK);
}

static void read_and_write(struct driver *d)
{
    sally_file *file;
    uint32_t size = 3 * 65536 + 77;
    uint8_t *out = malloc(size), *in = malloc(size);
    for (uint32_t i = 0; i < size; i++)
        out[i] = (uint8_t)(i * 7 + i / 65536);
    IS(do_open(d, "/f", NEW, &file), OK);
    IS(do_write(d, file, 0, out, size), OK);
    uint32_t got = size;
    IS(do_read(d, file, 0, in, &got), OK);
    assert_int_equal(got, size);
    assert_memory_equal(in, out, size);
    for (uint32_t at = 65000; at < 66000; at += 333) {
        got = 70000;
        IS(do_read(d, file, at, in, &got), OK);
        assert_int_equal(got, 70000);
        assert_memory_equal(in, out + at, got);
    }
    got = 1000;
    IS(do_read(d, file, size - 10, in, &got), OK);
    assert_int_equal(got, 10);
    got = 1000;
    IS(do_read(d, file, size, in, &got), EOF);
    assert_int_equal(got, 0);
    got = 1000;
    IS(do_read(d, file, UINT64_MAX, in, &got), EOF);
    got = 1;
    IS(do_read(d, file, (uint64_t)INT64_MAX, in, &got), EOF);
    assert_true(do_write(d, file, UINT64_MAX, "x", 1) != SALLY_OK);
    assert_true(do_write(d, file, (uint64_t)INT64_MAX, "x", 1) != SALLY_OK);
    IS(do_write(d, file, 5, "", 0), OK);
    IS(do_fsync(d, file), OK);
    IS(do_close(d, file), OK);
    free(in);
    free(out);
}

static void holes(struct driver *d)
{
    sally_file *file;
    sally_attrs attrs;
    const uint64_t far = UINT64_C(5) << 30;
    char data[16], zero[16] = {0};
    IS(do_open(d, "/sparse", NEW, &file), OK);
    IS(do_write(d, file, far, "end", 3), OK);
    IS(do_write(d, file, 70000, "mid", 3), OK);
    IS(do_fstat(d, file, &attrs), OK);
    assert_true(attrs.size == far + 3);
    assert_true(attrs.allocation_size < 1 << 20);
    uint32_t got = sizeof(data);
    IS(do_read(d, file, far - 5, data, &got), OK);
    assert_int_equal(got, 8);
    assert_memory_equal(data, "\0\0\0\0\0end", 8);
    got = sizeof(data);
    IS(do_read(d, file, UINT64_C(3) << 30, data, &got), OK);
    assert_int_equal(got, sizeof(data));
    assert_memory_equal(data, zero, sizeof(data));

    /* What was cut off does not come back. */
    sally_attrs cut = {.valid = SALLY_ATTR_SIZE, .size = 70001};
    IS(do_fsetstat(d, file, &cut), OK);
    cut.size = far + 10;
    IS(do_fsetstat(d, file, &cut), OK);
    got = 5;
    IS(do_read(d, file, 69999, data, &got), OK);
    assert_memory_equal(data, "\0m\0\0\0", 5);
    got = 16;
    IS(do_read(d, file, far, data, &got), OK);
    assert_int_equal(got, 10);
    assert_memory_equal(data, zero, 10);
    cut.size = UINT64_C(1) << 63;
    assert_true(do_fsetstat(d, file, &cut) != SALLY_OK);
    IS(do_close(d, file), OK);
}

static void unlinked_files_live(struct driver *d)
{
    sally_file *file;
    char data[5];
    make_file(d, "/f", "12345");
    IS(do_open(d, "/f", RW, &file), OK);
    IS(do_path(d, SALLY_OP_REMOVE, "/f"), OK);
    IS(do_stat(d, "/f", 0, NULL), NO_SUCH_FILE);
    uint32_t got = 5;
    IS(do_read(d, file, 0, data, &got), OK);
    assert_memory_equal(data, "12345", 5);
    IS(do_write(d, file, 5, "6", 1), OK);
    sally_attrs attrs;
    IS(do_fstat(d, file, &attrs), OK);
    assert_int_equal(attrs.link_count, 0);
    assert_int_equal(attrs.size, 6);
    IS(do_close(d, file), OK);
}

static void attributes(struct driver *d)
{
    sally_attrs attrs;
    IS(do_stat(d, "/none", SALLY_FOLLOW, &attrs), NO_SUCH_FILE);
    make_file(d, "/f", "12345");
    IS(do_stat(d, "/f", SALLY_FOLLOW, &attrs), OK);
    assert_int_equal(attrs.type, SALLY_TYPE_REGULAR);
    assert_int_equal(attrs.size, 5);
    assert_int_equal(attrs.link_count, 1);
    IS(do_stat(d, "/f/x", SALLY_FOLLOW, &attrs), NOT_A_DIRECTORY);
    IS(do_stat(d, "/", 0, &attrs), OK);
    assert_int_equal(attrs.type, SALLY_TYPE_DIRECTORY);

    sally_attrs set = {.valid = SALLY_ATTR_PERMISSIONS | SALLY_ATTR_SIZE | SALLY_ATTR_ATIME |
                                SALLY_ATTR_MTIME | SALLY_ATTR_NANOSECONDS,
                       .permissions = 0640,
                       .size = 3,
                       .atime = {.seconds = -5, .nanoseconds = 7},
                       .mtime = {.seconds = 5000000000, .nanoseconds = 999999999}};
    IS(do_setstat(d, "/f", SALLY_FOLLOW, &set), OK);
    IS(do_stat(d, "/f", SALLY_FOLLOW, &attrs), OK);
    assert_int_equal(attrs.permissions, 0640);
    assert_int_equal(attrs.size, 3);
    assert_true(attrs.atime.seconds == -5 && attrs.atime.nanoseconds == 7);
    assert_true(attrs.mtime.seconds == 5000000000 && attrs.mtime.nanoseconds == 999999999);

    /* One time alone leaves the other. */
    set = (sally_attrs){.valid = SALLY_ATTR_MTIME, .mtime = {.seconds = 99, .nanoseconds = 12}};
    IS(do_setstat(d, "/f", SALLY_FOLLOW, &set), OK);
    IS(do_stat(d, "/f", SALLY_FOLLOW, &attrs), OK);
    assert_true(attrs.atime.seconds == -5);
    assert_true(attrs.mtime.seconds == 99 && attrs.mtime.nanoseconds == 0);

    set = (sally_attrs){.valid = SALLY_ATTR_MTIME | SALLY_ATTR_NANOSECONDS,
                        .mtime = {.nanoseconds = 1000000000}};
    IS(do_setstat(d, "/f", SALLY_FOLLOW, &set), INVALID_PARAMETER);
    set = (sally_attrs){.valid = SALLY_ATTR_SIZE, .size = UINT64_MAX};
    assert_true(do_setstat(d, "/f", SALLY_FOLLOW, &set) != SALLY_OK);
    set = (sally_attrs){.valid = SALLY_ATTR_SIZE};
    IS(do_setstat(d, "/", SALLY_FOLLOW, &set), FILE_IS_A_DIRECTORY);
    IS(do_setstat(d, "/none", SALLY_FOLLOW, &set), NO_SUCH_FILE);
    set = (sally_attrs){.valid = SALLY_ATTR_EXTENDED};
    IS(do_setstat(d, "/f", SALLY_FOLLOW, &set), UNSUPPORTED);
    set = (sally_attrs){.valid = 0};
    IS(do_setstat(d, "/f", SALLY_FOLLOW, &set), OK);
    IS(do_setstat(d, "/none", SALLY_FOLLOW, &set), NO_SUCH_FILE);
    set = (sally_attrs){.valid = SALLY_ATTR_NAMES, .owner = "no such user at all", .group = ""};
    IS(do_setstat(d, "/f", SALLY_FOLLOW, &set), UNKNOWN_PRINCIPAL);
    set = (sally_attrs){.valid = SALLY_ATTR_NAMES, .owner = "", .group = "no such group at all"};
    IS(do_setstat(d, "/f", SALLY_FOLLOW, &set), UNKNOWN_PRINCIPAL);
}

/* One attribute fails, the others are set all the same: by path and, of files, by handle. */
static void attributes_are_set_one_by_one(struct driver *d)
{
    static const struct {
        const char *path;
        sally_attrs fails; /* beside permissions and a time */
        sally_status status;
    } cases[] = {
        {"/d", {.valid = SALLY_ATTR_SIZE, .size = 1}, SALLY_FILE_IS_A_DIRECTORY},
        {"/f", {.valid = SALLY_ATTR_SIZE, .size = UINT64_MAX}, SALLY_FAILURE},
        {"/f", {.valid = SALLY_ATTR_EXTENDED}, SALLY_UNSUPPORTED},
        {"/f",
         {.valid = SALLY_ATTR_NAMES, .owner = "no such user at all", .group = ""},
         SALLY_UNKNOWN_PRINCIPAL},
        {"/f",
         {.valid = SALLY_ATTR_NAMES, .owner = "", .group = "no such group at all"},
         SALLY_UNKNOWN_PRINCIPAL},
        /* Two failures: the first one is told. */
        {"/d",
         {.valid = SALLY_ATTR_SIZE | SALLY_ATTR_NAMES, .owner = "no such user at all"},
         SALLY_FAILURE},
    };
    sally_attrs got;
    IS(do_mkdir(d, "/d", 0755), OK);
    make_file(d, "/f", "x");
    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        bool by_handle = i >= COUNT_OF(cases);
        const char *path = cases[i % COUNT_OF(cases)].path;
        sally_attrs set = cases[i % COUNT_OF(cases)].fails;
        set.valid |= SALLY_ATTR_PERMISSIONS | SALLY_ATTR_MTIME;
        set.permissions = 0700 + (uint32_t)i;
        set.mtime.seconds = 100 + (int64_t)i;
        if (by_handle && path[1] == 'd')
            continue;
        sally_status status;
        if (by_handle) {
            sally_file *file;
            IS(do_open(d, path, SALLY_OPEN_READ | SALLY_OPEN_WRITE, &file), OK);
            status = do_fsetstat(d, file, &set);
            IS(do_close(d, file), OK);
        } else {
            status = do_setstat(d, path, SALLY_FOLLOW, &set);
        }
        if (cases[i % COUNT_OF(cases)].status != SALLY_FAILURE)
            assert_int_equal(status, cases[i % COUNT_OF(cases)].status);
        else
            assert_int_not_equal(status, SALLY_OK);
        IS(do_stat(d, path, 0, &got), OK);
        assert_int_equal(got.permissions, 0700 + i);
        assert_true(got.mtime.seconds == 100 + (int64_t)i);
    }
    sally_file *file;
    IS(do_open(d, "/f", SALLY_OPEN_READ, &file), OK); /* not opened to be written */
    const sally_attrs set = {
        .valid = SALLY_ATTR_SIZE | SALLY_ATTR_PERMISSIONS, .size = 0, .permissions = 0440};
    assert_int_not_equal(do_fsetstat(d, file, &set), SALLY_OK);
    IS(do_fstat(d, file, &got), OK);
    assert_true(got.permissions == 0440 && got.size == 1);
    IS(do_close(d, file), OK);
}

static void attributes_of_open_files(struct driver *d)
{
    sally_file *file;
    sally_attrs attrs;
    IS(do_open_mode(d, "/f", NEW, 0600, &file), OK);
    IS(do_fstat(d, file, &attrs), OK);
    assert_int_equal(attrs.permissions, 0600);
    sally_attrs set = {.valid = SALLY_ATTR_PERMISSIONS | SALLY_ATTR_SIZE | SALLY_ATTR_ATIME |
                                SALLY_ATTR_MTIME,
                       .permissions = 0444,
                       .size = 100,
                       .atime = {.seconds = 1},
                       .mtime = {.seconds = 2}};
    IS(do_fsetstat(d, file, &set), OK);
    IS(do_fstat(d, file, &attrs), OK);
    assert_int_equal(attrs.permissions, 0444);
    assert_int_equal(attrs.size, 100);
    assert_true(attrs.atime.seconds == 1 && attrs.mtime.seconds == 2);
    IS(do_close(d, file), OK);

    IS(do_open(d, "/f", SALLY_OPEN_READ, &file), OK);
    set = (sally_attrs){.valid = SALLY_ATTR_SIZE};
    assert_true(do_fsetstat(d, file, &set) != SALLY_OK); /* not opened to be written */
    set = (sally_attrs){.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0600};
    IS(do_fsetstat(d, file, &set), OK);
    IS(do_close(d, file), OK);

    IS(do_mkdir(d, "/dir", 0700), OK);
    IS(do_opendir(d, "/dir", &file), OK);
    IS(do_fstat(d, file, &attrs), OK);
    assert_int_equal(attrs.type, SALLY_TYPE_DIRECTORY);
    assert_int_equal(attrs.permissions, 0700);
    IS(do_closedir(d, file), OK);
}

static void file_systems(struct driver *d)
{
    struct op *op = driver_op(d, SALLY_OP_STATVFS, "/");
    IS(driver_do(d, op), OK);
    assert_true(op->pub.u.statvfs.fragment_size > 0);
    assert_true(op->pub.u.statvfs.blocks > 0);
    assert_true(op->pub.u.statvfs.blocks_free <= op->pub.u.statvfs.blocks);
    assert_int_equal(op->pub.u.statvfs.name_max, 255);
    op_free(op);
    IS(driver_finish(d, driver_op(d, SALLY_OP_STATVFS, "/none")), NO_SUCH_FILE);
    sally_file *file;
    IS(do_open(d, "/f", NEW, &file), OK);
    IS(driver_finish(d, driver_file_op(d, SALLY_OP_STATVFS, file)), OK);
    IS(do_close(d, file), OK);
}

static sally_status do_copy(struct driver *d, sally_file *from, sally_file *to,
                            uint64_t from_offset, uint64_t to_offset, uint64_t length)
{
    struct op *op = driver_file_op(d, SALLY_OP_COPY, from);
    op->pub.u.copy = (sally_op_copy){
        .to = to, .from_offset = from_offset, .to_offset = to_offset, .length = length};
    return driver_finish(d, op);
}

static void copying(struct driver *d)
{
    sally_file *from, *to;
    char text[1001];
    make_file(d, "/from", "0123456789");
    IS(do_open(d, "/from", SALLY_OPEN_READ, &from), OK);
    IS(do_open(d, "/to", NEW, &to), OK);
    IS(do_copy(d, from, to, 0, 0, 0), OK);
    assert_string_equal(file_text(d, "/to", text), "0123456789");
    IS(do_copy(d, from, to, 2, 12, 3), OK);
    assert_memory_equal(file_text(d, "/to", text), "0123456789\0\000234", 15);
    IS(do_copy(d, from, to, 8, 0, 1000), OK); /* to the end, which comes earlier */
    assert_memory_equal(file_text(d, "/to", text), "8923456789\0\000234", 15);
    IS(do_copy(d, from, to, UINT64_MAX, 0, 1), INVALID_PARAMETER);
    IS(do_close(d, from), OK);
    IS(do_close(d, to), OK);
    IS(do_open(d, "/to", SALLY_OPEN_WRITE | SALLY_OPEN_APPEND, &to), OK);
    IS(do_open(d, "/from", SALLY_OPEN_READ, &from), OK);
    IS(do_copy(d, from, to, 0, 0, 2), OK);
    assert_memory_equal(file_text(d, "/to", text), "8923456789\0\00023401", 17);
    IS(do_close(d, from), OK);
    IS(do_close(d, to), OK);
}

/* Under another name, so that no one sees it from the paths: refused, or done with what was there.
 */
static void copying_onto_itself(struct driver *d)
{
    static const struct {
        uint32_t flags;
        uint64_t from, to, length;
    } cases[] = {
        {SALLY_OPEN_WRITE, 0, 5, 0},
        {SALLY_OPEN_WRITE, 0, 5, 1u << 30},
        {SALLY_OPEN_WRITE, 0, 0, 0},
        {SALLY_OPEN_WRITE, 5, 0, 0},
        {SALLY_OPEN_WRITE | SALLY_OPEN_APPEND, 0, 0, 0},
        {SALLY_OPEN_WRITE | SALLY_OPEN_APPEND, 0, UINT64_C(1) << 62, UINT64_C(1) << 61},
        {SALLY_OPEN_WRITE, 100, 200, 0},
    };
    sally_attrs attrs;
    make_file(d, "/same", "0123456789");
    if (do_symlink(d, "/alias", "same") != SALLY_OK)
        return;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sally_file *from, *to;
        make_file(d, "/same", "0123456789");
        IS(do_open(d, "/same", SALLY_OPEN_READ, &from), OK);
        IS(do_open(d, "/alias", cases[i].flags, &to), OK);
        sally_status status = do_copy(d, from, to, cases[i].from, cases[i].to, cases[i].length);
        assert_true(status == SALLY_OK || status == SALLY_INVALID_PARAMETER);
        IS(do_close(d, from), OK);
        IS(do_close(d, to), OK);
        IS(do_stat(d, "/same", SALLY_FOLLOW, &attrs), OK);
        assert_true(attrs.size <= 20);
    }
}

#define CASE(function)                                                                             \
    {                                                                                              \
#function, function                                                                        \
    }
const struct storage_case file_cases[] = {
    CASE(open_and_close),
    CASE(open_flags),
    CASE(delete_on_close),
    CASE(read_and_write),
    CASE(holes),
    CASE(unlinked_files_live),
    CASE(attributes),
    CASE(attributes_are_set_one_by_one),
    CASE(attributes_of_open_files),
    CASE(file_systems),
    CASE(copying),
    CASE(copying_onto_itself),
};
const size_t file_case_count = COUNT_OF(file_cases);
