/* A gateway to a store of objects across a network: every answer comes late, from a few threads
 * that wait for the store. The WRITEs of an upload are sent as blocks, many at the same time and in
 * any order, and CLOSE makes an object of them, or tells the client why there is none.
 *
 *     ./object_store DIRECTORY MILLISECONDS [sftp://127.0.0.1:2222]
 *
 * The store here is a directory that takes its time to answer: put your own requests in its place.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sallyport.h>
#include <sallyport/posix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 16 /* requests to the store at the same time */

static struct gateway {
    int store;
    useconds_t delay;
    sally_fs *fs;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct job {
        struct job *next;
        sally_op *op;
    } *first, **end;
} g = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .end = &g.first};

/* ---- Requests to the store, which wait for its answer ---- */

static sally_status answer(int result) { return sally_status_from_errno(result ? errno : 0); }

/* What an upload is called until it is an object. */
static const char *upload_of(sally_op *op, char name[48]) {
    uint64_t session = sally_session_id(op->session), file = sally_file_id(op->file);
    return snprintf(name, 48, ".%" PRIx64 "-%" PRIx64, session, file), name;
}

static sally_status start(sally_op *op) {
    char name[48];
    bool upload = op->u.open.flags & SALLY_OPEN_WRITE;
    int flags = upload ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY;
    int fd = openat(g.store, upload ? upload_of(op, name) : op->path + 1, flags | O_CLOEXEC, 0666);
    return sally_fd_open(g.fs, op, fd);
}

static sally_status end(sally_op *op) {
    char name[48];
    sally_file_facts facts;
    sally_file_get_facts(op->file, &facts);
    sally_status status = sally_fd_close(g.fs, op);
    if (!(facts.open_flags & SALLY_OPEN_WRITE)) return status;
    upload_of(op, name);
    if (facts.close_reason == SALLY_CLOSED_BY_CLIENT && !facts.gap_bytes && status == SALLY_OK)
        return answer(renameat(g.store, name, g.store, op->path + 1));
    sally_op_set_message(op, "The upload is not complete");
    unlinkat(g.store, name, 0);
    return SALLY_FAILURE;
}

static sally_status look(sally_op *op) {
    struct stat st;
    int result = fstatat(g.store, op->path[1] ? op->path + 1 : ".", &st, AT_SYMLINK_NOFOLLOW);
    if (result == 0) sally_attrs_from_stat(&op->u.stat.attrs, &st);
    return answer(result);
}

static void end_list(void *names) { closedir(names); }

static sally_status list(sally_op *op) {
    DIR *names = sally_file_data(op->file, g.fs);
    if (!names) {
        names = fdopendir(openat(g.store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!names || sally_file_set_data(op->file, g.fs, names, end_list)) return SALLY_FAILURE;
    }
    for (struct dirent *entry; (entry = readdir(names)) != NULL;)
        if (entry->d_name[0] != '.' && !sally_op_add_entry(op, entry->d_name, NULL))
            return SALLY_OK;
    return SALLY_EOF;
}

static sally_status ask(sally_op *op) {
    usleep(g.delay);
    switch (op->kind) {
    case SALLY_OP_OPEN: return start(op);
    case SALLY_OP_READ: return sally_fd_read(g.fs, op);
    case SALLY_OP_WRITE: return sally_fd_write(g.fs, op);
    case SALLY_OP_FSTAT: return sally_fd_fstat(g.fs, op);
    case SALLY_OP_CLOSE: return end(op);
    case SALLY_OP_STAT: return look(op);
    case SALLY_OP_READDIR: return list(op);
    case SALLY_OP_REMOVE: return answer(unlinkat(g.store, op->path + 1, 0));
    }
    return SALLY_UNSUPPORTED;
}

static void *work(void *none) {
    pthread_mutex_lock(&g.lock);
    for (;;) {
        while (!g.first) pthread_cond_wait(&g.changed, &g.lock);
        sally_op *op = g.first->op;
        if (!(g.first = g.first->next)) g.end = &g.first;
        pthread_mutex_unlock(&g.lock);
        sally_op_finish(op, ask(op)); /* the job is gone with it */
        pthread_mutex_lock(&g.lock);
    }
    return none;
}

/* ---- The storage: its slots never wait ---- */

static sally_status later(sally_fs *fs, sally_op *op) {
    (void)fs;
    if (strchr(op->path + 1, '/') || op->path[1] == '.') return SALLY_NO_SUCH_FILE;
    struct job *job = sally_op_alloc(op, sizeof *job);
    if (!job) return SALLY_FAILURE;
    job->next = NULL, job->op = op;
    pthread_mutex_lock(&g.lock);
    *g.end = job;
    g.end = &job->next;
    pthread_cond_signal(&g.changed);
    pthread_mutex_unlock(&g.lock);
    return SALLY_PENDING; /* the operation is no longer ours: it may have ended */
}

int main(int argc, char **argv) {
    const sally_fs_methods methods = {
        .struct_size = sizeof methods,
        .traits = SALLY_FS_NONBLOCKING | SALLY_FS_CONCURRENT | SALLY_FS_CONCURRENT_WRITES,
        .open = later, .read = later, .write = later, .fstat = later, .close = later,
        .stat = later, .readdir = later, .remove = later};
    sally_server *server;
    if (argc < 3) return fprintf(stderr, "usage: %s DIRECTORY MILLISECONDS [URL]\n", argv[0]), 2;
    g.store = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g.delay = (useconds_t)strtoul(argv[2], NULL, 10) * 1000;
    if (g.store < 0 || sally_fs_new(&g.fs, &methods, NULL) || sally_server_new(&server)) return 1;
    pthread_t thread;
    for (int i = 0; i < THREADS; i++) if (pthread_create(&thread, NULL, work, NULL)) return 1;
    if (sally_server_add_user(server, "demo", "demo", g.fs) ||
        sally_server_add_listener(server, argc > 3 ? argv[3] : "sftp://127.0.0.1:2222") ||
        sally_server_run(server))
        fprintf(stderr, "%s\n", sally_server_error(server));
    return sally_server_free(server); /* then nothing is pending, and the threads only wait */
}
