/* What the server keeps for itself, and may lie below the folder that it serves, as it does in `cd
 * ~ && sallyport serve`. */
#ifndef SALLYPORT_SERVE_PRIVATE_H
#define SALLYPORT_SERVE_PRIVATE_H

#include "sallyport/storages.h"
#include "serve_options.h"

/* Hides the state directory, host keys and password files from clients, once they exist, and warns
 * of other things that are better not served. `local` is the storage of `directory`, a whole path.
 * EXIT_FINE, or what to exit with. */
int serve_private_hide(sally_fs *local, const struct serve_options *options, const char *directory);

#endif
