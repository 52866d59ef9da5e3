/* The smallest server: one file that is not on any disk. Run it, then: sftp -P 2222 demo@127.0.0.1 */
#include <sallyport.h>
#include <stdio.h>
#include <string.h>

static const char text[] = "Hello from Sallyport.\n";

static sally_status hello_stat(sally_fs *fs, sally_op *op) {
    (void)fs;
    if (strcmp(op->path, "/") == 0) sally_attrs_set_directory(&op->u.stat.attrs, 0555);
    else if (strcmp(op->path, "/hello.txt") == 0) sally_attrs_set_file(&op->u.stat.attrs, 0444, strlen(text));
    else return SALLY_NO_SUCH_FILE;
    return SALLY_OK;
}
static sally_status hello_open(sally_fs *fs, sally_op *op) {
    (void)fs;
    return strcmp(op->path, "/hello.txt") == 0 ? SALLY_OK : SALLY_NO_SUCH_FILE;
}
static sally_status hello_read(sally_fs *fs, sally_op *op) {
    (void)fs;
    return sally_op_read_from(op, text, strlen(text));
}
static sally_status hello_readdir(sally_fs *fs, sally_op *op) {
    (void)fs;
    sally_attrs attrs;
    sally_attrs_set_file(&attrs, 0444, strlen(text));
    sally_op_add_entry(op, "hello.txt", &attrs);
    return SALLY_EOF;
}
int main(int argc, char **argv) {
    sally_fs_methods methods = {.struct_size = sizeof methods, .open = hello_open, .read = hello_read,
                                .readdir = hello_readdir, .stat = hello_stat};
    sally_server *server; sally_fs *fs;
    if (sally_fs_new(&fs, &methods, NULL) || sally_server_new(&server)) return 1;
    if (sally_server_add_user(server, "demo", "demo", fs) ||
        sally_server_add_listener(server, argc > 1 ? argv[1] : "sftp://127.0.0.1:2222") || sally_server_run(server))
        return fprintf(stderr, "%s\n", sally_server_error(server)), 1;
    return sally_server_free(server);
}
