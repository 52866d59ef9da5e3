/* What an attacker in control of the process could try. */
#ifndef TEST_CMD_ATTEMPTS_H
#define TEST_CMD_ATTEMPTS_H

#include <errno.h>

/* The directory in which it happens: of a folder to write in, one to read, one file to read, and a
 * folder that is not to be seen. */
extern char attempts_ground[];
/* A path in it; lent until the call after the next. */
char *attempts_at(const char *path);

#define ANY  (-1) /* something else than success */
#define SANE 0x1u /* only where no sanitizer stands in the way */
#define LAND 0x2u /* only with Landlock */
#define SECC 0x4u /* only with seccomp */

struct attempt {
    const char *name;
    int (*act)(void); /* 0, or another value with errno */
    int wanted;       /* errno */
    unsigned when;
};

extern const struct attempt attempts[]; /* up to one without a name */

/* Some of them. */
int try_inet(void);
int try_inet6(void);
int try_fork(void);
int try_exec(void);
int try_outside(void);

/* The system call itself, which code that was taken over makes as it likes. */
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);

#endif
