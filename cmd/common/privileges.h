/* The process's privileges: switching to another user for good, and dropping capabilities. */
#ifndef COMMON_PRIVILEGES_H
#define COMMON_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct identity {
    char name[64];
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* supplementary groups; the caller frees them */
    size_t group_count;
};

/* Looks up "USER" or "USER:GROUP", names or numbers. A group given here replaces all of the user's
 * own. False: `why` explains. */
bool privileges_find(struct identity *out, const char *text, char *why, size_t why_size);

/* Switches all threads to that user, irrevocably, and drops all capabilities. Only root can. False:
 * `why` explains, and the process must exit. */
bool privileges_become(const struct identity *user, char *why, size_t why_size);

bool privileges_are_roots(void);

/* Drops the capabilities that concern more than files, whatever the user, for this thread and those
 * that it creates. False: see errno. */
bool privileges_drop_capabilities(void);

#endif
