#include "core/layers.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"

static bool has(uint64_t kinds, uint32_t kind)
{
    return (kinds & SALLY_OP_BIT(kind)) != 0;
}

static void note(struct layers *x, const char *name, char mark, uint32_t kind)
{
    char text[64];
    snprintf(text, sizeof text, "%s%c%s ", name, mark, sally_op_kind_name(kind));
    pthread_mutex_lock(&x->lock);
    strncat(x->trace, text, sizeof x->trace - strlen(x->trace) - 1);
    pthread_mutex_unlock(&x->lock);
}

/* What a storage holds, which must come to nothing in the end. */
static void account(struct layer *l, const sally_op *op, sally_status status)
{
    if (status != SALLY_OK)
        return;
    pthread_mutex_lock(&l->layers->lock);
    switch (op->kind) {
    case SALLY_OP_OPEN:
    case SALLY_OP_OPENDIR:
        l->open_files++;
        break;
    case SALLY_OP_CLOSE:
    case SALLY_OP_CLOSEDIR: {
        sally_file_facts facts;
        sally_file_get_facts(op->file, &facts);
        l->layers->close_reason = facts.close_reason;
        l->open_files--;
        break;
    }
    case SALLY_OP_SESSION_START:
        l->sessions++;
        break;
    case SALLY_OP_SESSION_END:
        l->sessions--;
        break;
    case SALLY_OP_LOCK:
        l->locks++;
        break;
    case SALLY_OP_UNLOCK:
        l->locks--;
        break;
    default:
        break;
    }
    pthread_mutex_unlock(&l->layers->lock);
}

static sally_status answer(struct layer *l, sally_op *op, sally_status status)
{
    if (status == SALLY_OK && has(l->refuse, op->kind))
        return SALLY_PERMISSION_DENIED;
    if (status != SALLY_OK && has(l->own, op->kind))
        status = SALLY_OK;
    account(l, op, status);
    return status;
}

static sally_status on_done(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    (void)context;
    return answer(sally_fs_data(fs), op, status);
}

static sally_status pass(struct layer *l, sally_op *op)
{
    struct layer *inner = l->inner[has(l->second, op->kind)];
    if (l->copies && op->kind == SALLY_OP_COPY)
        return sally_fs_copy_by_io(l->fs, op, on_done, l);
    if (inner)
        return sally_fs_call(l->fs, inner->fs, op, on_done, NULL);
    return answer(l, op, has(l->fail, op->kind) ? SALLY_NO_SUCH_FILE : SALLY_OK);
}

/* READs of a concurrent storage come at the same time. */
static void note_paths(struct layer *l, const sally_op *op)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    bool two = op->kind == SALLY_OP_RENAME || op->kind == SALLY_OP_LINK;
    pthread_mutex_lock(&lock);
    size_t used = strlen(l->paths);
    snprintf(l->paths + used, sizeof l->paths - used, "%s%s%s ", op->path, two ? ">" : "",
             two ? op->u.rename.to : "");
    pthread_mutex_unlock(&lock);
}

static void divert(sally_op *op)
{
    char path[64];
    snprintf(path, sizeof path, "/sub%s", op->path);
    assert_int_equal(sally_op_set_path(op, path), SALLY_E_OK);
    if (op->kind != SALLY_OP_RENAME && op->kind != SALLY_OP_LINK)
        return;
    snprintf(path, sizeof path, "/sub%s", op->u.rename.to);
    assert_int_equal(sally_op_set_to(op, path), SALLY_E_OK);
}

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct layer *l = sally_fs_data(fs);
    note_paths(l, op);
    if (l->declines && (op->flags & SALLY_OP_TRY))
        return SALLY_WOULD_BLOCK;
    if (l->divert)
        divert(op);
    note(l->layers, l->name, '.', op->kind);
    if (op->kind == SALLY_OP_READ)
        op->u.io.done = op->u.io.length;
    if (has(l->fail, op->kind))
        return SALLY_NO_SUCH_FILE;
    if (!has(l->late, op->kind))
        return pass(l, op);
    pthread_mutex_lock(&l->layers->lock);
    l->waiting[l->waiting_count++] = op;
    pthread_mutex_unlock(&l->layers->lock);
    return SALLY_PENDING;
}

static void cancel(sally_fs *fs, sally_op *op)
{
    struct layer *l = sally_fs_data(fs);
    pthread_mutex_lock(&l->layers->lock);
    l->cancels++;
    pthread_mutex_unlock(&l->layers->lock);
    sally_fs_cancel_inner(fs, op);
}

static void destroy(void *user_data)
{
    ((struct layer *)user_data)->destroyed = true;
}

void layers_finish(struct layer *l, sally_status status)
{
    pthread_mutex_lock(&l->layers->lock);
    assert_true(l->waiting_count > 0);
    sally_op *op = l->waiting[0];
    memmove(l->waiting, l->waiting + 1, (size_t)--l->waiting_count * sizeof l->waiting[0]);
    pthread_mutex_unlock(&l->layers->lock);
    status = status == SALLY_OK ? pass(l, op) : status;
    if (status != SALLY_PENDING)
        sally_op_finish(op, status);
}

static sally_status before(void *user_data, sally_op *op)
{
    struct layer_hook *h = user_data;
    if (h->on_before)
        h->on_before(h, op);
    if (has(h->take, op->kind))
        return SALLY_OK;
    return has(h->deny, op->kind) ? SALLY_QUOTA_EXCEEDED : SALLY_CONTINUE;
}

static sally_status after(void *user_data, sally_op *op)
{
    struct layer_hook *h = user_data;
    note(h->layers, h->name, '>', op->kind);
    if (h->on_after)
        h->on_after(h, op);
    if (op->status == SALLY_OK && has(h->refuse, op->kind))
        return SALLY_FILE_CORRUPT;
    return op->status != SALLY_OK && has(h->own, op->kind) ? SALLY_OK : op->status;
}

void layers_add_hooks(struct layers *x, int count)
{
    static const char *const names[] = {"a", "b", "c"};
    for (int i = 0; i < count; i++) {
        x->hook[i].layers = x;
        x->hook[i].name = names[i];
        const sally_hooks set = {.struct_size = sizeof set,
                                 .before_mask = SALLY_OP_ALL,
                                 .after_mask = SALLY_OP_ALL,
                                 .before = before,
                                 .after = after,
                                 .user_data = &x->hook[i]};
        assert_int_equal(hook_stack_add(&x->hooks, &set), SALLY_E_OK);
    }
}

static void answered(struct op *op)
{
    struct layers *x = op->owner;
    x->status = op->pub.status;
    snprintf(x->message, sizeof x->message, "%s", op->message ? op->message : "");
    if (op_kind_opens(op->kind))
        x->file = op->pub.status == SALLY_OK ? op->pub.file : NULL;
    x->answers++;
    op_free(op);
}

struct op *layers_op(struct layers *x, uint32_t kind, sally_file *file)
{
    static const sally_attrs none;
    static char data[64];
    struct op *op = op_new(x->session, kind);
    assert_non_null(op);
    op->owner = x;
    op->on_done = answered;
    if (file)
        op_use_file(op, file);
    else
        assert_int_equal(op_set_raw_path(op, slice_of("/f")), SALLY_OK);
    if (kind == SALLY_OP_OPEN)
        op->pub.u.open.attrs = &none;
    if (kind == SALLY_OP_READ || kind == SALLY_OP_WRITE)
        op->pub.u.io = (sally_op_io){.data = data, .length = sizeof data};
    return op;
}

void layers_wait(struct layers *x, int answers)
{
    while (x->answers < answers)
        test_host_wait_one(&x->host);
}

sally_status layers_do(struct layers *x, struct op *op)
{
    int before_it = x->answers;
    op_submit(op);
    layers_wait(x, before_it + 1);
    return x->status;
}

sally_file *layers_open(struct layers *x, uint32_t flags)
{
    struct op *op = layers_op(x, SALLY_OP_OPEN, NULL);
    op->pub.u.open.flags = flags;
    layers_do(x, op);
    return x->file;
}

int layers_count(const struct layers *x, const char *what)
{
    int count = 0;
    for (const char *at = x->trace; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

void layers_start(struct layers *x, int workers, uint32_t traits, int count, const int *inside,
                  const int *also)
{
    static const char *const names[] = {"0", "1", "2", "3"};
    memset(x, 0, sizeof *x);
    test_host_start(&x->host, workers);
    pthread_mutex_init(&x->lock, NULL);
    for (int i = 0; i < count; i++) {
        struct layer *l = &x->layer[i];
        l->layers = x;
        l->name = names[i];
        l->inner[0] = inside && inside[i] >= 0 ? &x->layer[inside[i]] : NULL;
        l->inner[1] = also && also[i] >= 0 ? &x->layer[also[i]] : NULL;
        sally_fs_methods methods = {
            .struct_size = sizeof methods, .traits = traits, .cancel = cancel, .destroy = destroy};
#define SLOT(name, value, member, permission) methods.member = slot;
        SALLY_OP_MAP(SLOT)
#undef SLOT
        assert_int_equal(sally_fs_new(&l->fs, &methods, l), SALLY_E_OK);
    }
    const struct session_options o = {.fs = x->layer[0].fs,
                                      .permissions = SALLY_MAY_ALL,
                                      .max_operations = 100,
                                      .max_files = 8,
                                      .max_bytes = 1000000,
                                      .hooks = &x->hooks};
    assert_int_equal(session_new(&x->session, &x->host.host, &o), SALLY_E_OK);
}

static void on_closed(void *user_data)
{
    ((struct layers *)user_data)->gone = true;
}

void layers_stop(struct layers *x)
{
    for (int i = 0; i < LAYERS_MAX; i++)
        x->layer[i].late = 0;
    session_close(x->session, SALLY_CLOSED_LOST, on_closed, x);
    test_host_pump_until(&x->host, &x->gone);
    test_host_stop(&x->host);
    for (int i = 0; i < LAYERS_MAX && x->layer[i].fs; i++) {
        assert_int_equal(x->layer[i].open_files, 0);
        assert_int_equal(x->layer[i].sessions, 0);
        assert_int_equal(x->layer[i].locks, 0);
        sally_fs_unref(x->layer[i].fs);
        assert_true(x->layer[i].destroyed);
    }
    hook_stack_clear(&x->hooks);
    pthread_mutex_destroy(&x->lock);
}
