/* The line to an SFTP engine in this process. */
#ifndef SALLY_CLIENT_ENGINE_LINE_H
#define SALLY_CLIENT_ENGINE_LINE_H

#include "client/line.h"
#include "client/waker.h"
#include "sallyport/sftp.h"

/* `options` may be NULL. The waker is woken, from any thread, when the engine can continue. */
sally_error engine_line_new(struct line **out, sally_fs *fs, const sally_sftp_options *options,
                            struct waker *waker);

#endif
