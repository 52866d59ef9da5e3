/* Operations that create, remove or replace a name take turns with those on the same name, across
 * sessions: for wrappers that check the state before they pass an operation on. Names are compared
 * as text. Other operations pass unchanged. */
#ifndef SALLY_FS_NAME_QUEUE_H
#define SALLY_FS_NAME_QUEUE_H

#include "core/fs.h"

/* Holds `inner`. */
sally_error name_queue_new(sally_fs **out, sally_fs *inner);
/* The storage inside one of these; NULL: it is something else. */
sally_fs *name_queue_inner(const sally_fs *fs);

#endif
