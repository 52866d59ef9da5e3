/* The sandbox on Linux. The order matters: Landlock and seccomp require no_new_privs, and the
 * filter comes last, since it may deny system calls that the others make. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "sandbox.h"

static void note_missing(struct sandbox_report *report, const char *what)
{
    size_t length = strlen(report->missing);
    const char *why =
        errno == ENOSYS || errno == EOPNOTSUPP ? "not supported by the kernel" : strerror(errno);
    snprintf(report->missing + length, sizeof report->missing - length, "%s%s (%s)",
             length ? ", " : "", what, why);
}

/* Core dumps and debuggers would disclose keys and passwords. Besides, /proc/self/mem would let a
 * client who can open any file run code. */
static bool hide_memory(void)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return false;
    return SANDBOX_SANITIZED || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

/* Landlock, capabilities and no_new_privs apply per thread. */
static bool is_alone(void)
{
    size_t threads = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return true; /* the kernel does not say why */
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        threads += entry->d_name[0] != '.';
    closedir(tasks);
    return threads == 1;
}

void sandbox_enter(const struct sandbox *sandbox, struct sandbox_report *report)
{
    memset(report, 0, sizeof *report);
    if (!SANDBOX_SANITIZED && !is_alone()) {
        errno = EBUSY;
        note_missing(report, "Landlock for threads that already existed");
    }
    if (!hide_memory())
        note_missing(report, "no core dumps");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        note_missing(report, "no_new_privs, Landlock and seccomp");
        return;
    }
    if (!sandbox_limit_paths(sandbox, &report->landlock))
        note_missing(report, "Landlock");
    report->filter = sandbox_filter_calls(sandbox->features);
    if (!report->filter)
        note_missing(report, "seccomp");
}
