/* Files with secrets, which other users of the machine must not be able to read or write. */
#ifndef SALLYPORT_PRIVATE_FILE_H
#define SALLYPORT_PRIVATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Whether the file is private, by the rule of sally_key_load(). If not, `why` explains what is
 * wrong and what to do. */
bool private_file_check(const struct stat *st, const char *file, char *why, size_t why_size);

#endif
