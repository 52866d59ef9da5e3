/* Landlock (landlock(7)): limits access to files, the ports that can be connected to, and the
 * processes that can be signalled. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

/* Missing from the headers of Linux 6.1. */
#define ACCESS_TRUNCATE       (1u << 14)
#define ACCESS_IOCTL_DEVICE   (1u << 15)
#define NET_BIND_TCP          (1u << 0)
#define NET_CONNECT_TCP       (1u << 1)
#define SCOPE_ABSTRACT_SOCKET (1u << 0)
#define SCOPE_SIGNAL          (1u << 1)

/* struct landlock_ruleset_attr as it is today. */
struct ruleset {
    uint64_t files, net, scopes;
};

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define READ      (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* Creating any type of file, since renaming counts as creating. Devices also need a capability. */
#define MAKE                                                                                       \
    (LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM |     \
     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_CHAR |  \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK)
#define REMOVE     (LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define WRITE_FILE (LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)
#define WRITE      (READ | WRITE_FILE | MAKE | REMOVE | LANDLOCK_ACCESS_FS_REFER)
#define ALL        (WRITE | LANDLOCK_ACCESS_FS_EXECUTE | ACCESS_IOCTL_DEVICE)

/* Access rights by ABI version. Version 1 does not allow moving files between directories at all,
 * which a file server cannot do without. */
#define LEAST_FOR_FILES 2
static const struct {
    int version;
    struct ruleset rules;
} additions[] = {
    {LEAST_FOR_FILES, {ALL & ~(ACCESS_TRUNCATE | ACCESS_IOCTL_DEVICE), 0, 0}},
    {3, {ACCESS_TRUNCATE, 0, 0}},
    {4, {0, NET_BIND_TCP | NET_CONNECT_TCP, 0}},
    {5, {ACCESS_IOCTL_DEVICE, 0, 0}},
    {6, {0, 0, SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL}},
};

static struct ruleset rules_of(const struct sandbox *sandbox, int version)
{
    struct ruleset rules = {0, 0, 0};
    for (size_t i = 0; i < sizeof additions / sizeof *additions; i++) {
        if (additions[i].version > version)
            continue;
        rules.files |= additions[i].rules.files;
        rules.net |= additions[i].rules.net;
        rules.scopes |= additions[i].rules.scopes;
    }
    if (sandbox->path_count == 0)
        rules.files = 0;
    if (sandbox->features & SANDBOX_NETWORK)
        rules.net = 0;
    return rules;
}

static int landlock_version(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* The kernel treats missing members at the end as zero. */
static int make_ruleset(const struct ruleset *rules, int version)
{
    size_t members = version >= 6 ? 3 : version >= 4 ? 2 : 1;
    return (int)syscall(SYS_landlock_create_ruleset, rules, members * sizeof(uint64_t), 0);
}

static bool allow(int ruleset, uint64_t handled, const struct sandbox_path *path)
{
    uint64_t access = path->access == SANDBOX_WRITE ? WRITE : READ;
    struct stat st;
    int fd = open(path->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return true; /* missing, or not accessible */
    bool ok = fstat(fd, &st) == 0;
    if (ok && !S_ISDIR(st.st_mode))
        access &= READ_FILE | WRITE_FILE;
    const struct landlock_path_beneath_attr rule = {.allowed_access = access & handled,
                                                    .parent_fd = fd};
    ok = ok && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    int error = errno;
    close(fd);
    errno = error;
    return ok;
}

static bool restrict_self(const struct sandbox *sandbox, const struct ruleset *rules, int ruleset)
{
    bool ok = true;
    for (size_t i = 0; i < sandbox->path_count && ok; i++)
        ok = allow(ruleset, rules->files, &sandbox->paths[i]);
    return ok && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}

bool sandbox_limit_paths(const struct sandbox *sandbox, int *landlock)
{
    *landlock = 0;
    int version = landlock_version();
    if (version < 0)
        return false;
    const struct ruleset rules = rules_of(sandbox, version);
    if (!rules.files && sandbox->path_count) {
        errno = ENOSYS;
        return false;
    }
    if (!rules.files && !rules.net && !rules.scopes)
        return true;
    int ruleset = make_ruleset(&rules, version);
    if (ruleset < 0)
        return false;
    bool ok = restrict_self(sandbox, &rules, ruleset);
    int error = errno;
    close(ruleset);
    errno = error;
    if (ok)
        *landlock = version;
    return ok;
}
