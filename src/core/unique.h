/* SALLY_OPEN_UNIQUE: a name that nothing has yet. The storage is asked for one name after the
 * other, each with SALLY_OPEN_EXCLUSIVE, so that it need not know of this, and nobody else gets the
 * same. */
#ifndef SALLY_CORE_UNIQUE_H
#define SALLY_CORE_UNIQUE_H

#include "core/op.h"

/* An operation begins: what the flag means to everybody else. */
void unique_begin(struct op *op);

/* The storage has answered `status`. True: it is to be asked again, for the next name. */
bool unique_asks_again(struct op *op, sally_status status);

#endif
