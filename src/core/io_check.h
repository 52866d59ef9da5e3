#ifndef SALLY_CORE_IO_CHECK_H
#define SALLY_CORE_IO_CHECK_H

#include <stdint.h>

#include "sallyport/op.h"

/* What an answer to READ or WRITE means; others are left as they are. A READ that brings nothing is
 * at the end. Mistakes of the storage: a READ that brings too much, a WRITE that took too little.
 */
sally_status io_check_answer(uint32_t kind, const sally_op_io *io, sally_status status);

#endif
