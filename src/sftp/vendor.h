/* vendor-id: draft-13 section 5.4. */
#ifndef SALLY_SFTP_VENDOR_H
#define SALLY_SFTP_VENDOR_H

#include "base/buf.h"

/* Appends the pair that identifies us in VERSION. */
void vendor_put(struct buf *out);

#endif
