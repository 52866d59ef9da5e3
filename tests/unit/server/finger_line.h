/* A protocol that no one needs, to show what one takes: a line "USER PASSWORD PATH" is answered by
 * the size of the file, or by why there is none. */
#ifndef TEST_SERVER_FINGER_LINE_H
#define TEST_SERVER_FINGER_LINE_H

#include "server/protocols.h"

extern const struct protocol protocol_finger;

#endif
