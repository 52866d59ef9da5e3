/* Stretches of data of a file that another program cuts meanwhile. The linker puts a function here
 * in the place of lseek(). */
#include "fs/local.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "cmocka_all.h"
#include "fs/driver.h"
#include "fs/scratch.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)

#define MB (UINT64_C(1) << 20)

static struct {
    char path[SCRATCH_SIZE + 8];
    int before; /* the `whence` before which it is cut; -1: never */
    unsigned cuts;
} cut;

static void cut_before(int whence)
{
    if (whence != cut.before)
        return;
    cut.before = -1;
    cut.cuts++;
    assert_int_equal(truncate(cut.path, MB), 0);
}

off_t __real_lseek64(int fd, off_t offset, int whence);
off_t __wrap_lseek64(int fd, off_t offset, int whence);
off_t __wrap_lseek64(int fd, off_t offset, int whence)
{
    cut_before(whence);
    return __real_lseek64(fd, offset, whence);
}

static sally_status ranges(struct driver *d, sally_file *file, struct buf *out)
{
    struct op *op = driver_file_op(d, SALLY_OP_EXTENDED, file);
    sally_op_extended *extended = &op->pub.u.extended;
    struct buf data;
    buf_init(&data, 16);
    put_u64(&data, 0);
    put_u64(&data, UINT64_MAX);
    extended->name = "ranges@asyncssh.com";
    extended->data = buf_head(&data);
    extended->size = data.size;
    sally_status status = driver_do(d, op);
    buf_reset(out);
    if (status == SALLY_OK)
        put_bytes(out, extended->reply, extended->reply_size);
    op_free(op);
    buf_clear(&data);
    return status;
}

/* Data from 4 MiB on, cut to 1 MiB before its end was looked for. */
static void a_stretch_that_is_gone_has_no_end(void **state)
{
    (void)state;
    char scratch[SCRATCH_SIZE];
    struct driver d;
    struct buf out;
    sally_fs *fs;
    sally_file *file;
    buf_init(&out, 10000);
    scratch_make(scratch);
    IS(local_new(&fs, scratch, 0, 0, false), OK);
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    cut.before = -1;
    snprintf(cut.path, sizeof cut.path, "%s/f", scratch);
    IS(do_open(&d, "/f", SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE, &file), OK);
    IS(do_write(&d, file, 4 * MB, "x", 1), OK);
    IS(ranges(&d, file, &out), OK);
    bool knows_holes = wire_get_u64(buf_head(&out) + 4) > 0;
    cut.cuts = 0;
    cut.before = knows_holes ? SEEK_HOLE : SEEK_DATA;
    sally_status status = ranges(&d, file, &out);
    assert_int_equal(cut.cuts, 1);
    if (knows_holes) /* else a file of 1 MiB is all data */
        assert_int_equal(status, SALLY_EOF);
    driver_stop(&d);
    buf_clear(&out);
    scratch_remove(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stretch_that_is_gone_has_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
