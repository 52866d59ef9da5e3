/* Rights that change during a session: a user who has uploaded enough may only look from then on. And a user who is refused
 * for a lock is told who holds it.
 *
 *     ./rights DIRECTORY [sftp://127.0.0.1:2222]
 */
#include <inttypes.h>
#include <sallyport.h>
#include <stdio.h>

#define LIMIT UINT64_C(1000000) /* bytes in one upload */

/* The session's permissions count for requests that wait already, and for files that are open. */
static void judge_upload(sally_op *op)
{
    sally_file_facts facts;
    sally_file_get_facts(op->file, &facts);
    if (facts.bytes_written > LIMIT)
        sally_session_set_permissions(op->session, SALLY_MAY_VIEW);
}

/* What locks and reservations may refuse. */
#define REFUSED                                                                                                              \
    (SALLY_OP_BIT(SALLY_OP_OPEN) | SALLY_OP_BIT(SALLY_OP_READ) | SALLY_OP_BIT(SALLY_OP_WRITE) | SALLY_OP_BIT(SALLY_OP_LOCK) |  \
     SALLY_OP_BIT(SALLY_OP_SETSTAT) | SALLY_OP_BIT(SALLY_OP_FSETSTAT) | SALLY_OP_BIT(SALLY_OP_REMOVE) |                      \
     SALLY_OP_BIT(SALLY_OP_RENAME) | SALLY_OP_BIT(SALLY_OP_COPY) | SALLY_OP_BIT(SALLY_OP_HASH))

/* A lock of a byte range holds against LOCK of the same bytes; for others also against READ and WRITE (COPY and HASH read and
 * write, too), and against OPEN, SETSTAT and FSETSTAT that cut the bytes off. A reservation holds against OPEN and SETSTAT of the
 * size. Both may hold against REMOVE, and RENAME of the file or onto it. Users here know each other; elsewhere this might tell
 * too much. */
static void name_holder(sally_op *op)
{
    const sally_lock_holder *holder = sally_op_lock_holder(op);
    char text[200];
    if (!holder)
        return;
    if (holder->is_range && holder->length == 0)
        snprintf(text, sizeof text, "%s has locked all from byte %" PRIu64 " to the end", holder->user, holder->offset);
    else if (holder->is_range)
        snprintf(text, sizeof text, "%s has locked %" PRIu64 " bytes at %" PRIu64, holder->user, holder->length, holder->offset);
    else
        snprintf(text, sizeof text, "in use by %s", holder->user);
    sally_op_set_message(op, text);
}

static sally_status after(void *user_data, sally_op *op)
{
    (void)user_data;
    if (op->status == SALLY_OK && op->kind == SALLY_OP_WRITE)
        judge_upload(op);
    else if (op->status != SALLY_OK)
        name_holder(op);
    return op->status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s DIRECTORY [URL]\n", argv[0]);
        return 2;
    }
    sally_hooks hooks = {
        .struct_size = sizeof hooks,
        .after_mask = REFUSED, /* WRITE is among them */
        .after = after,
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
