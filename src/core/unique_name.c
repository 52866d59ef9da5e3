#include "core/unique_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LAST_SUFFIX 999u

static bool is_wanted(const struct op *op)
{
    return op->kind == SALLY_OP_OPEN && (op->pub.u.open.flags & SALLY_OPEN_UNIQUE);
}

void unique_name_begin(struct op *op)
{
    if (is_wanted(op))
        op->pub.u.open.flags |= SALLY_OPEN_CREATE | SALLY_OPEN_EXCLUSIVE;
}

bool unique_name_asks_again(struct op *op, sally_status status)
{
    if (status != SALLY_FILE_ALREADY_EXISTS || !is_wanted(op) ||
        op->unique_name_suffix == LAST_SUFFIX || sally_op_cancelled(&op->pub))
        return false;
    if (op->unique_name_suffix == 0)
        op->unique_name_stem = op->pub.path;
    size_t size = strlen(op->unique_name_stem) + sizeof ".999";
    if (op->unique_name_suffix == 0)
        op->unique_name_path = sally_op_alloc(&op->pub, size);
    if (!op->unique_name_path)
        return false;
    snprintf(op->unique_name_path, size, "%s.%" PRIu32, op->unique_name_stem,
             ++op->unique_name_suffix);
    op->pub.path = op->unique_name_path;
    op->message = NULL; /* of the refusal */
    return true;
}
