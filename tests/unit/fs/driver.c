#include "fs/driver.h"

#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_failure.h"
#include "core/long_ops.h"
#include "core/session_internal.h"

static struct driver *driver_of(struct session_host *host)
{
    return (struct driver *)(void *)host;
}

static void offload(struct session_host *host, struct op *op)
{
    struct driver *d = driver_of(host);
    d->offloaded++;
    list_append(&d->work, &op->link);
}

static void resume_later(struct session_host *host, struct op *op)
{
    struct driver *d = driver_of(host);
    d->resumed++;
    list_append(&d->pieces, &op->long_link);
}

static void wake(struct session_host *host, struct op *op)
{
    struct driver *d = driver_of(host);
    pthread_mutex_lock(&d->lock);
    list_append(&d->mail, &op->link);
    pthread_cond_signal(&d->mail_there);
    pthread_mutex_unlock(&d->lock);
}

static uint64_t now(struct session_host *host)
{
    (void)host;
    return 1;
}

void driver_start(struct driver *d, sally_fs *fs, enum driver_style style)
{
    driver_start_logging(d, fs, style, NULL);
}

static void start(struct driver *d, sally_fs *fs, enum driver_style style,
                  const struct log_sink *log, const char *user, uint64_t id)
{
    static const struct hook_stack none;
    *d = (struct driver){.host = {.offload = style == DRIVER_TRYING ? offload : NULL,
                                  .resume_later = style == DRIVER_TRYING ? resume_later : NULL,
                                  .wake = wake,
                                  .now_ns = now}};
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->mail_there, NULL);
    list_init(&d->mail);
    list_init(&d->work);
    list_init(&d->pieces);
    const struct session_options options = {
        .user = user,
        .home = "/",
        .fs = fs,
        .permissions = SALLY_MAY_ALL,
        .id = id,
        .max_operations = 64,
        .max_files = 10000,
        .max_bytes = 1 << 20,
        .hooks = &none,
        .log = log,
    };
    assert_int_equal(session_new(&d->session, &d->host, &options), SALLY_E_OK);
    session_set_version(d->session, 3);
}

void driver_start_logging(struct driver *d, sally_fs *fs, enum driver_style style,
                          const struct log_sink *log)
{
    start(d, fs, style, log, "joe", 1);
}

void driver_start_as(struct driver *d, sally_fs *fs, const char *user, uint64_t id)
{
    start(d, fs, DRIVER_INLINE, NULL, user, id);
}

static void step(struct driver *d)
{
    struct list *item = list_pop_first(&d->work);
    if (item) {
        session_run(CONTAINER_OF(item, struct op, link));
        return;
    }
    item = list_pop_first(&d->pieces);
    if (item) {
        session_run_long(CONTAINER_OF(item, struct op, long_link));
        return;
    }
    pthread_mutex_lock(&d->lock);
    while (!(item = list_pop_first(&d->mail)))
        pthread_cond_wait(&d->mail_there, &d->lock);
    pthread_mutex_unlock(&d->lock);
    session_deliver(CONTAINER_OF(item, struct op, link));
}

void driver_wait(struct driver *d, const bool *done)
{
    while (!*done)
        step(d);
}

static void on_closed(void *user_data)
{
    *(bool *)user_data = true;
}

static void end(struct driver *d, uint32_t reason)
{
    session_close(d->session, reason, on_closed, &d->gone);
    driver_wait(d, &d->gone);
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->mail_there);
}

void driver_stop(struct driver *d)
{
    end(d, SALLY_CLOSED_BY_SERVER);
}

void driver_lose(struct driver *d)
{
    end(d, SALLY_CLOSED_LOST);
}

struct op *driver_op(struct driver *d, uint32_t kind, const char *path)
{
    struct op *op = op_new(d->session, kind);
    assert_non_null(op);
    if (path)
        op->pub.path = sally_op_strdup(&op->pub, path);
    return op;
}

struct op *driver_file_op(struct driver *d, uint32_t kind, sally_file *file)
{
    struct op *op = driver_op(d, kind, NULL);
    op_use_file(op, file);
    return op;
}

/* From here to on_done the operation is core's and the storage's. */
static bool arm(struct op *op)
{
    alloc_fail_at(driver_of(op->session->host)->fail_at);
    return true;
}

static void on_done(struct op *op)
{
    struct driver *d = driver_of(op->session->host);
    if (op->on_start)
        d->failed = alloc_failed();
    *(bool *)op->owner = true;
}

void driver_begin(struct driver *d, struct op *op, bool *done)
{
    *done = false;
    if (d->fail_at)
        op->on_start = arm;
    op->owner = done;
    op->on_done = on_done;
    op_submit(op);
}

static void note_in_the_way(struct driver *d, const struct op *op)
{
    const sally_lock_holder *who = sally_op_lock_holder(&op->pub);
    char range[60] = "";
    d->in_the_way[0] = '\0';
    if (!who)
        return;
    assert_int_equal(who->connection_id, 0);
    if (who->is_range)
        snprintf(range, sizeof range, " %llu %llu", (unsigned long long)who->offset,
                 (unsigned long long)who->length);
    snprintf(d->in_the_way, sizeof d->in_the_way, "%s %llu %s%s %x", who->user,
             (unsigned long long)who->session_id, who->path, range, who->flags);
}

sally_status driver_do(struct driver *d, struct op *op)
{
    bool done;
    driver_begin(d, op, &done);
    driver_wait(d, &done);
    note_in_the_way(d, op);
    return op->pub.status;
}

sally_status driver_finish(struct driver *d, struct op *op)
{
    sally_status status = driver_do(d, op);
    op_free(op);
    return status;
}

sally_status do_open_mode(struct driver *d, const char *path, uint32_t flags, uint32_t mode,
                          sally_file **file)
{
    sally_attrs attrs = {.valid = mode == UINT32_MAX ? 0 : SALLY_ATTR_PERMISSIONS,
                         .permissions = mode};
    struct op *op = driver_op(d, SALLY_OP_OPEN, path);
    op->pub.u.open.flags = flags;
    op->pub.u.open.attrs = &attrs;
    sally_status status = driver_do(d, op);
    if (file)
        *file = status == SALLY_OK ? op->pub.file : NULL;
    op_free(op);
    return status;
}

sally_status do_open(struct driver *d, const char *path, uint32_t flags, sally_file **file)
{
    return do_open_mode(d, path, flags, UINT32_MAX, file);
}

sally_status do_close(struct driver *d, sally_file *file)
{
    return driver_finish(d, driver_file_op(d, SALLY_OP_CLOSE, file));
}

sally_status do_read(struct driver *d, sally_file *file, uint64_t offset, void *data,
                     uint32_t *length)
{
    struct op *op = driver_file_op(d, SALLY_OP_READ, file);
    op->pub.u.io = (sally_op_io){.offset = offset, .data = data, .length = *length};
    sally_status status = driver_do(d, op);
    assert_true(op->pub.u.io.done <= *length);
    assert_int_equal(op->pub.u.io.length, *length);
    *length = op->pub.u.io.done;
    op_free(op);
    return status;
}

sally_status do_write(struct driver *d, sally_file *file, uint64_t offset, const void *data,
                      uint32_t length)
{
    void *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, data, length);
    struct op *op = driver_file_op(d, SALLY_OP_WRITE, file);
    op->pub.u.io = (sally_op_io){.offset = offset, .data = copy, .length = length};
    sally_status status = driver_do(d, op);
    if (status == SALLY_OK)
        assert_int_equal(op->pub.u.io.done, length);
    op_free(op);
    free(copy);
    return status;
}

sally_status do_fsync(struct driver *d, sally_file *file)
{
    return driver_finish(d, driver_file_op(d, SALLY_OP_FSYNC, file));
}

sally_status do_path(struct driver *d, uint32_t kind, const char *path)
{
    return driver_finish(d, driver_op(d, kind, path));
}

sally_status do_mkdir(struct driver *d, const char *path, uint32_t mode)
{
    sally_attrs attrs = {.valid = mode == UINT32_MAX ? 0 : SALLY_ATTR_PERMISSIONS,
                         .permissions = mode};
    struct op *op = driver_op(d, SALLY_OP_MKDIR, path);
    op->pub.u.setstat.attrs = &attrs;
    return driver_finish(d, op);
}

sally_status do_two(struct driver *d, uint32_t kind, const char *path, const char *to,
                    uint32_t flags)
{
    struct op *op = driver_op(d, kind, path);
    op->pub.u.rename.to = sally_op_strdup(&op->pub, to);
    op->pub.u.rename.flags = flags;
    sally_status status = driver_do(d, op);
    assert_string_equal(op->pub.path, path); /* whatever wrappers did to it */
    assert_string_equal(op->pub.u.rename.to, to);
    op_free(op);
    return status;
}

sally_status do_symlink(struct driver *d, const char *path, const char *target)
{
    struct op *op = driver_op(d, SALLY_OP_SYMLINK, path);
    op->pub.u.symlink.target = target;
    return driver_finish(d, op);
}

sally_status do_stat(struct driver *d, const char *path, uint32_t flags, sally_attrs *attrs)
{
    struct op *op = driver_op(d, SALLY_OP_STAT, path);
    op->pub.u.stat.flags = flags;
    sally_status status = driver_do(d, op);
    if (attrs)
        *attrs = op->pub.u.stat.attrs;
    op_free(op);
    return status;
}

sally_status do_fstat(struct driver *d, sally_file *file, sally_attrs *attrs)
{
    struct op *op = driver_file_op(d, SALLY_OP_FSTAT, file);
    sally_status status = driver_do(d, op);
    *attrs = op->pub.u.stat.attrs;
    op_free(op);
    return status;
}

sally_status do_setstat(struct driver *d, const char *path, uint32_t flags,
                        const sally_attrs *attrs)
{
    struct op *op = driver_op(d, SALLY_OP_SETSTAT, path);
    op->pub.u.setstat.flags = flags;
    op->pub.u.setstat.attrs = attrs;
    return driver_finish(d, op);
}

sally_status do_fsetstat(struct driver *d, sally_file *file, const sally_attrs *attrs)
{
    struct op *op = driver_file_op(d, SALLY_OP_FSETSTAT, file);
    op->pub.u.setstat.attrs = attrs;
    return driver_finish(d, op);
}

sally_status do_lock(struct driver *d, uint32_t kind, sally_file *file, uint64_t offset,
                     uint64_t length, uint32_t flags)
{
    struct op *op = driver_file_op(d, kind, file);
    op->pub.u.lock = (sally_op_lock){.offset = offset, .length = length, .flags = flags};
    return driver_finish(d, op);
}

sally_status do_hash(struct driver *d, sally_file *file, const char *path, const sally_op_hash *how,
                     char out[HASH_TEXT_SIZE])
{
    struct op *op =
        file ? driver_file_op(d, SALLY_OP_HASH, file) : driver_op(d, SALLY_OP_HASH, path);
    op->pub.u.hash = *how;
    sally_status status = driver_do(d, op);
    out[0] = 0;
    if (status == SALLY_OK) {
        const sally_op_hash *got = &op->pub.u.hash;
        size_t used = (size_t)snprintf(out, HASH_TEXT_SIZE, "%s ", got->algorithm);
        for (size_t i = 0; i < got->digests_size && used + 3 < HASH_TEXT_SIZE; i++)
            used += (size_t)snprintf(out + used, 3, "%02x", ((const uint8_t *)got->digests)[i]);
    }
    op_free(op);
    return status;
}

sally_status do_text(struct driver *d, uint32_t kind, const char *path, uint32_t flags, char *out)
{
    struct op *op = driver_op(d, kind, path);
    op->pub.u.text.flags = flags;
    sally_status status = driver_do(d, op);
    out[0] = 0;
    if (status == SALLY_OK) {
        assert_non_null(op->pub.u.text.result);
        assert_true(strlen(op->pub.u.text.result) < TEXT_SIZE);
        strcpy(out, op->pub.u.text.result);
    }
    assert_string_equal(op->pub.path, path);
    op_free(op);
    return status;
}

sally_status do_opendir(struct driver *d, const char *path, sally_file **file)
{
    struct op *op = driver_op(d, SALLY_OP_OPENDIR, path);
    sally_status status = driver_do(d, op);
    *file = status == SALLY_OK ? op->pub.file : NULL;
    op_free(op);
    return status;
}

sally_status do_closedir(struct driver *d, sally_file *file)
{
    return driver_finish(d, driver_file_op(d, SALLY_OP_CLOSEDIR, file));
}

static void listing_add(struct listing *list, const char *name, const sally_attrs *attrs)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 16;
        list->names = realloc(list->names, list->capacity * sizeof(*list->names));
        list->attrs = realloc(list->attrs, list->capacity * sizeof(*list->attrs));
        list->owners = realloc(list->owners, list->capacity * sizeof(*list->owners));
    }
    list->names[list->count] = strdup(name);
    list->attrs[list->count] = *attrs;
    list->owners[list->count][0] = 0;
    if (attrs->valid & SALLY_ATTR_NAMES)
        strncat(list->owners[list->count], attrs->owner, 63);
    list->count++;
}

/* As an engine does it: the entry that finds the reply full is kept. */
static bool take_entry(struct op *op, const char *name, const sally_attrs *attrs,
                       const char *longname)
{
    (void)longname;
    struct listing *list = *(struct listing **)(void *)op->inline_bytes;
    listing_add(list, name, attrs);
    list->given++;
    return !list->room || list->given < list->room;
}

sally_status do_readdir(struct driver *d, sally_file *file, struct listing *list)
{
    struct op *op = driver_file_op(d, SALLY_OP_READDIR, file);
    struct listing **place = sally_op_alloc(&op->pub, sizeof(*place));
    assert_ptr_equal(place, op->inline_bytes);
    *place = list;
    list->given = 0;
    op->entry = take_entry;
    return driver_finish(d, op);
}

sally_status do_list(struct driver *d, const char *path, unsigned room, struct listing *list)
{
    sally_file *file;
    memset(list, 0, sizeof(*list));
    list->room = room;
    sally_status status = do_opendir(d, path, &file);
    if (status != SALLY_OK)
        return status;
    do
        status = do_readdir(d, file, list);
    while (status == SALLY_OK);
    assert_int_equal(do_closedir(d, file), SALLY_OK);
    return status == SALLY_EOF ? SALLY_OK : status;
}

const sally_attrs *listing_find(const struct listing *list, const char *name)
{
    for (unsigned i = 0; i < list->count; i++)
        if (strcmp(list->names[i], name) == 0)
            return &list->attrs[i];
    return NULL;
}

void listing_clear(struct listing *list)
{
    for (unsigned i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    free(list->attrs);
    free(list->owners);
    memset(list, 0, sizeof(*list));
}

void make_file(struct driver *d, const char *path, const char *text)
{
    sally_file *file;
    assert_int_equal(
        do_open(d, path, SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE, &file),
        SALLY_OK);
    assert_int_equal(do_write(d, file, 0, text, (uint32_t)strlen(text)), SALLY_OK);
    assert_int_equal(do_close(d, file), SALLY_OK);
}

const char *file_text(struct driver *d, const char *path, char out[1001])
{
    sally_file *file;
    uint32_t size = 1000;
    assert_int_equal(do_open(d, path, SALLY_OPEN_READ, &file), SALLY_OK);
    sally_status status = do_read(d, file, 0, out, &size);
    assert_true(status == SALLY_OK || status == SALLY_EOF);
    out[size] = 0;
    assert_int_equal(do_close(d, file), SALLY_OK);
    return out;
}
