/* What is made up at the first time and kept for the next: $XDG_STATE_HOME/sallyport or
 * ~/.local/state/sallyport, for nobody's eyes but the user's. */
#ifndef SALLYPORT_STATE_DIR_H
#define SALLYPORT_STATE_DIR_H

#include <stddef.h>

#include "sallyport/keys.h"

#define STATE_PASSWORD_SIZE 256

/* Where it is, or would be. NULL: nowhere, or no memory. To be freed. */
char *state_dir_path(void);

/* Opens the directory, made with mode 0700 where it is missing. NULL: impossible; `why` says it. To
 * be freed. */
char *state_dir_open(char *why, size_t why_size);

/* The host keys that are kept there; new ones at the first time, for which the last one, of RSA,
 * takes a moment. `index`: which one. `directory` may be NULL: a key for this time only. */
#define STATE_HOST_KEYS 3
sally_error state_dir_host_key(sally_key **out, const char *directory, size_t index, char *why,
                               size_t why_size);

/* The password that is kept there; a new one at the first time, or every time without a directory.
 * Nothing is kept when `why` is not empty afterwards. SALLY_E_SYSTEM: there is no password. */
sally_error state_dir_password(char out[STATE_PASSWORD_SIZE], const char *directory, char *why,
                               size_t why_size);

#endif
