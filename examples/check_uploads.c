/* Uploads are looked through before anybody sees them: a wrapper that reads what has come, when the
 * client closes it, and refuses what it should not hold. Around it, staging: what was refused is
 * removed, and what was there before stays.
 *
 *     ./check_uploads DIRECTORY [sftp://127.0.0.1:2222]
 */
#include <sallyport.h>
#include <stdio.h>
#include <string.h>

static const char forbidden[] = "X5O!P%@AP"; /* how a harmless file begins that scanners know */
enum { LENGTH = sizeof forbidden - 1 };

/* One upload that is being looked through, after its CLOSE: in memory of that operation. */
struct look {
    sally_op *close;
    sally_fs *inner;
    sally_file *file; /* the same file, opened by us */
    uint64_t offset;
    bool found, failed;
    char data[65536];
};

static void next(struct look *l);

static void closed(void *user_data, sally_op *own, sally_status status)
{
    struct look *l = user_data;
    if (l->found && own->kind == SALLY_OP_CLOSE) { /* staging removes only what it has staged */
        sally_op_set_message(l->close, "There is a virus in it");
        if (!sally_fs_submit(l->inner, l->close->session, SALLY_OP_REMOVE, l->close->path, NULL,
                             closed, l))
            return;
    }
    bool good = !l->found && !l->failed && status == SALLY_OK;
    sally_op_finish(l->close, good ? SALLY_OK : SALLY_FAILURE);
}

static void with_file(void *user_data, sally_op *own)
{
    struct look *l = user_data;
    own->file = l->file;
    if (own->kind == SALLY_OP_READ)
        own->u.io = (sally_op_io){.offset = l->offset, .data = l->data, .length = sizeof l->data};
}

static bool holds(const char *data, size_t size)
{
    for (size_t i = 0; i + LENGTH <= size; i++)
        if (memcmp(data + i, forbidden, LENGTH) == 0)
            return true;
    return false;
}

static void seen(void *user_data, sally_op *own, sally_status status)
{
    struct look *l = user_data;
    uint32_t size = own->u.io.done;
    l->failed = status != SALLY_OK && status != SALLY_EOF;
    l->found = status == SALLY_OK && holds(l->data, size);
    if (status == SALLY_OK && !l->found && size >= LENGTH) {
        l->offset += size - (LENGTH - 1); /* it may lie across two READs */
        next(l);
    } else if (sally_fs_submit(l->inner, l->close->session, SALLY_OP_CLOSE, NULL, with_file,
                               closed, l))
        sally_op_finish(l->close, SALLY_FAILURE); /* the file is closed with the session */
}

static void next(struct look *l)
{
    if (sally_fs_submit(l->inner, l->close->session, SALLY_OP_READ, NULL, with_file, seen, l))
        sally_op_finish(l->close, SALLY_FAILURE);
}

static void to_be_read(void *user_data, sally_op *own)
{
    (void)user_data;
    own->u.open.flags = SALLY_OPEN_READ;
}

static void opened(void *user_data, sally_op *own, sally_status status)
{
    struct look *l = user_data;
    l->file = own->file;
    if (status == SALLY_OK)
        next(l);
    else
        sally_op_finish(l->close, SALLY_FAILURE);
}

/* The storage inside has closed the file: now it is all there. */
static sally_status look_through(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    sally_file_facts facts;
    (void)context;
    sally_file_get_facts(op->file, &facts);
    if (status != SALLY_OK || !(facts.open_flags & SALLY_OPEN_WRITE))
        return status;
    struct look *l = sally_op_alloc(op, sizeof *l);
    if (!l)
        return SALLY_FAILURE;
    l->close = op, l->inner = sally_fs_data(fs);
    l->offset = 0, l->found = l->failed = false;
    if (sally_fs_submit(l->inner, op->session, SALLY_OP_OPEN, op->path, to_be_read, opened, l))
        return SALLY_FAILURE;
    return SALLY_PENDING; /* `closed` finishes it */
}

static sally_status pass(sally_fs *fs, sally_op *op)
{
    sally_done_fn *then = op->kind == SALLY_OP_CLOSE ? look_through : NULL;
    return sally_fs_call(fs, sally_fs_data(fs), op, then, NULL);
}

static void release(void *inner)
{
    sally_fs_unref(inner);
}

static sally_error check(sally_fs **out, sally_fs *inner)
{
    sally_fs_methods methods = {.struct_size = sizeof methods, .destroy = release};
    sally_fs_methods_wrap(&methods, inner, pass);
    methods.close = pass; /* even if `inner` does not care */
    methods.traits |= sally_fs_traits(inner) & SALLY_FS_CONCURRENT;
    sally_error error = sally_fs_new(out, &methods, inner);
    if (!error)
        sally_fs_ref(inner);
    return error;
}

int main(int argc, char **argv)
{
    sally_fs *folder, *checked, *staged;
    sally_server *server;
    if (argc < 2)
        return fprintf(stderr, "usage: %s DIRECTORY [URL]\n", argv[0]), 2;
    if (sally_fs_local(&folder, argv[1], 0, 022) || check(&checked, folder) ||
        sally_fs_staging(&staged, checked, NULL) || sally_server_new(&server))
        return fprintf(stderr, "%s cannot be served\n", argv[1]), 1;
    if (sally_server_add_user(server, "demo", "demo", staged) ||
        sally_server_add_listener(server, argc > 2 ? argv[2] : "sftp://127.0.0.1:2222") ||
        sally_server_run(server))
        fprintf(stderr, "%s\n", sally_server_error(server));
    sally_fs_unref(staged);
    sally_fs_unref(checked);
    sally_fs_unref(folder);
    return sally_server_free(server);
}
