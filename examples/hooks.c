/* Hooks over a ready-made storage: deny, redirect, distinguish complete uploads from broken ones.
 *
 *     ./hooks DIRECTORY [sftp://127.0.0.1:2222]
 */
#include <inttypes.h>
#include <sallyport.h>
#include <stdio.h>
#include <string.h>

static bool ends_in(const char *path, const char *end)
{
    size_t size = strlen(path), end_size = strlen(end);
    return size >= end_size && strcmp(path + size - end_size, end) == 0;
}

/* Before the storage: no programs, nor what becomes one by a new name, and what is called latest.log is really today's. */
static sally_status before(void *user_data, sally_op *op)
{
    const char *today = user_data;
    bool upload = op->kind == SALLY_OP_OPEN && (op->u.open.flags & SALLY_OPEN_WRITE);
    bool renames = op->kind == SALLY_OP_RENAME || op->kind == SALLY_OP_LINK;
    if ((upload && ends_in(op->path, ".exe")) || (renames && ends_in(op->u.rename.to, ".exe"))) {
        sally_op_set_message(op, "No programs, please");
        return SALLY_PERMISSION_DENIED;
    }
    if (strcmp(op->path, "/latest.log") == 0 && sally_op_set_path(op, today) != SALLY_E_OK)
        return SALLY_FAILURE;
    return SALLY_CONTINUE;
}

/* After it: an upload has ended, well or not. */
static sally_status after(void *user_data, sally_op *op)
{
    (void)user_data;
    sally_file_facts facts;
    sally_file_get_facts(op->file, &facts);
    if (facts.open_flags & SALLY_OPEN_WRITE) {
        bool complete = facts.close_reason == SALLY_CLOSED_BY_CLIENT && op->status == SALLY_OK;
        printf("%s upload of %s by %s: %" PRIu64 " bytes, %" PRIu64 " missing\n", complete ? "complete" : "broken",
               op->path, sally_session_user(op->session), facts.bytes_written, facts.gap_bytes);
        fflush(stdout);
    }
    return op->status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s DIRECTORY [URL]\n", argv[0]);
        return 2;
    }
    static char today[] = "/2026-01-31.log";
    sally_hooks hooks = {
        .struct_size = sizeof hooks,
        .before_mask = SALLY_OP_BIT(SALLY_OP_OPEN) | SALLY_OP_BIT(SALLY_OP_STAT) | SALLY_OP_BIT(SALLY_OP_RENAME) |
                       SALLY_OP_BIT(SALLY_OP_LINK),
        .after_mask = SALLY_OP_BIT(SALLY_OP_CLOSE),
        .before = before,
        .after = after,
        .user_data = today,
    };
    sally_fs *folder;
    sally_server *server;
    if (sally_fs_local(&folder, argv[1], 0, 022) || sally_server_new(&server)) {
        fprintf(stderr, "%s cannot be served\n", argv[1]);
        return 1;
    }
    if (sally_server_add_hooks(server, &hooks) || sally_server_add_user(server, "demo", "demo", folder) ||
        sally_server_add_listener(server, argc > 2 ? argv[2] : "sftp://127.0.0.1:2222") || sally_server_run(server))
        fprintf(stderr, "%s\n", sally_server_error(server));
    sally_fs_unref(folder);
    return sally_server_free(server);
}
