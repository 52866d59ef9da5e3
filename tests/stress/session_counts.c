#include "session.h"

static bool is_quiet(struct stress *x)
{
    pthread_mutex_lock(&x->lock);
    bool quiet = x->asked == x->answered && x->submitted == x->submit_answered;
    pthread_mutex_unlock(&x->lock);
    return quiet;
}

static void check_operations(const sally_session *s)
{
    const struct order_counts *c = &s->active;
    if (s->started || s->internal_ops || s->queued || s->worker_ops || s->charged_bytes)
        stress_fail("nothing runs, but: started %u, aside %u, queued %u, with workers %u, "
                    "reserved %zu",
                    s->started, s->internal_ops, s->queued, s->worker_ops, s->charged_bytes);
    if (c->exclusive || c->reads || c->file_reads || c->unknown_reads || c->writes ||
        c->unknown_writes)
        stress_fail("nothing runs, but: exclusive %d, reads %u, of files %u and %u, writes %u "
                    "and %u",
                    c->exclusive, c->reads, c->file_reads, c->unknown_reads, c->writes,
                    c->unknown_writes);
    if (s->pooled > SESSION_POOL || s->references != 1)
        stress_fail("%u pooled, %u references", s->pooled, s->references);
}

static void check_files(const sally_session *s)
{
    uint32_t files = 0, known = 0, handles = 0;
    LIST_EACH (item, &s->files) {
        const sally_file *file = CONTAINER_OF(item, sally_file, link);
        files++;
        known += file->inode != NULL;
        if (file->close_waiting || atomic_load(&file->pins) || file->listing)
            stress_fail("nothing runs, but a file is in use");
    }
    LIST_EACH (item, &s->inodes) {
        const struct file_inode *inode = CONTAINER_OF(item, struct file_inode, link);
        handles += inode->handles;
        if (inode->reads || inode->writes)
            stress_fail("nothing runs, but: %u reads and %u writes of an inode", inode->reads,
                        inode->writes);
    }
    if (files != s->file_count || handles != known)
        stress_fail("%u files of %u counted, %u of them with an inode, of %u counted", files,
                    s->file_count, known, handles);
}

void counts_check(struct stress *x)
{
    while (!x->closing && !is_quiet(x))
        stress_wait(x);
    if (x->closing)
        return;
    check_operations(x->session);
    check_files(x->session);
}
