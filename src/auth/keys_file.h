/* An authorized_keys file. It is checked for each query, but read only if it has changed, so that
 * the time of an answer does not depend on the file's size. */
#ifndef SALLY_AUTH_KEYS_FILE_H
#define SALLY_AUTH_KEYS_FILE_H

#include "auth/authorized_keys.h"
#include "auth/trusted_file.h"

/* Maximum size of a file, and of a text of keys in memory. */
#define AUTHORIZED_KEYS_MAX_BYTES (1024 * 1024)

struct keys_file;

/* NULL: no memory. The file need not exist yet. `owner`: another user that may own it. */
struct keys_file *keys_file_new(struct crypto *c, const char *path, uid_t owner);
void keys_file_free(struct keys_file *file);

/* Why there are no keys. */
struct keys_file_fault {
    const char *reason; /* static; NULL: nothing is wrong */
    /* For the operator, if the file is not trusted: where, and the remedy. */
    char why[TRUSTED_FILE_WHY_SIZE];
};

/* The current keys, to be released by authorized_keys_unref(). NULL if the file is not trusted or
 * cannot be read. Any thread. */
struct authorized_keys *keys_file_read(struct keys_file *file, bool strict,
                                       struct keys_file_fault *fault);
/* Whether this fault differs from the last one reported; it is then recorded as reported. */
bool keys_file_is_news(struct keys_file *file, const struct keys_file_fault *fault);

#endif
