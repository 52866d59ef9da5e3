/* What a program gives up once it has opened everything it needs, to limit the damage if an
 * attacker takes it over: new privileges, core dumps, debuggers, files other than those listed, and
 * system calls that a file server does not make. */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* Features that need more than files and sockets that are already open. */
#define SANDBOX_NETWORK  0x1u /* new Internet sockets */
#define SANDBOX_PROGRAMS 0x2u /* new processes, and other programs in them */

enum sandbox_access { SANDBOX_READ, SANDBOX_WRITE };

/* A file, or a directory and everything below it. Ignored if it does not exist. */
struct sandbox_path {
    const char *path;
    enum sandbox_access access;
};

struct sandbox {
    unsigned features; /* SANDBOX_ bits */
    const struct sandbox_path *paths;
    size_t path_count; /* 0: access to files is not limited */
};

struct sandbox_report {
    int landlock;      /* ABI version in use; 0: none */
    bool filter;       /* of system calls, with seccomp */
    char missing[256]; /* what could not be enabled, and why; "": nothing */
};

/* Enters the sandbox, for good. To be called while there is only one thread: Landlock applies to
 * the calling thread and those it creates. What the kernel does not support is left out. */
void sandbox_enter(const struct sandbox *sandbox, struct sandbox_report *report);

/* Its parts, each in a file of its own. False: see errno; ENOSYS or EOPNOTSUPP if the kernel does
 * not support it. */
bool sandbox_limit_paths(const struct sandbox *sandbox, int *landlock);
bool sandbox_filter_calls(unsigned features);

/* Sanitizers inspect their own process: the leak checker forks, and attaches to it like a debugger.
 * Such builds leave out what would prevent that. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

#endif
