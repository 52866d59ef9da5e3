/* The server's own files, which may be in the served folder, as with `cd ~ && sallyport serve`. */
#ifndef SALLYPORT_SERVE_PRIVATE_H
#define SALLYPORT_SERVE_PRIVATE_H

#include "sallyport/storages.h"
#include "serve_options.h"

/* Hides the state directory, host keys and password files, which must exist, from clients, and
 * warns about other files that should not be served. `local` is the storage of `directory`, an
 * absolute path. EXIT_OK, or the exit status. */
int serve_private_hide(sally_fs *local, const struct serve_options *options, const char *directory);

#endif
