#include "fs/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"

const char *scratch_make_in(char out[SCRATCH_SIZE], const char *where)
{
    snprintf(out, SCRATCH_SIZE, "%s/sally-test-XXXXXX", where);
    assert_non_null(mkdtemp(out));
    return out;
}

const char *scratch_make(char out[SCRATCH_SIZE])
{
    const char *where = getenv("TMPDIR");
    return scratch_make_in(out, where && strlen(where) < 40 ? where : "/tmp");
}

static void empty(int dir)
{
    DIR *list = fdopendir(dir);
    const struct dirent *entry;
    assert_non_null(list);
    while ((entry = readdir(list))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dir, entry->d_name, 0) == 0 || errno == ENOENT)
            continue;
        if (fchmodat(dir, entry->d_name, 0700, 0) != 0)
            continue;
        int sub = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (sub >= 0)
            empty(sub);
        unlinkat(dir, entry->d_name, AT_REMOVEDIR);
    }
    closedir(list);
}

void scratch_remove(const char *directory)
{
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir >= 0)
        empty(dir);
    assert_int_equal(rmdir(directory), 0);
}
