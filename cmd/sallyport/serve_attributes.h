/* Attributes that clients cannot set: --attributes NAMES=ignore|refuse. */
#ifndef SALLYPORT_SERVE_ATTRIBUTES_H
#define SALLYPORT_SERVE_ATTRIBUTES_H

#include "serve_options.h"

/* EXIT_OK, or the exit status after reporting an error. */
int serve_attributes_set(struct serve_options *options, const char *value);

#endif
