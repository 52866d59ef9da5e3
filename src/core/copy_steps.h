/* The steps of a COPY by FSTAT, READ and WRITE. How these operations reach the storages is up to
 * the callers: copy.c, copy_by_io.c. */
#ifndef SALLY_CORE_COPY_STEPS_H
#define SALLY_CORE_COPY_STEPS_H

#include "core/op.h"

struct copy_steps {
    struct op *op; /* the COPY */
    unsigned char *buffer;
    uint64_t done, length; /* length 0: up to the end */
    enum { COPY_MEASURE, COPY_READ, COPY_WRITE } step;
    uint32_t held; /* bytes in the buffer that are being written */
    bool ended;
    sally_status status; /* once ended */
};

/* The buffer is in the operation's memory. False: memory is short. */
bool copy_steps_begin(struct copy_steps *c, struct op *op);

/* The next operation: SALLY_OP_ value. */
uint32_t copy_steps_kind(const struct copy_steps *c);
sally_file *copy_steps_file(const struct copy_steps *c);
/* Its `u`. */
void copy_steps_fill(const struct copy_steps *c, sally_op *child);
/* Its answer. */
void copy_steps_note(struct copy_steps *c, const struct op *child);

void copy_steps_end(struct copy_steps *c, sally_status status);

#endif
