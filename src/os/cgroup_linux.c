#include "os/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"

/* The start of a file, as text. */
static bool read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t have = 0;
    ssize_t got = 1;
    while (have < size - 1 && got != 0) {
        got = read(fd, text + have, size - 1 - have);
        if (got < 0 && errno != EINTR)
            break;
        have += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    text[have] = '\0';
    return got >= 0;
}

/* "max", or a number of bytes. Anything else, or too large a number, counts as no limit. */
static uint64_t parse_limit(const char *text)
{
    uint64_t bytes = 0;
    if (*text < '0' || *text > '9')
        return UINT64_MAX;
    for (; *text >= '0' && *text <= '9'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (bytes > (UINT64_MAX - digit) / 10)
            return UINT64_MAX;
        bytes = bytes * 10 + digit;
    }
    return bytes;
}

/* The group's path, from a line "0::/path" of /proc/self/cgroup, without a slash at its end: "" for
 * the root, also for a group outside of what this process can see ("/../other"). NULL: the process
 * has none. */
static char *group_in(char *text)
{
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        char *group = line + 3;
        group[strcspn(group, "\n")] = '\0';
        if (strcmp(group, "/") == 0 || strncmp(group, "/..", 3) == 0)
            group[0] = '\0';
        return group;
    }
    return NULL;
}

uint64_t os_cgroup_memory(const char *prefix)
{
    char path[PATH_MAX], text[8192], number[64];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", prefix);
    char *group = read_text(path, text, sizeof text) ? group_in(text) : NULL;
    uint64_t least = UINT64_MAX;
    while (group) {
        /* In a container that sees the host's paths, only the last of these files exists. */
        int size = snprintf(path, sizeof path, "%s/sys/fs/cgroup%s/memory.max", prefix, group);
        if (size > 0 && (size_t)size < sizeof path && read_text(path, number, sizeof number))
            least = min_u64(least, parse_limit(number));
        char *last = strrchr(group, '/');
        if (last)
            *last = '\0';
        else
            group = NULL;
    }
    return least;
}
