/* What `sallyport serve` can still do once it has bound its ports and read its keys. */
#ifndef SALLYPORT_SERVE_SANDBOX_H
#define SALLYPORT_SERVE_SANDBOX_H

#include "screen.h"
#include "serve_options.h"

/* To be called before the server creates threads. Logs what is in force, and warns about what is
 * not. */
int serve_sandbox_enter(const struct serve_options *options, const char *directory,
                        struct screen *screen);

#endif
