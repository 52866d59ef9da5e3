/* What a program gives up once it has all it needs, so that whoever takes it over through a fault
 * gains as little as possible: new privileges, core dumps and debuggers, files other than those it
 * names, and system calls that no file server makes. */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* What a part of the program needs beyond files and the sockets it has opened before. */
#define SANDBOX_NETWORK  0x1u /* new Internet sockets */
#define SANDBOX_PROGRAMS 0x2u /* new processes, and other programs in them */

enum sandbox_access { SANDBOX_READ, SANDBOX_WRITE };

/* A file, or a directory with all that is below it. One that does not exist is left out. */
struct sandbox_path {
    const char *path;
    enum sandbox_access access;
};

struct sandbox {
    unsigned features; /* SANDBOX_ bits */
    const struct sandbox_path *paths;
    size_t path_count; /* 0: no file is out of reach */
};

struct sandbox_report {
    int landlock;      /* the version of its interface that was used; 0: none */
    bool filter;       /* of system calls, by seccomp */
    char missing[256]; /* what could not be had, and why; "": nothing */
};

/* Enters it, for good. To be called while there is one thread: Landlock binds the thread that calls
 * and those it makes. What the kernel cannot do is left out. */
void sandbox_enter(const struct sandbox *sandbox, struct sandbox_report *report);

/* The parts of it, each in a file of its own. False: errno; ENOSYS or EOPNOTSUPP where the kernel
 * has no such thing. */
bool sandbox_limit_paths(const struct sandbox *sandbox, int *landlock);
bool sandbox_filter_calls(unsigned features);

/* Sanitizers look into their own process: the leak checker forks, and attaches to it as a debugger
 * does. What stands in their way is left out of such builds. */
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
