/* Who is in the way of an operation that is refused for a lock: sally_op_lock_holder(). */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fs/driver.h"
#include "fs/scratch.h"

#define RW (SALLY_OPEN_READ | SALLY_OPEN_WRITE)

/* Ann, in the whole storage, has the file; Bob, in a directory of it, wants it. */
struct bench {
    char scratch[SCRATCH_SIZE];
    struct driver ann, bob;
    sally_file *file; /* Ann's */
};

enum storage { LOCAL, MEMORY, WRAPPED, STORAGES };

static void begin(struct bench *b, enum storage storage)
{
    sally_fs *fs, *inner, *below;
    *b = (struct bench){.file = NULL};
    scratch_make(b->scratch);
    if (storage == LOCAL)
        assert_int_equal(sally_fs_local(&fs, b->scratch, 0, 0), SALLY_E_OK);
    else
        assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    driver_start_as(&b->ann, fs, "ann", 7);
    assert_int_equal(do_mkdir(&b->ann, "/dir", 0777), SALLY_OK);
    make_file(&b->ann, "/dir/file", "0123456789");
    assert_int_equal(sally_fs_chroot(&below, fs, "/dir"), SALLY_E_OK);
    inner = below;
    if (storage == WRAPPED)
        assert_int_equal(sally_fs_fault(&below, inner), SALLY_E_OK);
    driver_start_as(&b->bob, below, "bob", 8);
    if (storage == WRAPPED)
        sally_fs_unref(inner);
    sally_fs_unref(below);
    sally_fs_unref(fs);
}

static void end(struct bench *b)
{
    driver_stop(&b->bob);
    driver_stop(&b->ann);
    scratch_remove(b->scratch);
}

static void expect(struct driver *d, sally_status status, sally_status wanted, const char *who)
{
    assert_int_equal(status, wanted);
    assert_string_equal(d->in_the_way, who);
}

static void reservations(enum storage storage)
{
    struct bench b;
    sally_file *file;
    sally_attrs cut = {.valid = SALLY_ATTR_SIZE, .size = 1};
    begin(&b, storage);
    struct driver *bob = &b.bob;
    assert_int_equal(do_open(&b.ann, "/dir/file",
                             RW | SALLY_OPEN_BLOCK_WRITE | SALLY_OPEN_BLOCK_DELETE, &b.file),
                     SALLY_OK);
    expect(&b.ann, SALLY_OK, SALLY_OK, "");
    static const char reserved[] = "ann 7 /dir/file 1800";
    expect(bob, do_open(bob, "/file", SALLY_OPEN_WRITE, &file), SALLY_LOCK_CONFLICT, reserved);
    expect(bob, do_path(bob, SALLY_OP_REMOVE, "/file"), SALLY_LOCK_CONFLICT, reserved);
    expect(bob, do_two(bob, SALLY_OP_RENAME, "/file", "/new", 0), SALLY_LOCK_CONFLICT, reserved);
    expect(bob, do_setstat(bob, "/file", 0, &cut), SALLY_LOCK_CONFLICT, reserved);
    expect(bob, do_open(bob, "/file", SALLY_OPEN_READ, &file), SALLY_OK, "");

    /* What Ann wants to keep others from is what Bob does already. */
    assert_int_equal(do_close(&b.ann, b.file), SALLY_OK);
    expect(&b.ann, do_open(&b.ann, "/dir/file", SALLY_OPEN_READ | SALLY_OPEN_BLOCK_READ, &b.file),
           SALLY_LOCK_CONFLICT, "bob 8 /file 0");
    end(&b);
}

static void ranges(enum storage storage)
{
    struct bench b;
    sally_file *file, *to;
    char data[10];
    uint32_t size = sizeof data;
    sally_attrs cut = {.valid = SALLY_ATTR_SIZE, .size = 4};
    const sally_op_hash whole = {.algorithms = "md5"};
    char hash[HASH_TEXT_SIZE];
    begin(&b, storage);
    struct driver *bob = &b.bob;
    assert_int_equal(do_open(&b.ann, "/dir/file", RW, &b.file), SALLY_OK);
    assert_int_equal(do_open(bob, "/file", RW, &file), SALLY_OK);
    assert_int_equal(do_open(bob, "/to", RW | SALLY_OPEN_CREATE, &to), SALLY_OK);
    assert_int_equal(
        do_lock(&b.ann, SALLY_OP_LOCK, b.file, 2, 3,
                SALLY_OPEN_BLOCK_READ | SALLY_OPEN_BLOCK_WRITE | SALLY_OPEN_BLOCK_DELETE),
        SALLY_OK);
    assert_int_equal(do_lock(&b.ann, SALLY_OP_LOCK, b.file, 8, 0, SALLY_OPEN_BLOCK_WRITE),
                     SALLY_OK);
    static const char first[] = "ann 7 /dir/file 2 3 1c00", second[] = "ann 7 /dir/file 8 0 800";
    expect(bob, do_write(bob, file, 4, "x", 1), SALLY_BYTE_RANGE_LOCK_CONFLICT, first);
    expect(bob, do_write(bob, file, 100, "x", 1), SALLY_BYTE_RANGE_LOCK_CONFLICT, second);
    expect(bob, do_write(bob, file, 5, "x", 1), SALLY_OK, "");
    expect(bob, do_read(bob, file, 0, data, &size), SALLY_BYTE_RANGE_LOCK_CONFLICT, first);
    expect(bob, do_lock(bob, SALLY_OP_LOCK, file, 9, 1, SALLY_OPEN_BLOCK_READ),
           SALLY_BYTE_RANGE_LOCK_REFUSED, second);
    expect(bob, do_fsetstat(bob, file, &cut), SALLY_BYTE_RANGE_LOCK_CONFLICT, first);
    expect(bob, do_setstat(bob, "/file", 0, &cut), SALLY_BYTE_RANGE_LOCK_CONFLICT, first);
    expect(bob, do_open(bob, "/file", SALLY_OPEN_WRITE | SALLY_OPEN_TRUNCATE, NULL),
           SALLY_BYTE_RANGE_LOCK_CONFLICT, first);
    expect(bob, do_path(bob, SALLY_OP_REMOVE, "/file"), SALLY_LOCK_CONFLICT, first);
    expect(bob, do_hash(bob, file, NULL, &whole, hash), SALLY_BYTE_RANGE_LOCK_CONFLICT, first);
    expect(bob, do_hash(bob, NULL, "/file", &whole, hash), SALLY_BYTE_RANGE_LOCK_CONFLICT, first);
    /* The handle's own locks are in the way of a lock, too, but of nothing else. */
    expect(&b.ann, do_lock(&b.ann, SALLY_OP_LOCK, b.file, 0, 0, SALLY_OPEN_BLOCK_WRITE),
           SALLY_BYTE_RANGE_LOCK_REFUSED, first);
    expect(&b.ann, do_write(&b.ann, b.file, 2, "x", 1), SALLY_OK, "");
    assert_int_equal(do_lock(&b.ann, SALLY_OP_UNLOCK, b.file, 2, 3, 0), SALLY_OK);
    expect(bob, do_write(bob, file, 4, "x", 1), SALLY_OK, "");
    end(&b);
}

/* One is told, the first one, however many there are. */
static void the_first_of_several_is_told(void **state)
{
    (void)state;
    for (enum storage storage = LOCAL; storage < STORAGES; storage++) {
        struct bench b;
        sally_file *file;
        sally_attrs cut = {.valid = SALLY_ATTR_SIZE, .size = 1};
        uint32_t flags = SALLY_OPEN_READ | SALLY_OPEN_BLOCK_WRITE;
        begin(&b, storage);
        assert_int_equal(do_open(&b.ann, "/dir/file", flags | SALLY_OPEN_BLOCK_DELETE, &b.file),
                         SALLY_OK);
        assert_int_equal(do_open(&b.bob, "/file", flags, &file), SALLY_OK);
        expect(&b.bob, do_setstat(&b.bob, "/file", 0, &cut), SALLY_LOCK_CONFLICT,
               "ann 7 /dir/file 1800");
        end(&b);
    }
}

static void who_has_reserved_it(void **state)
{
    (void)state;
    for (enum storage storage = LOCAL; storage < STORAGES; storage++)
        reservations(storage);
}

static void who_has_locked_it(void **state)
{
    (void)state;
    for (enum storage storage = LOCAL; storage < STORAGES; storage++)
        ranges(storage);
}

/* The system says that someone has a lock, not who. */
static void another_program_is_not_known(void **state)
{
    (void)state;
    struct bench b;
    char path[SCRATCH_SIZE + 16];
    begin(&b, LOCAL);
    snprintf(path, sizeof path, "%s/dir/file", b.scratch);
    int fd = open(path, O_RDWR);
    struct flock theirs = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &theirs), 0);
    assert_int_equal(do_open(&b.ann, "/dir/file", RW, &b.file), SALLY_OK);
    expect(&b.ann, do_lock(&b.ann, SALLY_OP_LOCK, b.file, 0, 10, SALLY_OPEN_BLOCK_WRITE),
           SALLY_BYTE_RANGE_LOCK_REFUSED, "");
    close(fd);
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_reserved_it),
        cmocka_unit_test(who_has_locked_it),
        cmocka_unit_test(the_first_of_several_is_told),
        cmocka_unit_test(another_program_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
