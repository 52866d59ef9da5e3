/* A storage that misbehaves on purpose. */
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/sized.h"
#include "core/fs.h"
#include "fs/fault_late.h"
#include "fs/wrap.h"
#include "sallyport/file.h"
#include "sallyport/storages.h"

#define DELAY_SLICE_MS 20u /* between two checks for cancellation */

struct fault {
    struct list link;
    sally_fault what;
    char *path; /* what.path points to it */
    uint64_t passed, struck;
};

struct faults {
    sally_fs *inner;
    pthread_mutex_t lock; /* for the list and its counts, and for making the thread */
    struct list list;
    struct late *late; /* made with the first fault that needs it; stays */
};

/* The state of an injected fault until the operation is answered. */
struct strike {
    struct faults *faults;
    struct late *late;
    uint32_t action;
    sally_status status;
    uint64_t amount;
    uint32_t length; /* of the READ as it was asked */
    struct late_answer answer;
};

static sally_fs_slot fault_slot;

static void fault_free(struct fault *fault)
{
    mem_free(fault->path);
    mem_free(fault);
}

static const char *path_of(const sally_op *op)
{
    return op->file ? sally_file_path(op->file) : op->path;
}

static bool matches(const struct fault *fault, const sally_op *op)
{
    if (!(fault->what.kinds & SALLY_OP_BIT(op->kind)))
        return false;
    if (fault->what.times && fault->struck >= fault->what.times)
        return false;
    const char *path = path_of(op);
    return !fault->what.path || (path && strcmp(fault->what.path, path) == 0);
}

/* The fault that strikes this operation; false for none. Operations that a fault lets pass are
 * counted, unless this is only an attempt (SALLY_OP_TRY), which comes again: then `*wait`. */
static bool choose(struct faults *faults, const sally_op *op, struct strike *strike, bool *wait)
{
    bool found = false;
    *wait = false;
    pthread_mutex_lock(&faults->lock);
    LIST_EACH (item, &faults->list) {
        struct fault *fault = CONTAINER_OF(item, struct fault, link);
        if (!matches(fault, op))
            continue;
        if (op->flags & SALLY_OP_TRY) {
            *wait = true;
            break;
        }
        if (fault->passed < fault->what.skip) {
            fault->passed++;
            continue;
        }
        fault->struck++;
        *strike = (struct strike){.faults = faults,
                                  .late = faults->late,
                                  .action = fault->what.action,
                                  .status = fault->what.status,
                                  .amount = fault->what.amount};
        found = true;
        break;
    }
    pthread_mutex_unlock(&faults->lock);
    return found;
}

static void wait_ms(const sally_op *op, uint64_t ms)
{
    while (ms && !sally_op_cancelled(op)) {
        uint64_t slice = ms < DELAY_SLICE_MS ? ms : DELAY_SLICE_MS;
        struct timespec pause = {.tv_nsec = (long)slice * 1000000};
        while (clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, &pause) != 0) {
        }
        ms -= slice;
    }
}

static sally_status answered(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct strike *strike = context;
    (void)fs;
    switch (strike->action) {
    case SALLY_FAULT_SHORT:
        if (op->kind == SALLY_OP_READ)
            op->u.io.length = strike->length;
        return status;
    case SALLY_FAULT_LATE:
        late_put(strike->late, &strike->answer, op, status, strike->amount);
        return SALLY_PENDING;
    case SALLY_FAULT_FAIL_AFTER:
        return strike->status; /* the library closes what the storage inside has opened */
    default:
        return status;
    }
}

static sally_status fault_slot(sally_fs *fs, sally_op *op)
{
    struct faults *faults = sally_fs_data(fs);
    struct strike chosen;
    bool wait;
    if (!choose(faults, op, &chosen, &wait))
        return wait ? SALLY_WOULD_BLOCK : sally_fs_call(fs, faults->inner, op, NULL, NULL);
    if (chosen.action == SALLY_FAULT_FAIL)
        return chosen.status;
    if (chosen.action == SALLY_FAULT_DELAY) {
        wait_ms(op, chosen.amount);
        return sally_fs_call(fs, faults->inner, op, NULL, NULL);
    }
    struct strike *strike = sally_op_alloc(op, sizeof(*strike));
    if (!strike)
        return SALLY_FAILURE;
    *strike = chosen;
    if (strike->action == SALLY_FAULT_SHORT && op->kind == SALLY_OP_READ) {
        strike->length = op->u.io.length;
        if (op->u.io.length > strike->amount)
            op->u.io.length = (uint32_t)strike->amount;
    }
    return sally_fs_call(fs, faults->inner, op, answered, strike);
}

static void fault_cancel(sally_fs *fs, sally_op *op)
{
    struct faults *faults = sally_fs_data(fs);
    pthread_mutex_lock(&faults->lock);
    struct late *late = faults->late;
    pthread_mutex_unlock(&faults->lock);
    if (!late || !late_hurry(late, op))
        sally_fs_cancel_inner(fs, op);
}

void sally_fs_fault_clear(sally_fs *fault_fs)
{
    struct faults *faults = sally_fs_data(fault_fs);
    struct list old;
    list_init(&old);
    pthread_mutex_lock(&faults->lock);
    list_move_all(&old, &faults->list);
    pthread_mutex_unlock(&faults->lock);
    LIST_EACH (item, &old)
        fault_free(CONTAINER_OF(item, struct fault, link));
}

static void fault_destroy(void *user_data)
{
    struct faults *faults = user_data;
    late_free(faults->late);
    LIST_EACH (item, &faults->list)
        fault_free(CONTAINER_OF(item, struct fault, link));
    sally_fs_unref(faults->inner);
    pthread_mutex_destroy(&faults->lock);
    mem_free(faults);
}

sally_error sally_fs_fault(sally_fs **out, sally_fs *inner)
{
    if (!out || !inner)
        return SALLY_E_INVALID;
    struct faults *faults = mem_zalloc(sizeof(*faults));
    if (!faults)
        return SALLY_E_NO_MEMORY;
    faults->inner = inner;
    list_init(&faults->list);
    pthread_mutex_init(&faults->lock, NULL);

    sally_fs_methods methods;
    wrap_methods(&methods, inner, fault_slot);
    /* A fault may wait. Without one, a storage that never waits can answer with SALLY_OP_TRY. */
    if (methods.traits & SALLY_FS_NONBLOCKING)
        methods.traits = (methods.traits & ~(uint32_t)SALLY_FS_NONBLOCKING) | SALLY_FS_TRY;
    methods.cancel = fault_cancel;
    methods.destroy = fault_destroy;
    sally_error error = sally_fs_new(out, &methods, faults);
    if (error == SALLY_E_OK) {
        sally_fs_ref(inner);
    } else {
        pthread_mutex_destroy(&faults->lock);
        mem_free(faults);
    }
    return error;
}

static bool is_fault_fs(const sally_fs *fs)
{
    return fs && fs->methods.destroy == fault_destroy;
}

sally_error sally_fs_fault_add(sally_fs *fault_fs, const sally_fault *given)
{
    sally_fault what;
    if (!is_fault_fs(fault_fs) || !given ||
        !sized_copy(&what, sizeof(what), given, given->struct_size, offsetof(sally_fault, path)) ||
        what.action < SALLY_FAULT_FAIL || what.action > SALLY_FAULT_FAIL_AFTER || what.status < 0)
        return SALLY_E_INVALID;
    struct faults *faults = sally_fs_data(fault_fs);
    struct fault *fault = mem_zalloc(sizeof(*fault));
    if (!fault)
        return SALLY_E_NO_MEMORY;
    fault->what = what;
    fault->what.path = fault->path = mem_strdup(what.path);
    if (what.path && !fault->path) {
        mem_free(fault);
        return SALLY_E_NO_MEMORY;
    }
    bool ready = true;
    pthread_mutex_lock(&faults->lock);
    if (what.action == SALLY_FAULT_LATE && !faults->late)
        ready = (faults->late = late_new()) != NULL;
    if (ready)
        list_append(&faults->list, &fault->link);
    pthread_mutex_unlock(&faults->lock);
    if (ready)
        return SALLY_E_OK;
    fault_free(fault);
    return SALLY_E_SYSTEM;
}
