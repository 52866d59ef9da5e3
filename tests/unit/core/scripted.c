#include "core/scripted.h"

#include <stdio.h>

static void note(struct script *s, const char *what)
{
    pthread_mutex_lock(&s->lock);
    strncat(s->trace, what, sizeof s->trace - strlen(s->trace) - 1);
    strncat(s->trace, " ", sizeof s->trace - strlen(s->trace) - 1);
    pthread_mutex_unlock(&s->lock);
}

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct script *s = sally_fs_data(fs);
    char text[300];
    snprintf(text, sizeof text, "%s:%s", sally_op_kind_name(op->kind), op->path ? op->path : "-");
    note(s, text);
    if (op->kind == SALLY_OP_READ) {
        op->u.io.done = op->u.io.length;
    }
    if (s->late_kinds & SALLY_OP_BIT(op->kind)) {
        pthread_mutex_lock(&s->lock);
        s->late[s->late_count++] = op;
        pthread_mutex_unlock(&s->lock);
        return SALLY_PENDING;
    }
    return s->answer;
}

static void cancel(sally_fs *fs, sally_op *op)
{
    struct script *s = sally_fs_data(fs);
    pthread_mutex_lock(&s->lock);
    s->cancels++;
    bool mine = false;
    for (int i = 0; i < s->late_count; i++) {
        if (s->late[i] == op) {
            s->late[i] = s->late[--s->late_count];
            mine = true;
        }
    }
    pthread_mutex_unlock(&s->lock);
    if (mine)
        sally_op_finish(op, SALLY_FAILURE);
}

static void destroy(void *user_data)
{
    ((struct script *)user_data)->destroyed++;
}

sally_fs *scripted_fs(struct script *s, uint32_t traits, bool with_cancel)
{
    sally_fs_methods m = {.struct_size = sizeof m,
                          .traits = traits,
                          .session_start = slot,
                          .session_end = slot,
                          .open = slot,
                          .close = slot,
                          .read = slot,
                          .write = slot,
                          .stat = slot,
                          .remove = slot,
                          .realpath = slot,
                          .rename = slot,
                          .opendir = slot,
                          .cancel = with_cancel ? cancel : NULL,
                          .destroy = destroy};
    sally_fs *fs;
    pthread_mutex_init(&s->lock, NULL);
    assert_int_equal(sally_fs_new(&fs, &m, s), SALLY_E_OK);
    return fs;
}

void scripted_start(struct scripted *b, int workers, uint32_t traits, bool with_cancel,
                    uint32_t permissions)
{
    test_host_start(&b->host, workers);
    b->fs = scripted_fs(&b->script, traits, with_cancel);
    struct session_options o = {.user = "joe",
                                .home = "/home",
                                .fs = b->fs,
                                .permissions = permissions,
                                .id = 1,
                                .max_operations = 16,
                                .max_files = 4,
                                .max_bytes = 1000,
                                .hooks = &b->hooks};
    assert_int_equal(session_new(&b->session, &b->host.host, &o), SALLY_E_OK);
    sally_fs_unref(b->fs);
}

void scripted_gone(void *user_data)
{
    ((struct scripted *)user_data)->gone = true;
}

void scripted_stop(struct scripted *b)
{
    session_close(b->session, SALLY_CLOSED_LOST, scripted_gone, b);
    test_host_pump_until(&b->host, &b->gone);
    test_host_stop(&b->host);
    assert_int_equal(b->script.destroyed, 1);
    hook_stack_clear(&b->hooks);
    pthread_mutex_destroy(&b->script.lock);
}

static void answered(struct op *op)
{
    struct scripted *b = op->owner;
    char text[64];
    snprintf(text, sizeof text, "%s=%d ", sally_op_kind_name(op->pub.kind), op->pub.status);
    strncat(b->done, text, sizeof b->done - strlen(b->done) - 1);
    b->answers++;
    op_free(op);
}

struct op *scripted_op(struct scripted *b, uint32_t kind, const char *path)
{
    struct op *op = op_new(b->session, kind);
    assert_non_null(op);
    op->owner = b;
    op->on_done = answered;
    if (path)
        assert_int_equal(op_set_raw_path(op, slice_of(path)), SALLY_OK);
    return op;
}

static void open_answered(struct op *op)
{
    struct scripted *b = op->owner;
    b->opened = op->pub.status == SALLY_OK ? op->pub.file : NULL;
    answered(op);
}

void scripted_wait(struct scripted *b, int count)
{
    while (b->answers < count)
        test_host_wait_one(&b->host);
}

sally_file *scripted_open(struct scripted *b, const char *path, uint32_t flags)
{
    struct op *op = scripted_op(b, SALLY_OP_OPEN, path);
    static const sally_attrs none;
    op->pub.u.open.attrs = &none;
    op->pub.u.open.flags = flags;
    op->on_done = open_answered;
    int before = b->answers;
    op_submit(op);
    scripted_wait(b, before + 1);
    return b->opened;
}

void scripted_io(struct scripted *b, uint32_t kind, sally_file *file, uint32_t reserve)
{
    static char data[16];
    struct op *op = scripted_op(b, kind, NULL);
    op_use_file(op, file);
    op->pub.u.io = (sally_op_io){.data = data, .length = sizeof data};
    op->reply_bytes = reserve;
    op_submit(op);
}

void scripted_close(struct scripted *b, sally_file *file)
{
    struct op *op = scripted_op(b, SALLY_OP_CLOSE, NULL);
    op_use_file(op, file);
    op_submit(op);
}
