#include <string.h>

#include "core/handoff.h"
#include "session.h"

#define IO_BYTES 64

bool client_may_act(const struct stress *x)
{
    return session_may_submit(x->session) && x->request_count < MAX_REQUESTS - 8;
}

static void on_closed(void *user_data)
{
    struct stress *x = user_data;
    x->gone = true;
}

void client_close(struct stress *x)
{
    x->closing = true;
    session_close(x->session, SALLY_CLOSED_LOST, on_closed, x);
}

/* ---- Answers ---- */

static void on_answer(struct op *op)
{
    struct stress *x = op->owner;
    sally_file *file = op->pub.file;
    order_note_answered(x, op);
    x->answered++;
    if (op_kind_opens(op->kind) && op->pub.status == SALLY_OK && x->file_count < MAX_HANDLES)
        x->files[x->file_count++] = file;
    if (op->kind == SALLY_OP_READDIR && op->pub.status == SALLY_EOF)
        file->at_end = true;
    op_free(op);
    if (!x->closing && dice_one_in(&x->dice, 400))
        client_close(x);
}

static bool take_entry(struct op *op, const char *name, const sally_attrs *attrs,
                       const char *longname)
{
    (void)longname;
    struct stress *x = op->owner;
    (void)name, (void)attrs;
    return !dice_one_in(&x->dice, 3);
}

/* With many names that must be looked at again, a READDIR goes on in turns at home. */
static bool start_listing(struct op *op)
{
    struct stress *x = op->owner;
    if (dice_one_in(&x->dice, 2))
        for (int i = 0; i < 100; i++)
            put_bytes(&op->pub.file->stale_names, "abc", 4);
    return !dice_one_in(&x->dice, 20);
}

/* ---- Requests ---- */

static struct op *request(struct stress *x, uint32_t kind, sally_file *file)
{
    static const sally_attrs none;
    struct op *op = op_new(x->session, kind);
    if (!op)
        stress_fail("memory is short");
    op->owner = x;
    op->on_done = on_answer;
    if (file)
        op_use_file(op, file);
    else
        op_set_raw_path(op, slice_of(stores_any_path(x)));
    switch (kind) {
    case SALLY_OP_OPEN:
        op->pub.u.open.attrs = &none;
        op->pub.u.open.flags = SALLY_OPEN_READ | SALLY_OPEN_WRITE;
        if (dice_one_in(&x->dice, 4))
            op->pub.u.open.flags |= SALLY_OPEN_CREATE;
        if (dice_one_in(&x->dice, 6))
            op->pub.u.open.flags |= SALLY_OPEN_APPEND;
        break;
    case SALLY_OP_READ:
    case SALLY_OP_WRITE:
        op->pub.u.io = (sally_op_io){.data = sally_op_alloc(&op->pub, IO_BYTES),
                                     .length = IO_BYTES,
                                     .offset = dice_below(&x->dice, 16) * (IO_BYTES / 2)};
        memset(op->pub.u.io.data, 0, IO_BYTES);
        op->reply_bytes = IO_BYTES;
        break;
    case SALLY_OP_SETSTAT:
    case SALLY_OP_FSETSTAT:
        op->pub.u.setstat.attrs = &none;
        break;
    case SALLY_OP_RENAME:
        op_set_raw_to(op, slice_of("/g"));
        break;
    case SALLY_OP_READDIR:
        op->entry = take_entry;
        op->on_start = start_listing;
        break;
    default:
        break;
    }
    return op;
}

static void ask(struct stress *x, struct op *op)
{
    order_note_asked(x, op);
    op->gives_way = dice_one_in(&x->dice, 10);
    x->asked++;
    op_submit(op);
}

void client_start(struct stress *x)
{
    ask(x, request(x, SALLY_OP_SESSION_START, NULL));
}

/* NULL: there is none, or luck did not find it. */
static sally_file *any_file(struct stress *x, bool directory, uint32_t *at)
{
    for (int tries = 0; tries < 8 && x->file_count; tries++) {
        *at = dice_below(&x->dice, x->file_count);
        if (x->files[*at]->facts.is_directory == directory)
            return x->files[*at];
    }
    return NULL;
}

/* ---- Actions ---- */

static void open_any(struct stress *x)
{
    ask(x, request(x, dice_one_in(&x->dice, 3) ? SALLY_OP_OPENDIR : SALLY_OP_OPEN, NULL));
}

static void close_any(struct stress *x)
{
    if (!x->file_count)
        return;
    uint32_t at = dice_below(&x->dice, x->file_count);
    sally_file *file = x->files[at];
    x->files[at] = x->files[--x->file_count];
    ask(x, request(x, file->facts.is_directory ? SALLY_OP_CLOSEDIR : SALLY_OP_CLOSE, file));
}

/* False: it was closed, or the session must wait. */
static bool may_use(const struct stress *x, const sally_file *file)
{
    for (uint32_t i = 0; i < x->file_count && !x->closing; i++)
        if (x->files[i] == file)
            return client_may_act(x);
    return false;
}

/* Some READDIRs in a row, of which some are cancelled. */
static void list_any(struct stress *x)
{
    uint32_t at, count = 1 + dice_below(&x->dice, 3);
    sally_file *file = any_file(x, true, &at);
    for (; file && count > 0 && may_use(x, file); count--) {
        struct op *op = request(x, SALLY_OP_READDIR, file);
        bool cancel = dice_one_in(&x->dice, 4);
        uint64_t number = x->last_number + 1;
        ask(x, op);
        if (cancel && !x->closing && order_is_asked(x, number))
            op_cancel(op);
    }
}

static void copy_any(struct stress *x)
{
    uint32_t at;
    sally_file *from = any_file(x, false, &at), *to = any_file(x, false, &at);
    if (!from || !to)
        return;
    struct op *op = request(x, SALLY_OP_COPY, from);
    op->pub.u.copy = (sally_op_copy){.to = to, .length = dice_one_in(&x->dice, 2) ? 0 : 600000};
    ask(x, op);
}

/* Several WRITEs in a row, so that some follow others to a worker. */
static void use_any(struct stress *x)
{
    static const uint32_t kinds[] = {
        SALLY_OP_READ,  SALLY_OP_READ, SALLY_OP_WRITE,  SALLY_OP_WRITE,    SALLY_OP_FSTAT,
        SALLY_OP_FSYNC, SALLY_OP_LOCK, SALLY_OP_UNLOCK, SALLY_OP_FSETSTAT, SALLY_OP_HASH};
    uint32_t at, kind = kinds[dice_below(&x->dice, COUNT_OF(kinds))];
    uint32_t count = kind == SALLY_OP_WRITE ? 1 + dice_below(&x->dice, 6) : 1;
    sally_file *file = any_file(x, false, &at);
    for (; file && count > 0 && may_use(x, file); count--)
        ask(x, request(x, kind, file));
}

static void use_path(struct stress *x)
{
    static const uint32_t kinds[] = {SALLY_OP_STAT, SALLY_OP_RENAME, SALLY_OP_SETSTAT,
                                     SALLY_OP_READLINK, SALLY_OP_REALPATH};
    ask(x, request(x, kinds[dice_below(&x->dice, COUNT_OF(kinds))], NULL));
}

void client_act(struct stress *x)
{
    uint32_t choice = dice_below(&x->dice, 100);
    if (x->file_count < MAX_HANDLES - 4 && (choice < 8 || x->file_count < 2))
        open_any(x);
    else if (choice < 16)
        close_any(x);
    else if (choice < 25)
        list_any(x);
    else if (choice < 29)
        copy_any(x);
    else if (choice < 36)
        use_path(x);
    else
        use_any(x);
}
