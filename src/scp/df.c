/* df: the space of a storage, for clients that do not use an SFTP extension for it. */
#include <inttypes.h>

#include "scp/engine.h"

static uint64_t kib(uint64_t fragments, uint64_t fragment_size)
{
    return fragments / 1024 * fragment_size + fragments % 1024 * fragment_size / 1024;
}

/* The percentage of the usable space, rounded up. */
static unsigned percent(uint64_t used, uint64_t available)
{
    double all = (double)used + (double)available;
    double part = all > 0 ? (double)used * 100.0 / all : 0;
    return (unsigned)part + (part > (double)(unsigned)part);
}

static void put_space(struct scp *s, const sally_op_statvfs *v)
{
    uint64_t size = v->fragment_size ? v->fragment_size : v->block_size;
    uint64_t blocks_used = v->blocks > v->blocks_free ? v->blocks - v->blocks_free : 0;
    uint64_t used = kib(blocks_used, size), available = kib(v->blocks_available, size);
    put_format(&s->out, "storage %" PRIu64 " %" PRIu64 " %" PRIu64 " %u%% /\n",
               kib(v->blocks, size), used, available, percent(used, available));
    if (s->out.failed)
        scp_no_memory(s);
}

static void after_statvfs(struct scp *s, struct op *op)
{
    s->busy = false;
    if (op->pub.status == SALLY_OK)
        put_space(s, &op->pub.u.statvfs);
    else if (!walk_was_guess(s, op->pub.status))
        walk_report(s, op, op->pub.status);
}

static void visit(struct scp *s)
{
    struct op *op = scp_path_op(s, SALLY_OP_STATVFS, walk_path(s), after_statvfs, walk_report);
    if (op)
        scp_submit_alone(s, op);
}

static bool df_step(struct scp *s)
{
    if (!s->walk.visit) {
        const char head[] = "Filesystem 1K-blocks Used Available Use% Mounted on\n";
        scp_put_out(s, head, sizeof head - 1);
    }
    return walk_visit_all(s, visit);
}

const struct mode scp_mode_df = {df_step, walk_drop};
