/* Identification lines (RFC 4253 section 4.2). */
#ifndef SALLY_SSH_VERSION_H
#define SALLY_SSH_VERSION_H

#include "ssh/engine.h"

#define IDENTIFICATION_MAX 255u /* with CR LF */

/* Without CR LF: V_C and V_S. */
struct identification {
    char line[IDENTIFICATION_MAX + 1];
    size_t size;
};

sally_error version_init(struct ssh *ssh);
/* Consumes the peer's line from the receive buffer. False: it is not complete yet, or the
 * connection was ended. */
bool version_receive(struct ssh *ssh);

#endif
