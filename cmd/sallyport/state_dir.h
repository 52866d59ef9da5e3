/* What is generated on first use and kept, in $XDG_STATE_HOME/sallyport or
 * ~/.local/state/sallyport, accessible to the user only. */
#ifndef SALLYPORT_STATE_DIR_H
#define SALLYPORT_STATE_DIR_H

#include <stddef.h>

#include "sallyport/keys.h"

#define STATE_PASSWORD_SIZE 256

/* The directory's path, whether or not it exists. NULL: none, or out of memory. The caller frees
 * it. */
char *state_dir_path(void);

/* Creates the directory if it is missing, with mode 0700, and returns its path. NULL: failed; `why`
 * explains. The caller frees it. */
char *state_dir_open(char *why, size_t why_size);

/* Host key number `index` of those kept there; generated on first use, which takes a moment for the
 * last one (RSA). `directory` may be NULL: the key is generated but not saved. */
#define STATE_HOST_KEYS 3
sally_error state_dir_host_key(sally_key **out, const char *directory, size_t index, char *why,
                               size_t why_size);

/* The password kept there; generated on first use, or every time without a directory. If `why` is
 * not empty afterwards, it was not saved. SALLY_E_SYSTEM: there is no password. */
sally_error state_dir_password(char out[STATE_PASSWORD_SIZE], const char *directory, char *why,
                               size_t why_size);

#endif
