#ifndef SALLY_CORE_IO_CHECK_H
#define SALLY_CORE_IO_CHECK_H

#include <stdint.h>

#include "sallyport/op.h"

/* Checks answers to READ and WRITE; others are unchanged. A READ without data is at the end. Errors
 * of the storage: a READ of too much, a WRITE of too little. */
sally_status io_check_answer(uint32_t kind, const sally_op_io *io, sally_status status);

#endif
