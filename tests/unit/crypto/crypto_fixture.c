#include "crypto/crypto_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/wire.h"

extern char **environ;

int crypto_setup(void **state)
{
    struct crypto *c;
    if (crypto_new(&c) != SALLY_E_OK)
        return -1;
    *state = c;
    return 0;
}

int crypto_teardown(void **state)
{
    crypto_unref(*state);
    return 0;
}

/* splitmix64 */
static bool fill(void *user_data, uint8_t *out, size_t size)
{
    struct test_random *r = user_data;
    for (size_t i = 0; i < size; i++) {
        uint64_t z = r->next += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        out[i] = (uint8_t)(z >> 56);
    }
    return true;
}

struct random_source test_random_source(struct test_random *r)
{
    struct random_source source = {fill, r};
    return source;
}

static bool fill_constant(void *user_data, uint8_t *out, size_t size)
{
    memset(out, *(uint8_t *)user_data, size);
    return true;
}

struct random_source constant_random_source(uint8_t *byte)
{
    struct random_source source = {fill_constant, byte};
    return source;
}

size_t from_hex(const char *text, uint8_t *out, size_t room)
{
    size_t size = 0;
    for (; *text && size < room; text++) {
        unsigned value;
        if (*text == ' ' || *text == '\n')
            continue;
        if (sscanf(text, "%2x", &value) != 1)
            break;
        out[size++] = (uint8_t)value;
        text++;
    }
    return size;
}

char *make_directory(void)
{
    const char *parent = getenv("TMPDIR");
    char path[512];
    snprintf(path, sizeof path, "%s/sallyport-test-XXXXXX", parent ? parent : "/tmp");
    return mkdtemp(path) ? strdup(path) : NULL;
}

void remove_directory(char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(path);
    free(path);
}

bool run_program(const char *const *arguments, struct buf *out)
{
    posix_spawn_file_actions_t actions;
    char *argv[32];
    int pipe_fd[2], status = -1;
    size_t count = 0;
    pid_t pid;
    for (; arguments[count] && count < 31; count++)
        argv[count] = strdup(arguments[count]);
    argv[count] = NULL;
    if (pipe(pipe_fd) != 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipe_fd[1], 1);
    posix_spawn_file_actions_addclose(&actions, pipe_fd[0]);
    bool started = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0;
    close(pipe_fd[1]);
    char block[4096];
    ssize_t got;
    while (started && (got = read(pipe_fd[0], block, sizeof block)) > 0)
        if (out)
            put_bytes(out, block, (size_t)got);
    close(pipe_fd[0]);
    if (started)
        waitpid(pid, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    while (count > 0)
        free(argv[--count]);
    return started && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
