/* What a session may do: checked before the hooks, and again after them. */
#ifndef SALLY_CORE_PERMISSION_H
#define SALLY_CORE_PERMISSION_H

#include "core/op.h"

/* SALLY_OK, SALLY_PERMISSION_DENIED, or why a handle does not fit the operation. */
sally_status op_check_permissions(const struct op *op);
/* The SALLY_MAY_ bits that an operation needs, by its kind and flags. */
uint32_t op_permissions_needed(const sally_op *op);
/* A REALPATH that may only return its normalised path: the storage's answer would reveal what
 * exists and where symbolic links lead. */
bool op_is_text_only(const struct op *op);

#endif
