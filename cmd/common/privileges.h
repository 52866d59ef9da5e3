/* Whose rights the process has: becoming another user for good, and giving up capabilities. */
#ifndef COMMON_PRIVILEGES_H
#define COMMON_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct identity {
    char name[64];
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* the others; to be freed */
    size_t group_count;
};

/* Who "USER" or "USER:GROUP" is, names or numbers. With a group, the user's own ones do not count.
 * False: `why`, for people. */
bool privileges_find(struct identity *out, const char *text, char *why, size_t why_size);

/* Becomes that user, of whom nothing leads back, in all threads; all capabilities go. Only root
 * can. False: `why`, and the process is not to go on. */
bool privileges_become(const struct identity *user, char *why, size_t why_size);

bool privileges_are_roots(void);

/* Gives up the capabilities that reach beyond files, whoever we are. Of this thread and those it
 * makes. False: errno. */
bool privileges_drop_capabilities(void);

#endif
