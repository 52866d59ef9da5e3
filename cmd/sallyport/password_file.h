/* --password-file: users and their passwords, hidden from other users of the machine. */
#ifndef SALLYPORT_PASSWORD_FILE_H
#define SALLYPORT_PASSWORD_FILE_H

#include "serve_options.h"

/* Adds the users of the file. EXIT_OK, or the exit status after reporting an error. `file` must
 * remain valid. */
int password_file_load(struct serve_options *options, const char *file);

#endif
