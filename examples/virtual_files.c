/* Files that exist nowhere: hooks serve a listing and what is in it, over a storage that can do nothing.
 *
 *     ./virtual_files [sftp://127.0.0.1:2222]
 */
#include <sallyport.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Hooks run on several threads: what they share is atomic, or needs a lock. */
static _Atomic unsigned visits;

/* The text of a file, which is made when it is opened; NULL: there is no such file, or no memory. */
static char *make_text(const char *path, const char *user)
{
    char text[200];
    if (strcmp(path, "/greeting.txt") == 0)
        snprintf(text, sizeof text, "Hello, %.100s.\n", user);
    else if (strcmp(path, "/visits.txt") == 0)
        snprintf(text, sizeof text, "%u\n", atomic_load(&visits));
    else
        return NULL;
    return strdup(text);
}

/* Where a file's data is kept: any address that is ours will do. */
static const char texts;

static sally_status open_file(sally_op *op)
{
    if (op->u.open.flags & (SALLY_OPEN_WRITE | SALLY_OPEN_CREATE))
        return SALLY_PERMISSION_DENIED;
    char *text = make_text(op->path, sally_session_user(op->session));
    if (!text)
        return SALLY_NO_SUCH_FILE;
    /* From here on the library frees the text with the file, even if the client disconnects. */
    if (sally_file_set_data(op->file, &texts, text, free) != SALLY_E_OK) {
        free(text);
        return SALLY_FAILURE;
    }
    atomic_fetch_add(&visits, 1);
    return SALLY_OK; /* the file is ours: all that is done with it comes to us */
}

static sally_status describe(sally_op *op)
{
    if (strcmp(op->path, "/") == 0) {
        sally_attrs_set_directory(&op->u.stat.attrs, 0555);
        return SALLY_OK;
    }
    char *text = make_text(op->path, sally_session_user(op->session));
    if (!text)
        return SALLY_NO_SUCH_FILE;
    sally_attrs_set_file(&op->u.stat.attrs, 0444, strlen(text));
    free(text);
    return SALLY_OK;
}

/* In place of the storage. What is not answered here goes on to it, which knows nothing. */
static sally_status before(void *user_data, sally_op *op)
{
    (void)user_data;
    const char *text = sally_file_data(op->file, &texts);
    switch (op->kind) {
    case SALLY_OP_STAT:
        return describe(op);
    case SALLY_OP_OPEN:
        return open_file(op);
    case SALLY_OP_READ:
        return sally_op_read_from(op, text, strlen(text));
    case SALLY_OP_FSTAT:
        if (!text)
            return describe(op); /* of the directory */
        sally_attrs_set_file(&op->u.stat.attrs, 0444, strlen(text));
        return SALLY_OK;
    case SALLY_OP_OPENDIR:
        return strcmp(op->path, "/") == 0 ? SALLY_OK : SALLY_NO_SUCH_FILE;
    case SALLY_OP_READDIR: /* so few fit into any reply */
        sally_op_add_entry(op, "greeting.txt", NULL);
        sally_op_add_entry(op, "visits.txt", NULL);
        return SALLY_EOF;
    default:
        return SALLY_CONTINUE;
    }
}

int main(int argc, char **argv)
{
    sally_hooks hooks = {
        .struct_size = sizeof hooks,
        .flags = SALLY_HOOKS_NONBLOCKING, /* they never wait */
        .before_mask = SALLY_OP_ALL,
        .before = before,
    };
    sally_fs_methods nothing = {.struct_size = sizeof nothing, .traits = SALLY_FS_NONBLOCKING};
    sally_fs *empty;
    sally_server *server;
    if (sally_fs_new(&empty, &nothing, NULL) || sally_server_new(&server))
        return 1;
    if (sally_server_add_hooks(server, &hooks) || sally_server_add_user(server, "demo", "demo", empty) ||
        sally_server_add_listener(server, argc > 1 ? argv[1] : "sftp://127.0.0.1:2222") || sally_server_run(server))
        fprintf(stderr, "%s\n", sally_server_error(server));
    sally_fs_unref(empty);
    return sally_server_free(server);
}
