/* --password-file: users and their passwords, where no other user of the machine can see them. */
#ifndef SALLYPORT_PASSWORD_FILE_H
#define SALLYPORT_PASSWORD_FILE_H

#include "serve_options.h"

/* Adds the users of the file. EXIT_FINE, or what to exit with: the mistake has been told. `file` is
 * kept. */
int password_file_load(struct serve_options *options, const char *file);

#endif
