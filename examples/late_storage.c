/* A storage that answers later, from a thread of its own: what a database, a remote store or a
 * device driver would do. It serves endless files: /anything has as many bytes as the client cares
 * to read, up to 1 GiB. One that takes uploads, too, is in object_store.c. */
#include <pthread.h>
#include <sallyport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES (UINT64_C(1) << 30)

/* The slots put operations into this queue and return PENDING; the thread takes them out and
 * finishes them. */
struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    sally_op *waiting[256];
    size_t count;
    bool stop;
};

static sally_status answer(sally_op *op)
{
    switch (op->kind) {
    case SALLY_OP_STAT:
        if (strcmp(op->path, "/") == 0)
            sally_attrs_set_directory(&op->u.stat.attrs, 0555);
        else
            sally_attrs_set_file(&op->u.stat.attrs, 0444, FILE_BYTES);
        return SALLY_OK;
    case SALLY_OP_READ:
        if (op->u.io.offset >= FILE_BYTES)
            return SALLY_EOF;
        op->u.io.done = op->u.io.length;
        if (op->u.io.done > FILE_BYTES - op->u.io.offset)
            op->u.io.done = (uint32_t)(FILE_BYTES - op->u.io.offset);
        memset(op->u.io.data, 'x', op->u.io.done);
        return SALLY_OK;
    case SALLY_OP_READDIR:
        return SALLY_EOF;
    default:
        return SALLY_OK; /* OPEN */
    }
}

static void *work(void *arg)
{
    struct queue *q = arg;
    pthread_mutex_lock(&q->lock);
    while (!q->stop || q->count > 0) {
        if (q->count == 0) {
            pthread_cond_wait(&q->changed, &q->lock);
            continue;
        }
        sally_op *op = q->waiting[--q->count];
        pthread_mutex_unlock(&q->lock);
        sally_op_finish(op, answer(op)); /* from here on the operation is not ours */
        pthread_mutex_lock(&q->lock);
    }
    pthread_mutex_unlock(&q->lock);
    return NULL;
}

static sally_status later(sally_fs *fs, sally_op *op)
{
    struct queue *q = sally_fs_data(fs);
    sally_status status = SALLY_PENDING;
    pthread_mutex_lock(&q->lock);
    if (q->count < sizeof q->waiting / sizeof q->waiting[0])
        q->waiting[q->count++] = op;
    else
        status = SALLY_FAILURE;
    pthread_cond_signal(&q->changed);
    pthread_mutex_unlock(&q->lock);
    return status; /* after PENDING the operation must not be touched here: it may be over */
}

int main(int argc, char **argv)
{
    struct queue q = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    /* Putting something into a queue never waits, so the network thread may do it. */
    sally_fs_methods methods = {.struct_size = sizeof methods,
                                .traits = SALLY_FS_NONBLOCKING | SALLY_FS_CONCURRENT,
                                .open = later,
                                .read = later,
                                .readdir = later,
                                .stat = later};
    pthread_t thread;
    sally_fs *fs;
    sally_server *server;
    if (pthread_create(&thread, NULL, work, &q) || sally_fs_new(&fs, &methods, &q) ||
        sally_server_new(&server))
        return 1;
    if (sally_server_add_user(server, "demo", "demo", fs) ||
        sally_server_add_listener(server, argc > 1 ? argv[1] : "sftp://127.0.0.1:2222") ||
        sally_server_run(server))
        fprintf(stderr, "%s\n", sally_server_error(server));
    sally_fs_unref(fs);
    sally_error error = sally_server_free(server); /* after this nothing is pending */

    pthread_mutex_lock(&q.lock);
    q.stop = true;
    pthread_cond_signal(&q.changed);
    pthread_mutex_unlock(&q.lock);
    pthread_join(thread, NULL);
    return error;
}
