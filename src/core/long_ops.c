#include "core/long_ops.h"

#include "core/session_internal.h"

bool op_is_long(const struct op *op)
{
    return op->kind == SALLY_OP_HASH || op->kind == SALLY_OP_COPY;
}

bool op_resume_later(sally_op *pub, op_resume_fn *resume, void *context)
{
    struct op *op = op_of(pub);
    struct session_host *host = op->session->host;
    if (!host->resume_later)
        return false;
    op->resume = resume;
    op->resume_context = context;
    host->resume_later(host, op);
    return true;
}

void session_run_long(struct op *op)
{
    op_resume_fn *resume = op->resume;
    op->resume = NULL;
    if (resume)
        resume(&op->pub, op->resume_context);
    else
        session_run(op);
}
