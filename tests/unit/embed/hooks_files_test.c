/* Files and listings that hooks serve: no storage ever sees them. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sallyport/file.h"
#include "sallyport/hooks.h"
#include "sallyport/sftp.h"
#include "sftp/protocol.h"
#include "sftp/store.h"

struct rig {
    struct store store;
    sally_sftp *sftp;
    struct buf out, in;
    uint32_t next_id;
    uint64_t served;                       /* kinds that the hook answers on its own files */
    uint32_t asked[SALLY_OP_KINDS];        /* how often the hook was, about its own files */
    sally_status answered[SALLY_OP_KINDS]; /* the last answer of each kind */
    uint32_t entries;                      /* of "/v" */
    uint32_t freed;
    char path[64]; /* of the last file, as READDIR and READ see it */
    char data[64]; /* of every file of the hook's */
    uint32_t size;
};

struct own { /* what the hook keeps in a file */
    struct rig *rig;
    uint32_t at;
};

static void free_own(void *data)
{
    struct own *own = data;
    own->rig->freed++;
    free(own);
}

static sally_status serve_listing(struct rig *x, struct own *own, sally_op *op)
{
    char name[120];
    while (own->at < x->entries) {
        snprintf(name, sizeof name, "%0100u", own->at++);
        if (!sally_op_add_entry(op, name, NULL))
            return SALLY_OK;
    }
    return SALLY_EOF;
}

static sally_status serve(struct rig *x, struct own *own, sally_op *op)
{
    snprintf(x->path, sizeof x->path, "%s", sally_file_path(op->file));
    switch (op->kind) {
    case SALLY_OP_READ:
        return sally_op_read_from(op, x->data, x->size);
    case SALLY_OP_WRITE:
        assert_in_range(op->u.io.offset + op->u.io.length, 0, sizeof x->data);
        memcpy(x->data + op->u.io.offset, op->u.io.data, op->u.io.length);
        x->size = (uint32_t)op->u.io.offset + op->u.io.length;
        return SALLY_OK;
    case SALLY_OP_FSTAT:
        op->u.stat.attrs = (sally_attrs){.valid = SALLY_ATTR_SIZE, .size = x->size};
        return SALLY_OK;
    case SALLY_OP_READDIR:
        return serve_listing(x, own, op);
    default:
        return SALLY_OK;
    }
}

/* Everything below "/v" is the hook's. */
static sally_status before(void *user_data, sally_op *op)
{
    struct rig *x = user_data;
    struct own *own = sally_file_data(op->file, x);
    bool opens = op->kind == SALLY_OP_OPEN || op->kind == SALLY_OP_OPENDIR;
    if (opens && strncmp(op->path, "/v", 2) == 0) {
        own = malloc(sizeof *own);
        *own = (struct own){.rig = x};
        assert_int_equal(sally_file_set_data(op->file, x, own, free_own), SALLY_E_OK);
        return SALLY_OK;
    }
    if (opens && strcmp(op->path, "/alias") == 0) {
        assert_int_equal(sally_op_set_path(op, "/many"), SALLY_E_OK);
        return SALLY_CONTINUE;
    }
    if (opens && strcmp(op->path, "/alias-of-v") == 0) {
        assert_int_equal(sally_op_set_path(op, "/v/other"), SALLY_E_OK);
        return SALLY_OK;
    }
    if (op->file && !own)
        snprintf(x->path, sizeof x->path, "%s", sally_file_path(op->file));
    if (!own)
        return SALLY_CONTINUE;
    x->asked[op->kind]++;
    return x->served & SALLY_OP_BIT(op->kind) ? serve(x, own, op) : SALLY_CONTINUE;
}

static sally_status after(void *user_data, sally_op *op)
{
    ((struct rig *)user_data)->answered[op->kind] = op->status;
    return op->status;
}

/* ---- A client ---- */

static uint32_t begin(struct rig *x, uint8_t type, size_t *place)
{
    *place = put_string_begin(&x->out);
    put_u8(&x->out, type);
    put_u32(&x->out, ++x->next_id);
    return x->next_id;
}

/* Sends the request, and takes the reply, whose body is what comes back. */
static struct cursor go(struct rig *x, size_t place, uint8_t *type)
{
    const void *data;
    size_t size, taken = 0;
    put_string_end(&x->out, place);
    assert_int_equal(sally_sftp_input(x->sftp, buf_head(&x->out), x->out.size, &taken), SALLY_E_OK);
    assert_int_equal(taken, x->out.size);
    buf_clear(&x->out);
    buf_clear(&x->in);
    while ((size = sally_sftp_output(x->sftp, &data))) {
        put_bytes(&x->in, data, size);
        sally_sftp_sent(x->sftp, size);
    }
    struct cursor all = cursor_of_slice(buf_slice(&x->in));
    struct cursor reply = cursor_of_slice(get_string(&all));
    assert_false(all.bad);
    assert_int_equal(cursor_left(&all), 0);
    *type = get_u8(&reply);
    get_u32(&reply);
    return reply;
}

static void start(struct rig *x, uint64_t served, uint64_t without)
{
    *x = (struct rig){.served = served, .entries = 3, .size = 5};
    memcpy(x->data, "hello", 5);
    store_init(&x->store);
    store_add(&x->store, "/f", SALLY_TYPE_REGULAR, "storage", 7);
    store_add(&x->store, "/many", SALLY_TYPE_DIRECTORY, NULL, 0);
    x->store.many = 4;
    buf_init(&x->out, SIZE_MAX / 2);
    buf_init(&x->in, SIZE_MAX / 2);
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .before_mask = SALLY_OP_ALL,
                               .after_mask = SALLY_OP_ALL,
                               .before = before,
                               .after = after,
                               .user_data = x};
    const sally_sftp_options options = {
        .struct_size = sizeof options, .max_version = 3, .hooks = &hooks, .hook_count = 1};
    sally_fs *fs = store_fs(&x->store, 0, without);
    assert_int_equal(sally_sftp_new(&x->sftp, fs, &options), SALLY_E_OK);
    sally_fs_unref(fs);
    uint8_t type;
    size_t place;
    place = put_string_begin(&x->out);
    put_u8(&x->out, SSH_FXP_INIT);
    put_u32(&x->out, 3);
    go(x, place, &type);
    assert_int_equal(type, SSH_FXP_VERSION);
}

static void stop(struct rig *x)
{
    sally_sftp_free(x->sftp);
    assert_int_equal(x->store.open_files, 0);
    store_clear(&x->store);
    buf_clear(&x->in);
}

static void put_path(struct rig *x, const char *path)
{
    put_text(&x->out, path);
}

struct handle {
    uint8_t bytes[16];
    size_t size;
};

static struct handle take_handle(struct rig *x, size_t place)
{
    uint8_t type;
    struct cursor reply = go(x, place, &type);
    assert_int_equal(type, SSH_FXP_HANDLE);
    struct slice bytes = get_string(&reply);
    struct handle h = {.size = bytes.size};
    assert_in_range(bytes.size, 1, sizeof h.bytes);
    memcpy(h.bytes, bytes.data, bytes.size);
    return h;
}

static struct handle open_file(struct rig *x, const char *path)
{
    size_t place;
    begin(x, SSH_FXP_OPEN, &place);
    put_path(x, path);
    put_u32(&x->out, SSH_FXF_READ | SSH_FXF_WRITE);
    put_u32(&x->out, 0);
    return take_handle(x, place);
}

static struct handle open_dir(struct rig *x, const char *path)
{
    size_t place;
    begin(x, SSH_FXP_OPENDIR, &place);
    put_path(x, path);
    return take_handle(x, place);
}

static size_t begin_on(struct rig *x, uint8_t type, const char *extension, const struct handle *h)
{
    size_t place;
    begin(x, type, &place);
    if (extension)
        put_path(x, extension);
    put_string(&x->out, h->bytes, h->size);
    return place;
}

/* True: it was answered with `good`, and a status is OK. */
static bool did(struct rig *x, size_t place, uint8_t good)
{
    uint8_t type;
    struct cursor reply = go(x, place, &type);
    return type == good && (type != SSH_FXP_STATUS || get_u32(&reply) == SALLY_OK);
}

static bool fstat_it(struct rig *x, struct handle h)
{
    return did(x, begin_on(x, SSH_FXP_FSTAT, NULL, &h), SSH_FXP_ATTRS);
}

static bool fsetstat_it(struct rig *x, struct handle h)
{
    size_t place = begin_on(x, SSH_FXP_FSETSTAT, NULL, &h);
    put_u32(&x->out, SSH_FILEXFER_ATTR_PERMISSIONS);
    put_u32(&x->out, 0600);
    return did(x, place, SSH_FXP_STATUS);
}

static bool fstatvfs_it(struct rig *x, struct handle h)
{
    return did(x, begin_on(x, SSH_FXP_EXTENDED, "fstatvfs@openssh.com", &h),
               SSH_FXP_EXTENDED_REPLY);
}

static bool close_it(struct rig *x, struct handle h)
{
    return did(x, begin_on(x, SSH_FXP_CLOSE, NULL, &h), SSH_FXP_STATUS);
}

static bool copy_data(struct rig *x, struct handle from, struct handle to)
{
    size_t place = begin_on(x, SSH_FXP_EXTENDED, "copy-data", &from);
    put_u64(&x->out, 0);
    put_u64(&x->out, 0);
    put_string(&x->out, to.bytes, to.size);
    put_u64(&x->out, 0);
    return did(x, place, SSH_FXP_STATUS);
}

/* Entries of the next reply; 0 at the end. */
static uint32_t list_some(struct rig *x, struct handle h)
{
    uint8_t type;
    struct cursor reply = go(x, begin_on(x, SSH_FXP_READDIR, NULL, &h), &type);
    uint32_t count = get_u32(&reply);
    if (type == SSH_FXP_NAME)
        return count;
    assert_int_equal(count, SALLY_EOF);
    return 0;
}

static uint32_t list_all(struct rig *x, struct handle h)
{
    uint32_t all = 0, count;
    while ((count = list_some(x, h)) > 0)
        all += count;
    return all;
}

/* The storage has seen the session begin, and nothing else. */
static void expect_untouched(const struct rig *x)
{
    for (uint32_t kind = SALLY_OP_SESSION_END; kind < SALLY_OP_KINDS; kind++)
        assert_int_equal(x->store.calls[kind], 0);
}

static bool write_it(struct rig *x, struct handle h, const char *text)
{
    size_t place = begin_on(x, SSH_FXP_WRITE, NULL, &h);
    put_u64(&x->out, 0);
    put_text(&x->out, text);
    return did(x, place, SSH_FXP_STATUS);
}

static bool read_it(struct rig *x, struct handle h)
{
    size_t place = begin_on(x, SSH_FXP_READ, NULL, &h);
    put_u64(&x->out, 0);
    put_u32(&x->out, 100);
    return did(x, place, SSH_FXP_DATA);
}

/* ---- The tests ---- */

static void a_file(void **state)
{
    (void)state;
    struct rig x;
    start(&x, SALLY_OP_ALL, 0);
    struct handle h = open_file(&x, "/v/one");
    assert_true(write_it(&x, h, "written"));
    assert_true(read_it(&x, h));
    assert_string_equal(x.path, "/v/one");
    assert_true(fstat_it(&x, h));
    assert_true(fsetstat_it(&x, h));
    assert_true(fstatvfs_it(&x, h));
    assert_int_equal(x.freed, 0);
    assert_true(close_it(&x, h));
    assert_int_equal(x.freed, 1);
    assert_int_equal(x.asked[SALLY_OP_CLOSE], 1);
    assert_memory_equal(x.data, "written", 7);
    open_file(&x, "/v/left-open");
    expect_untouched(&x);
    stop(&x);
    assert_int_equal(x.freed, 2);
}

static void a_listing(void **state)
{
    (void)state;
    struct rig x;
    start(&x, SALLY_OP_ALL, 0);
    struct handle h = open_dir(&x, "/v");
    assert_int_equal(list_all(&x, h), 3);
    assert_true(fstat_it(&x, h));
    assert_true(fsetstat_it(&x, h));
    assert_true(fstatvfs_it(&x, h));
    assert_int_equal(x.asked[SALLY_OP_FSTAT], 1);
    assert_int_equal(x.asked[SALLY_OP_FSETSTAT], 1);
    assert_int_equal(x.asked[SALLY_OP_STATVFS], 1);
    assert_true(close_it(&x, h));
    assert_int_equal(x.freed, 1);
    expect_untouched(&x);
    stop(&x);
}

/* Also in a storage that keeps nothing for open files, and so knows them all by their paths. */
static void what_no_hook_answers(void **state)
{
    (void)state;
    static const uint64_t without[] = {0, SALLY_OP_BIT(SALLY_OP_OPEN) |
                                              SALLY_OP_BIT(SALLY_OP_OPENDIR) |
                                              SALLY_OP_BIT(SALLY_OP_FSTAT)};
    for (size_t i = 0; i < COUNT_OF(without); i++) {
        struct rig x;
        uint8_t type;
        start(&x, 0, without[i]);
        struct handle file = open_file(&x, "/v/one"), dir = open_dir(&x, "/v");
        assert_false(read_it(&x, file));
        assert_false(write_it(&x, file, "lost"));
        assert_false(fstat_it(&x, file));
        assert_false(fsetstat_it(&x, file));
        assert_false(fstatvfs_it(&x, file));
        assert_false(fstat_it(&x, dir));
        assert_false(fsetstat_it(&x, dir));
        assert_false(fstatvfs_it(&x, dir));
        assert_false(copy_data(&x, file, open_file(&x, "/v/two")));
        go(&x, begin_on(&x, SSH_FXP_READDIR, NULL, &dir), &type);
        assert_int_equal(type, SSH_FXP_STATUS);
        static const uint32_t kinds[] = {SALLY_OP_READ,     SALLY_OP_WRITE,   SALLY_OP_FSTAT,
                                         SALLY_OP_FSETSTAT, SALLY_OP_STATVFS, SALLY_OP_READDIR,
                                         SALLY_OP_COPY};
        for (size_t k = 0; k < COUNT_OF(kinds); k++)
            assert_int_equal(x.answered[kinds[k]], SALLY_INVALID_HANDLE);
        assert_true(close_it(&x, file)); /* there is nothing to do */
        assert_true(close_it(&x, dir));
        expect_untouched(&x);
        stop(&x);
        assert_int_equal(x.freed, 3);
    }
}

/* By READs and WRITEs, which the hook answers where its file is meant. */
static void copies(void **state)
{
    (void)state;
    struct rig x;
    start(&x, SALLY_OP_ALL & ~SALLY_OP_BIT(SALLY_OP_COPY), 0);
    struct handle hooks = open_file(&x, "/v/one"), storages = open_file(&x, "/f");
    assert_true(copy_data(&x, hooks, storages));
    assert_memory_equal(store_find(&x.store, "/f")->data, "helloge", 7);
    assert_true(copy_data(&x, storages, hooks));
    assert_memory_equal(x.data, "helloge", 7);
    assert_int_equal(x.asked[SALLY_OP_READ], 1);
    assert_int_equal(x.asked[SALLY_OP_WRITE], 1);
    memcpy(x.data, "HELLO", x.size = 5);
    assert_true(copy_data(&x, hooks, open_file(&x, "/v/two")));
    assert_int_equal(x.asked[SALLY_OP_WRITE], 2);
    assert_int_equal(x.store.calls[SALLY_OP_COPY], 0);
    stop(&x);
}

static void diverted(void **state)
{
    (void)state;
    struct rig x;
    start(&x, SALLY_OP_ALL, 0);
    assert_int_equal(list_all(&x, open_dir(&x, "/alias")), 4 + 2);
    assert_string_equal(x.path, "/many");
    assert_string_equal(x.store.last_path, "/many");
    fstat_it(&x, open_file(&x, "/alias-of-v"));
    assert_string_equal(x.path, "/v/other");
    stop(&x);
}

static sally_status takes_listings(void *user_data, sally_op *op)
{
    (void)user_data;
    if (op->kind != SALLY_OP_READDIR)
        return SALLY_CONTINUE;
    sally_op_add_entry(op, "only", NULL);
    return SALLY_EOF;
}

/* Whatever changes meanwhile, each name comes once: hooks' names are not looked up in a storage. */
static void a_long_listing(void **state)
{
    (void)state;
    struct rig x;
    size_t place;
    start(&x, SALLY_OP_ALL, 0);
    x.entries = 1000;
    struct handle h = open_dir(&x, "/v");
    uint32_t all = 0, count, pages = 0;
    while ((count = list_some(&x, h)) > 0) {
        all += count;
        pages++;
        begin(&x, SSH_FXP_MKDIR, &place);
        char name[32];
        snprintf(name, sizeof name, "/d%u", pages);
        put_path(&x, name);
        put_u32(&x.out, 0);
        assert_true(did(&x, place, SSH_FXP_STATUS));
    }
    assert_int_equal(all, 1000);
    assert_in_range(pages, 2, 100);
    assert_int_equal(x.store.calls[SALLY_OP_STAT], 0);
    stop(&x);
}

/* The storage has opened the directory, but a hook gives its names. */
static void a_listing_of_the_storages(void **state)
{
    (void)state;
    struct rig x;
    const sally_hooks hooks = {
        .struct_size = sizeof hooks, .before_mask = SALLY_OP_ALL, .before = takes_listings};
    const sally_sftp_options options = {
        .struct_size = sizeof options, .max_version = 3, .hooks = &hooks, .hook_count = 1};
    start(&x, 0, 0);
    sally_sftp *other = x.sftp;
    sally_fs *fs = sally_fs_ref(sally_session_fs(sally_sftp_session(other)));
    assert_int_equal(sally_sftp_new(&x.sftp, fs, &options), SALLY_E_OK);
    uint8_t type;
    size_t place = put_string_begin(&x.out);
    put_u8(&x.out, SSH_FXP_INIT);
    put_u32(&x.out, 3);
    go(&x, place, &type);
    assert_int_equal(list_all(&x, open_dir(&x, "/many")), 1);
    sally_sftp_free(other);
    sally_fs_unref(fs);
    stop(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file),
        cmocka_unit_test(a_listing),
        cmocka_unit_test(what_no_hook_answers),
        cmocka_unit_test(copies),
        cmocka_unit_test(diverted),
        cmocka_unit_test(a_long_listing),
        cmocka_unit_test(a_listing_of_the_storages),
    };
    return cmocka_run_group_tests_name("embed/hooks_files", tests, NULL, NULL);
}
