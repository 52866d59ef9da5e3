/* SALLY_OPEN_UNIQUE: an unused name. The library tries one name after the other with
 * SALLY_OPEN_EXCLUSIVE, so that storages need not support this, and no one else gets the same
 * name. */
#ifndef SALLY_CORE_UNIQUE_NAME_H
#define SALLY_CORE_UNIQUE_NAME_H

#include "core/op.h"

/* An operation begins: sets the flags that everyone else sees. */
void unique_name_begin(struct op *op);

/* The storage has answered `status`. True: it is to be asked again, for the next name. */
bool unique_name_asks_again(struct op *op, sally_status status);

#endif
