#include "fs/cases.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "fs/local.h"
#include "fs/scratch.h"

#define NEW (SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE)

struct bench {
    char scratch[SCRATCH_SIZE];
    struct driver d;
};

static struct bench *start(const char *where, uint32_t flags, uint32_t umask_bits, bool walk,
                           enum driver_style style)
{
    struct bench *b = calloc(1, sizeof(*b));
    sally_fs *fs;
    if (where)
        scratch_make_in(b->scratch, where);
    else
        scratch_make(b->scratch);
    assert_int_equal(local_new(&fs, b->scratch, flags, umask_bits, walk), SALLY_E_OK);
    driver_start(&b->d, fs, style);
    sally_fs_unref(fs);
    return b;
}

static void stop(struct bench *b)
{
    driver_stop(&b->d);
    scratch_remove(b->scratch);
    free(b);
}

static const char *at(const struct bench *b, const char *path)
{
    static char full[300];
    snprintf(full, sizeof(full), "%s%s", b->scratch, path);
    return full;
}

static void arguments(void **state)
{
    (void)state;
    sally_fs *fs;
    char scratch[SCRATCH_SIZE], path[SCRATCH_SIZE + 8];
    scratch_make(scratch);
    assert_int_equal(sally_fs_local(&fs, NULL, 0, 0), SALLY_E_INVALID);
    assert_int_equal(sally_fs_local(NULL, scratch, 0, 0), SALLY_E_INVALID);
    assert_int_equal(sally_fs_local(&fs, scratch, 0x80000000u, 0), SALLY_E_INVALID);
    assert_int_equal(sally_fs_local(&fs, scratch, 0, 010000), SALLY_E_INVALID);
    snprintf(path, sizeof(path), "%s/x", scratch);
    errno = 0;
    assert_int_equal(sally_fs_local(&fs, path, 0, 0), SALLY_E_SYSTEM);
    assert_int_equal(errno, ENOENT);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(fd);
    assert_int_equal(sally_fs_local(&fs, path, 0, 0), SALLY_E_SYSTEM);
    assert_int_equal(errno, ENOTDIR);
    scratch_remove(scratch);
}

/* Nothing but files is opened, and nothing waits. */
static void special_files(void **state)
{
    (void)state;
    for (int walk = 0; walk < 2; walk++) {
        struct bench *b = start(NULL, 0, 0, walk, DRIVER_INLINE);
        sally_file *file;
        sally_attrs attrs;
        assert_int_equal(mkfifo(at(b, "/fifo"), 0666), 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        strcpy(address.sun_path, at(b, "/sock"));
        assert_int_equal(bind(s, (const struct sockaddr *)(const void *)&address, sizeof(address)),
                         0);
        static const uint32_t flags[] = {SALLY_OPEN_READ, SALLY_OPEN_WRITE,
                                         SALLY_OPEN_READ | SALLY_OPEN_WRITE, NEW,
                                         SALLY_OPEN_WRITE | SALLY_OPEN_APPEND};
        for (size_t i = 0; i < COUNT_OF(flags); i++) {
            assert_int_not_equal(do_open(&b->d, "/fifo", flags[i], &file), SALLY_OK);
            assert_int_not_equal(do_open(&b->d, "/sock", flags[i], &file), SALLY_OK);
        }
        const sally_attrs cut = {.valid = SALLY_ATTR_SIZE};
        assert_int_not_equal(do_setstat(&b->d, "/fifo", SALLY_FOLLOW, &cut), SALLY_OK);
        const sally_attrs mode = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0600};
        assert_int_equal(do_setstat(&b->d, "/fifo", SALLY_FOLLOW, &mode), SALLY_OK);
        assert_int_equal(do_stat(&b->d, "/fifo", 0, &attrs), SALLY_OK);
        assert_int_equal(attrs.type, SALLY_TYPE_FIFO);
        assert_int_equal(attrs.permissions, 0600);
        assert_int_equal(do_stat(&b->d, "/sock", 0, &attrs), SALLY_OK);
        assert_int_equal(attrs.type, SALLY_TYPE_SOCKET);
        assert_int_equal(do_path(&b->d, SALLY_OP_REMOVE, "/fifo"), SALLY_OK);
        if (geteuid() == 0 && mknod(at(b, "/null"), S_IFCHR | 0666, makedev(1, 3)) == 0) {
            assert_int_equal(do_open(&b->d, "/null", SALLY_OPEN_READ, &file), SALLY_FAILURE);
            assert_int_equal(do_stat(&b->d, "/null", 0, &attrs), SALLY_OK);
            assert_int_equal(attrs.type, SALLY_TYPE_CHAR_DEVICE);
        }
        close(s);
        stop(b);
    }
}

static void modes(void **state)
{
    (void)state;
    mode_t before = umask(0);
    struct bench *b = start(NULL, 0, 027, false, DRIVER_INLINE);
    static const struct {
        uint32_t asked, file, dir;
    } rows[] = {{UINT32_MAX, 0640, 0750}, {0777, 0750, 0750},  {0600, 0600, 0600},
                {0444, 0440, 0440},       {06755, 0750, 0750}, {01777, 01750, 01750}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        sally_attrs attrs;
        sally_file *file;
        assert_int_equal(do_open_mode(&b->d, "/f", NEW, rows[i].asked, &file), SALLY_OK);
        assert_int_equal(do_fstat(&b->d, file, &attrs), SALLY_OK);
        assert_int_equal(attrs.permissions, rows[i].file);
        assert_int_equal(do_close(&b->d, file), SALLY_OK);
        assert_int_equal(do_path(&b->d, SALLY_OP_REMOVE, "/f"), SALLY_OK);
        assert_int_equal(do_mkdir(&b->d, "/d", rows[i].asked), SALLY_OK);
        assert_int_equal(do_stat(&b->d, "/d", 0, &attrs), SALLY_OK);
        assert_int_equal(attrs.permissions, rows[i].dir);
        assert_int_equal(do_path(&b->d, SALLY_OP_RMDIR, "/d"), SALLY_OK);
    }
    /* A file that is there keeps its mode, and the process its mask. */
    sally_attrs attrs;
    make_file(&b->d, "/f", "");
    const sally_attrs set = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0604};
    assert_int_equal(do_setstat(&b->d, "/f", SALLY_FOLLOW, &set), SALLY_OK);
    make_file(&b->d, "/f", "x");
    assert_int_equal(do_stat(&b->d, "/f", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.permissions, 0604);
    stop(b);
    assert_int_equal(umask(before), 0);
}

/* What may not be done is refused as such. Run as an ordinary user. */
static void denied(void **state)
{
    (void)state;
    for (int walk = 0; walk < 2; walk++) {
        struct bench *b = start(NULL, 0, 0, walk, DRIVER_INLINE);
        struct driver *d = &b->d;
        sally_file *file;
        char text[TEXT_SIZE];
        const sally_attrs mode = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0777};
        const sally_attrs cut = {.valid = SALLY_ATTR_SIZE};
        assert_int_equal(do_mkdir(d, "/shut", 0755), SALLY_OK);
        make_file(d, "/shut/f", "x");
        assert_int_equal(do_symlink(d, "/shut/l", "f"), SALLY_OK);
        make_file(d, "/mine", "x");
        make_file(d, "/secret", "x");
        assert_int_equal(chmod(at(b, "/secret"), 0), 0);
        assert_int_equal(do_mkdir(d, "/fixed", 0755), SALLY_OK);
        make_file(d, "/fixed/f", "x");
        assert_int_equal(do_mkdir(d, "/fixed/d", 0755), SALLY_OK);
        assert_int_equal(chmod(at(b, "/shut"), 0), 0);
        assert_int_equal(chmod(at(b, "/fixed"), 0555), 0);
        assert_int_equal(chmod(at(b, ""), 0777), 0);
        bool root = geteuid() == 0;
        if (root)
            assert_int_equal(seteuid(65534), 0);

#define DENIED(call) assert_int_equal((call), SALLY_PERMISSION_DENIED)
        DENIED(do_open(d, "/shut/f", SALLY_OPEN_READ, &file));
        DENIED(do_open(d, "/shut/new", NEW, &file));
        DENIED(do_open(d, "/secret", SALLY_OPEN_READ, &file));
        DENIED(do_open(d, "/secret", SALLY_OPEN_WRITE, &file));
        DENIED(do_open(d, "/fixed/new", NEW, &file));
        DENIED(do_stat(d, "/shut/f", 0, NULL));
        DENIED(do_stat(d, "/shut/f", SALLY_FOLLOW, NULL));
        DENIED(do_setstat(d, "/shut/f", SALLY_FOLLOW, &mode));
        DENIED(do_setstat(d, "/secret", SALLY_FOLLOW, &cut));
        if (root)
            DENIED(do_setstat(d, "/secret", SALLY_FOLLOW, &mode));
        DENIED(do_opendir(d, "/shut", &file));
        DENIED(do_mkdir(d, "/fixed/x", 0755));
        DENIED(do_mkdir(d, "/shut/x", 0755));
        DENIED(do_path(d, SALLY_OP_RMDIR, "/fixed/d"));
        DENIED(do_path(d, SALLY_OP_REMOVE, "/fixed/f"));
        DENIED(do_path(d, SALLY_OP_REMOVE, "/shut/f"));
        DENIED(do_two(d, SALLY_OP_RENAME, "/fixed/f", "/got", 0));
        DENIED(do_two(d, SALLY_OP_RENAME, "/fixed/f", "/got", SALLY_RENAME_OVERWRITE));
        DENIED(do_two(d, SALLY_OP_RENAME, "/mine", "/fixed/got", 0));
        DENIED(do_two(d, SALLY_OP_LINK, "/mine", "/fixed/got", 0));
        DENIED(do_two(d, SALLY_OP_LINK, "/shut/f", "/got", 0));
        DENIED(do_symlink(d, "/fixed/l", "x"));
        DENIED(do_text(d, SALLY_OP_READLINK, "/shut/l", 0, text));
        DENIED(do_text(d, SALLY_OP_REALPATH, "/shut/l", 0, text));
        DENIED(driver_finish(d, driver_op(d, SALLY_OP_STATVFS, "/shut/f")));
        if (root)
            assert_int_equal(seteuid(0), 0);
        assert_int_equal(chmod(at(b, "/shut"), 0700), 0);
        stop(b);
    }
}

/* On a tmpfs nothing has to wait for a worker, but for directories (and the names of users in
 * them). */
static void tried_in_memory(void **state)
{
    (void)state;
    int probe = open("/dev/shm", O_PATH | O_CLOEXEC);
    bool memory = probe >= 0 && os_medium_of(probe) == MEDIUM_MEMORY;
    close(probe);
    if (!memory) {
        print_message("skipped: /dev/shm is no tmpfs\n");
        skip();
    }
    struct bench *b = start("/dev/shm", 0, 0, false, DRIVER_TRYING);
    char text[TEXT_SIZE];
    sally_attrs attrs;
    make_file(&b->d, "/f", "text");
    assert_string_equal(file_text(&b->d, "/f", text), "text");
    assert_int_equal(do_stat(&b->d, "/f", SALLY_FOLLOW, &attrs), SALLY_OK);
    assert_int_equal(do_mkdir(&b->d, "/d", 0755), SALLY_OK);
    assert_int_equal(do_two(&b->d, SALLY_OP_RENAME, "/f", "/d/f", 0), SALLY_OK);
    assert_int_equal(do_path(&b->d, SALLY_OP_REMOVE, "/d/f"), SALLY_OK);
    assert_int_equal(do_text(&b->d, SALLY_OP_REALPATH, "/d", 0, text), SALLY_OK);
    assert_int_equal(do_stat(&b->d, "/none", SALLY_FOLLOW, &attrs), SALLY_NO_SUCH_FILE);
    assert_int_equal(b->d.offloaded, 0);
    struct listing list;
    assert_int_equal(do_list(&b->d, "/", 0, &list), SALLY_OK);
    assert_int_equal(b->d.offloaded, 1);
    listing_clear(&list);
    stop(b);
}

/* On a disk what changes something goes to a worker, and what was just written is read without one
 * where the file system can tell. */
static void tried_on_disk(void **state)
{
    (void)state;
    struct bench *b = start(NULL, 0, 0, false, DRIVER_TRYING);
    char data[64];
    sally_file *file;
    sally_attrs attrs;
    make_file(&b->d, "/f", "0123456789");
    assert_int_equal(do_open(&b->d, "/f", SALLY_OPEN_READ, &file), SALLY_OK);
    unsigned before = b->d.offloaded;
    uint32_t got = 5;
    assert_int_equal(do_read(&b->d, file, 0, data, &got), SALLY_OK);
    assert_int_equal(got, 5);
    got = sizeof(data);
    assert_int_equal(do_read(&b->d, file, 5, data, &got), SALLY_OK);
    assert_int_equal(got, 5);
    assert_memory_equal(data, "56789", 5);
    got = sizeof(data);
    assert_int_equal(do_read(&b->d, file, 10, data, &got), SALLY_EOF);
    got = 1;
    assert_int_equal(do_read(&b->d, file, 1000, data, &got), SALLY_EOF);
    assert_int_equal(do_fstat(&b->d, file, &attrs), SALLY_OK);
    assert_int_equal(do_stat(&b->d, "/f", SALLY_FOLLOW, &attrs), SALLY_OK);
    assert_int_equal(attrs.size, 10);
    print_message("on this disk %u of 6 operations went to a worker\n", b->d.offloaded - before);
    assert_int_equal(do_close(&b->d, file), SALLY_OK);
    stop(b);
}

static void unconfined(void **state)
{
    (void)state;
    struct bench *b = start(NULL, SALLY_LOCAL_UNCONFINED, 0, false, DRIVER_TRYING);
    char text[TEXT_SIZE], path[SCRATCH_SIZE + 16], link[SCRATCH_SIZE + 16];
    sally_file *file;
    uint32_t got = 4;
    snprintf(path, sizeof(path), "%s/f", b->scratch);
    snprintf(link, sizeof(link), "%s/l", b->scratch);
    make_file(&b->d, path, "text");
    assert_int_equal(do_symlink(&b->d, link, path), SALLY_OK);
    assert_string_equal(file_text(&b->d, link, text), "text");
    assert_int_equal(do_text(&b->d, SALLY_OP_REALPATH, link, 0, text), SALLY_OK);
    assert_string_equal(text, path);
    assert_int_equal(do_open(&b->d, "/dev/null", SALLY_OPEN_READ | SALLY_OPEN_WRITE, &file),
                     SALLY_OK);
    assert_int_equal(do_read(&b->d, file, 0, text, &got), SALLY_EOF);
    assert_int_equal(do_write(&b->d, file, 0, "x", 1), SALLY_OK);
    assert_int_equal(do_close(&b->d, file), SALLY_OK);
    got = 4;
    assert_int_equal(do_open(&b->d, "/dev/zero", SALLY_OPEN_READ, &file), SALLY_OK);
    assert_int_equal(do_read(&b->d, file, 1000000, text, &got), SALLY_OK);
    assert_int_equal(do_close(&b->d, file), SALLY_OK);
    stop(b);
}

static void without_locks(void **state)
{
    (void)state;
    struct bench *b =
        start(NULL, SALLY_LOCAL_UNCONFINED | SALLY_LOCAL_NO_LOCKS, 0, false, DRIVER_TRYING);
    static const uint32_t blocks[] = {SALLY_OPEN_BLOCK_READ, SALLY_OPEN_BLOCK_WRITE,
                                      SALLY_OPEN_BLOCK_DELETE,
                                      SALLY_OPEN_BLOCK_WRITE | SALLY_OPEN_BLOCK_ADVISORY};
    char path[SCRATCH_SIZE + 16];
    sally_file *file;
    snprintf(path, sizeof(path), "%s/f", b->scratch);
    make_file(&b->d, path, "text");
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        assert_int_equal(do_open(&b->d, path, SALLY_OPEN_READ | blocks[i], &file),
                         SALLY_UNSUPPORTED);
    stop(b);
    sally_fs *fs;
    assert_int_equal(sally_fs_local(&fs, "/", SALLY_LOCAL_NO_LOCKS, 0), SALLY_E_OK);
    assert_false(sally_fs_supports(fs, SALLY_OP_LOCK));
    assert_false(sally_fs_supports(fs, SALLY_OP_UNLOCK));
    sally_fs_unref(fs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments),     cmocka_unit_test(special_files),
        cmocka_unit_test(modes),         cmocka_unit_test(denied),
        cmocka_unit_test(without_locks), cmocka_unit_test(tried_in_memory),
        cmocka_unit_test(tried_on_disk), cmocka_unit_test(unconfined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
