/* The connection to an SFTP engine in this process. */
#ifndef SALLY_CLIENT_ENGINE_TRANSPORT_H
#define SALLY_CLIENT_ENGINE_TRANSPORT_H

#include "client/transport.h"
#include "client/waker.h"
#include "sallyport/sftp.h"

/* `options` may be NULL. The waker is woken, from any thread, when the engine can continue. */
sally_error engine_transport_new(struct client_transport **out, sally_fs *fs,
                                 const sally_sftp_options *options, struct waker *waker);

#endif
