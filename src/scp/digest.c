/* md5sum and similar commands: the storage computes, and the output has the format of coreutils. */
#include "scp/engine.h"

static void put_hex(struct buf *out, const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        put_u8(out, (uint8_t)digits[data[i] >> 4]);
        put_u8(out, (uint8_t)digits[data[i] & 15]);
    }
}

static bool wants_escape(struct slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] == '\\' || name.data[i] == '\n' || name.data[i] == '\r')
            return true;
    return false;
}

static void put_escaped(struct buf *out, struct slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '\\')
            put_bytes(out, "\\\\", 2);
        else if (name.data[i] == '\n')
            put_bytes(out, "\\n", 2);
        else if (name.data[i] == '\r')
            put_bytes(out, "\\r", 2);
        else
            put_u8(out, name.data[i]);
    }
}

/* A backslash at the start of the line indicates that the name contains escapes. */
static void put_line(struct scp *s, const uint8_t *digest, size_t size, struct slice name)
{
    if (wants_escape(name))
        put_u8(&s->out, '\\');
    put_hex(&s->out, digest, size);
    put_bytes(&s->out, "  ", 2);
    put_escaped(&s->out, name);
    put_u8(&s->out, '\n');
    if (s->out.failed)
        scp_no_memory(s);
}

static void after_hash(struct scp *s, struct op *op)
{
    const sally_op_hash *hash = &op->pub.u.hash;
    sally_status status = op->pub.status;
    s->busy = false;
    if (status == SALLY_OK && (!hash->digests || hash->digests_size == 0))
        status = SALLY_FAILURE;
    if (status == SALLY_OK)
        put_line(s, hash->digests, hash->digests_size, walk_path(s));
    else if (!walk_was_guess(s, status))
        walk_report(s, op, status);
}

static void visit(struct scp *s)
{
    struct op *op = scp_path_op(s, SALLY_OP_HASH, walk_path(s), after_hash, walk_report);
    if (!op)
        return;
    op->pub.u.hash.algorithms = s->command.digest->algorithm;
    scp_submit_alone(s, op);
}

/* Clients use this to find out what is available. */
static bool hash_input(struct scp *s)
{
    const struct scp_digest *digest = s->command.digest;
    const char *answer = s->command.of_abc ? digest->abc : digest->empty;
    if (s->in.size) {
        scp_put_error(s, slice_of("Standard input is not supported: give a file."));
        scp_finish(s, 1);
        return true;
    }
    if (!s->ended && !s->command.of_abc)
        return false;
    scp_put_out(s, answer, strlen(answer));
    scp_put_out(s, "  -\n", 4);
    scp_finish(s, 0);
    return true;
}

static bool digest_step(struct scp *s)
{
    if (s->command.path_count == 0)
        return hash_input(s);
    return walk_visit_all(s, visit);
}

const struct mode scp_mode_digest = {digest_step, walk_drop};
