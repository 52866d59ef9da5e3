#include "fs/cases.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fs/driver.h"
#include "sallyport/posix.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)

/* A storage of one file in memory, which every path leads to. */
static int the_file, last_fd;

static sally_status open_slot(sally_fs *fs, sally_op *op)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", the_file);
    const char *name = strcmp(op->path, "/none") == 0  ? op->path
                       : strcmp(op->path, "/dir") == 0 ? "/"
                                                       : path;
    last_fd = open(name, sally_fd_flags(op) & ~O_NOFOLLOW, sally_fd_mode(op, 0600));
    return sally_fd_open(fs, op, last_fd);
}

static const sally_fs_methods methods = {.struct_size = sizeof methods,
                                         .traits = SALLY_FS_CONCURRENT,
                                         .open = open_slot,
                                         .close = sally_fd_close,
                                         .read = sally_fd_read,
                                         .write = sally_fd_write,
                                         .fsync = sally_fd_fsync,
                                         .fstat = sally_fd_fstat,
                                         .fsetstat = sally_fd_fsetstat};

static void begin(struct driver *d)
{
    sally_fs *fs;
    the_file = memfd_create("file", MFD_CLOEXEC);
    assert_true(the_file >= 0);
    assert_int_equal(sally_fs_new(&fs, &methods, NULL), SALLY_E_OK);
    driver_start(d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
}

static void end(struct driver *d)
{
    driver_stop(d);
    close(the_file);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void a_file_is_its_descriptor(void **state)
{
    (void)state;
    struct driver d;
    sally_file *file;
    sally_attrs attrs;
    char text[16];
    uint32_t size = sizeof text;
    begin(&d);
    IS(do_open(&d, "/f", SALLY_OPEN_READ | SALLY_OPEN_WRITE, &file), OK);
    IS(do_write(&d, file, 3, "hello", 5), OK);
    IS(do_read(&d, file, 1, text, &size), OK);
    assert_int_equal(size, 7);
    assert_memory_equal(text, "\0\0hello", 7);
    size = sizeof text;
    IS(do_read(&d, file, 8, text, &size), EOF);
    size = sizeof text;
    IS(do_read(&d, file, UINT64_MAX, text, &size), EOF);
    assert_int_not_equal(do_write(&d, file, UINT64_MAX - 1, "x", 1), SALLY_OK);
    IS(do_fsync(&d, file), OK);
    attrs = (sally_attrs){
        .valid = SALLY_ATTR_SIZE | SALLY_ATTR_PERMISSIONS, .size = 2, .permissions = 06750};
    IS(do_fsetstat(&d, file, &attrs), OK);
    IS(do_fstat(&d, file, &attrs), OK);
    assert_true(attrs.size == 2 && attrs.permissions == 0750);
    assert_true(attrs.valid & SALLY_ATTR_IDENTITY);
    assert_true(is_open(last_fd));
    IS(do_close(&d, file), OK);
    assert_false(is_open(last_fd));
    end(&d);
}

static void what_fails_keeps_no_descriptor(void **state)
{
    (void)state;
    struct driver d;
    sally_file *file;
    begin(&d);
    IS(do_open(&d, "/none", SALLY_OPEN_READ, &file), NO_SUCH_FILE);
    IS(do_open(&d, "/dir", SALLY_OPEN_READ, &file), FILE_IS_A_DIRECTORY);
    assert_true(last_fd >= 0 && !is_open(last_fd));
    IS(do_open(&d, "/f", SALLY_OPEN_READ, &file), OK);
    assert_int_not_equal(do_write(&d, file, 0, "x", 1), SALLY_OK); /* not opened for it */
    end(&d);                                                       /* closes the file */
    assert_false(is_open(last_fd));
}

static void flags_of_open(void **state)
{
    (void)state;
    static const struct {
        uint32_t asked;
        int flags;
    } cases[] = {
        {SALLY_OPEN_READ, O_RDONLY},
        {0, O_RDONLY},
        {SALLY_OPEN_WRITE, O_WRONLY},
        {SALLY_OPEN_READ | SALLY_OPEN_WRITE, O_RDWR},
        {SALLY_OPEN_APPEND, O_WRONLY | O_APPEND},
        {SALLY_OPEN_READ | SALLY_OPEN_APPEND_ATOMIC | SALLY_OPEN_WRITE, O_RDWR | O_APPEND},
        {SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE, O_WRONLY | O_CREAT | O_TRUNC},
        {SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_EXCLUSIVE, O_WRONLY | O_CREAT | O_EXCL},
        {SALLY_OPEN_READ | SALLY_OPEN_NOFOLLOW | SALLY_OPEN_TEXT, O_RDONLY | O_NOFOLLOW},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const sally_op op = {.kind = SALLY_OP_OPEN, .u.open.flags = cases[i].asked};
        assert_int_equal(sally_fd_flags(&op), cases[i].flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    }
    sally_attrs attrs = {.valid = 0, .permissions = 07751};
    const sally_op made = {.kind = SALLY_OP_OPEN, .u.open.attrs = &attrs};
    const sally_op directory = {.kind = SALLY_OP_MKDIR, .u.setstat.attrs = &attrs};
    assert_int_equal(sally_fd_mode(&made, 0644), 0644);
    attrs.valid = SALLY_ATTR_PERMISSIONS;
    assert_int_equal(sally_fd_mode(&made, 0644), 0751);
    assert_int_equal(sally_fd_mode(&directory, 0777), 0751);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_its_descriptor),
        cmocka_unit_test(what_fails_keeps_no_descriptor),
        cmocka_unit_test(flags_of_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
