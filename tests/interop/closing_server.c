/* A server whose uploads all fail at their end: CLOSE of a file that was written is answered with a
 * failure. closing_server URL */
#include <stdio.h>

#include "sallyport.h"

static sally_status closed(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    sally_file_facts facts;
    (void)fs;
    (void)context;
    sally_file_get_facts(op->file, &facts);
    return facts.bytes_written ? SALLY_NO_SPACE_ON_FILESYSTEM : status;
}

static sally_status pass(sally_fs *fs, sally_op *op)
{
    return sally_fs_call(fs, sally_fs_data(fs), op, op->kind == SALLY_OP_CLOSE ? closed : NULL,
                         NULL);
}

int main(int argc, char **argv)
{
    sally_fs *memory, *fs;
    sally_server *server;
    sally_fs_methods methods = {.struct_size = sizeof methods};
    if (argc != 2 || sally_fs_memory(&memory, 0) || sally_server_new(&server))
        return 1;
    sally_fs_methods_wrap(&methods, memory, pass);
    if (sally_fs_new(&fs, &methods, memory) || sally_server_add_user(server, "demo", "demo", fs) ||
        sally_server_add_listener(server, argv[1]) || sally_server_run(server)) {
        fprintf(stderr, "%s\n", sally_server_error(server));
        return 1;
    }
    sally_fs_unref(fs);
    sally_error error = sally_server_free(server);
    sally_fs_unref(memory);
    return error;
}
