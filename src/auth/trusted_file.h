/* Opening a file that decides who may log in, as sshd does with StrictModes: only if no untrusted
 * user could have changed or replaced it. */
#ifndef SALLY_AUTH_TRUSTED_FILE_H
#define SALLY_AUTH_TRUSTED_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#define TRUSTED_FILE_WHY_SIZE 512

struct trusted_file_rules {
    bool strict; /* false: any file will do */
    uid_t owner; /* trusted, like root and this process's own user */
};

/* A nonblocking descriptor for reading. -1: see errno; EPERM: an untrusted user could change the
 * file, a directory above it or a link, and `why` says which, and the remedy, in a sentence.
 * Otherwise `why` is empty. */
int trusted_file_open(const char *path, const struct trusted_file_rules *rules,
                      char why[TRUSTED_FILE_WHY_SIZE]);

#endif
