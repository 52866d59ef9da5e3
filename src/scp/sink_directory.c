/* scp -t: the directories of a tree, D and E. */
#include "base/mem.h"
#include "scp/sink.h"

static void enter_directory(struct scp *s)
{
    struct sink *k = &s->sink;
    if (k->depth == k->capacity) {
        uint32_t capacity = k->capacity ? 2 * k->capacity : 8;
        struct sink_level *levels = mem_resize(k->levels, capacity, sizeof *levels);
        if (!levels) {
            scp_no_memory(s);
            return;
        }
        k->levels = levels;
        k->capacity = capacity;
    }
    k->levels[k->depth++] = k->entering;
    k->is_directory = true;
    k->have_times = false;
    sink_acknowledge(s);
}

static void after_mkdir(struct scp *s, struct op *op)
{
    s->busy = false;
    if (op->pub.status != SALLY_OK) {
        sink_decline(s, op, op->pub.status);
        return;
    }
    enter_directory(s);
}

static void make_directory(struct scp *s)
{
    struct sink *k = &s->sink;
    uint32_t mode = sink_mode(s, k->head.mode);
    struct op *op = scp_path_op(s, SALLY_OP_MKDIR, sink_path(s), after_mkdir, sink_decline);
    if (!op)
        return;
    sally_attrs *attrs = sink_keep_attrs(s, op, sink_attrs(true, mode | 0700, NULL));
    if (!attrs)
        return;
    if ((mode & 0700) != 0700)
        k->entering.set_mode = true; /* required to create files in it */
    op->pub.u.setstat.attrs = attrs;
    scp_submit_alone(s, op);
}

static void after_stat(struct scp *s, struct op *op)
{
    const sally_attrs *a = &op->pub.u.stat.attrs;
    s->busy = false;
    if (op->pub.status != SALLY_OK)
        make_directory(s);
    else if (a->valid & SALLY_ATTR_TYPE && a->type != SALLY_TYPE_DIRECTORY)
        sink_decline(s, op, SALLY_NOT_A_DIRECTORY);
    else
        enter_directory(s);
}

void sink_begin_directory(struct scp *s, struct slice name)
{
    struct sink *k = &s->sink;
    if (!s->command.recursive) {
        scp_protocol_error(s, "received directory without -r");
        return;
    }
    bool was_directory = k->is_directory;
    if (!sink_go_to(s, name))
        return;
    if (k->depth >= SCP_MAX_DEPTH) {
        sink_decline_because(s, "directories are nested too deeply");
        return;
    }
    k->entering = (struct sink_level){.path_size = k->outer_size,
                                      .mode = sink_mode(s, k->head.mode),
                                      .set_mode = s->command.preserve,
                                      .set_times = k->have_times,
                                      .was_directory = was_directory,
                                      .times = k->times};
    struct op *op = scp_path_op(s, SALLY_OP_STAT, sink_path(s), after_stat, sink_decline);
    if (!op)
        return;
    op->pub.u.stat.flags = SALLY_FOLLOW;
    op->pub.u.stat.wanted = SALLY_ATTR_TYPE;
    scp_submit_alone(s, op);
}

static void after_leave(struct scp *s, struct op *op)
{
    s->busy = false;
    if (op->pub.status != SALLY_OK) {
        sink_decline(s, op, op->pub.status);
        return;
    }
    buf_truncate(&s->sink.path, s->sink.outer_size);
    sink_acknowledge(s);
}

void sink_leave_directory(struct scp *s)
{
    struct sink *k = &s->sink;
    if (k->depth == 0) { /* Ganymed and its forks also send it after a single file */
        sink_acknowledge(s);
        scp_finish(s, s->errors ? 1 : 0);
        return;
    }
    struct sink_level *l = &k->levels[--k->depth];
    k->outer_size = l->path_size;
    k->is_directory = l->was_directory;
    if (!l->set_mode && !l->set_times) {
        buf_truncate(&k->path, l->path_size);
        sink_acknowledge(s);
        return;
    }
    struct op *op = scp_path_op(s, SALLY_OP_SETSTAT, sink_path(s), after_leave, sink_decline);
    if (!op)
        return;
    sally_attrs *attrs =
        sink_keep_attrs(s, op, sink_attrs(l->set_mode, l->mode, l->set_times ? &l->times : NULL));
    if (!attrs)
        return;
    op->pub.u.setstat.flags = SALLY_FOLLOW;
    op->pub.u.setstat.attrs = attrs;
    scp_submit_alone(s, op);
}
