/* Base64 (RFC 4648), as key files and fingerprints need it. */
#ifndef SALLY_CRYPTO_BASE64_H
#define SALLY_CRYPTO_BASE64_H

#include "base/buf.h"
#include "base/cursor.h"

/* Appends the text, with or without '=' at the end. */
void base64_encode(struct slice data, bool pad, struct buf *out);
/* Appends the bytes; spaces and line breaks are skipped. False: not base64, or an invalid end. */
bool base64_decode(struct slice text, struct buf *out);

#endif
