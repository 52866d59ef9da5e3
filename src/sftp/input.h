/* From the byte stream to packets. */
#ifndef SALLY_SFTP_INPUT_H
#define SALLY_SFTP_INPUT_H

#include "sftp/engine.h"

void input_add(struct sftp *s, const uint8_t *data, size_t size);
/* Goes on with what waits. True: something was done. */
bool input_resume(struct sftp *s);
/* Requests may be waiting that nothing but unread replies holds back. */
bool input_is_held(const struct sftp *s);
void input_drop(struct sftp *s);

#endif
