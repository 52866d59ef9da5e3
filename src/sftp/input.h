/* From the byte stream to packets. */
#ifndef SALLY_SFTP_INPUT_H
#define SALLY_SFTP_INPUT_H

#include "sftp/engine.h"

void input_add(struct sftp *s, const uint8_t *data, size_t size);
/* Continues with what is waiting. True: something was done. */
bool input_resume(struct sftp *s);
/* Whether requests may be waiting that only unread replies hold back. */
bool input_is_held(const struct sftp *s);
void input_drop(struct sftp *s);

#endif
