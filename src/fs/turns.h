/* Operations that make, remove or replace a name take turns with those on the same name, whatever
 * session they come from: for wrappers that look at what is there before they let it go. Names are
 * compared as text. Others pass as they are. */
#ifndef SALLY_FS_TURNS_H
#define SALLY_FS_TURNS_H

#include "core/fs.h"

/* Holds `inner`. */
sally_error turns_new(sally_fs **out, sally_fs *inner);
/* The storage inside one of these; NULL: it is something else. */
sally_fs *turns_inner(const sally_fs *fs);

#endif
