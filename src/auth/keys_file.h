/* A file of authorized keys. It is looked at for each question, but read only when it has changed:
 * how long an answer takes says nothing about how much is in it. */
#ifndef SALLY_AUTH_KEYS_FILE_H
#define SALLY_AUTH_KEYS_FILE_H

#include "auth/authorized_keys.h"
#include "auth/trusted_file.h"

/* The longest file, and the longest text of keys in memory. */
#define AUTHORIZED_KEYS_MAX_BYTES (1024 * 1024)

struct keys_file;

/* NULL: no memory. The file need not be there yet. `owner`: may own it, too. */
struct keys_file *keys_file_new(struct crypto *c, const char *path, uid_t owner);
void keys_file_free(struct keys_file *file);

/* Why there are no keys. */
struct keys_file_fault {
    const char *reason; /* static; NULL: nothing is wrong */
    /* The file is not trusted, which is for the operator to know: where, and the remedy. */
    char why[TRUSTED_FILE_WHY_SIZE];
};

/* What the file holds now, to be given back by authorized_keys_unref(). NULL when it may not be
 * trusted or cannot be read. Any thread. */
struct authorized_keys *keys_file_read(struct keys_file *file, bool strict,
                                       struct keys_file_fault *fault);
/* Whether this fault was not told before; from now on it has been, until it changes. */
bool keys_file_is_news(struct keys_file *file, const struct keys_file_fault *fault);

#endif
