/* Every call, in every version, over the storage in memory. */
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"
#include "sallyport/client.h"
#include "sallyport/fs.h"
#include "sallyport/storages.h"

struct world {
    sally_fs *fs;
    sally_client *c;
    uint32_t version;
};

static struct world world_of(uint32_t version)
{
    const sally_client_options options = {.struct_size = sizeof options, .version = version};
    struct world w = {.version = version};
    assert_int_equal(sally_fs_memory(&w.fs, 0), SALLY_E_OK);
    assert_int_equal(sally_client_new(&w.c, w.fs, &options), SALLY_E_OK);
    assert_int_equal(sally_client_version(w.c), version);
    return w;
}

static void end(struct world *w)
{
    sally_client_free(w->c);
    sally_fs_unref(w->fs);
}

static void in_every_version(void (*test)(struct world *w))
{
    for (uint32_t version = 3; version <= 6; version++) {
        struct world w = world_of(version);
        test(&w);
        end(&w);
    }
}

/* Version 3 has no name for most failures. */
static sally_status in(const struct world *w, sally_status status, sally_status in_version_3)
{
    return w->version == 3 ? in_version_3 : status;
}

static void files(struct world *w)
{
    sally_client *c = w->c;
    sally_client_file *file;
    char data[16];
    uint32_t got;
    sally_attrs attrs;
    sally_attrs_set_file(&attrs, 0600, 0);
    attrs.valid = SALLY_ATTR_PERMISSIONS;
    assert_int_equal(sally_client_open(c, "/f", SALLY_OPEN_READ, NULL, &file), SALLY_NO_SUCH_FILE);
    assert_null(file);
    assert_int_equal(sally_client_open(c, "/f",
                                       SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE |
                                           SALLY_OPEN_EXCLUSIVE,
                                       &attrs, &file),
                     SALLY_OK);
    assert_int_equal(sally_client_write(c, file, 0, "0123456789", 10), SALLY_OK);
    assert_int_equal(sally_client_write(c, file, 10, NULL, 0), SALLY_OK);
    assert_int_equal(sally_client_read(c, file, 7, data, sizeof data, &got), SALLY_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(data, "789", 3);
    assert_int_equal(sally_client_read(c, file, 10, data, sizeof data, &got), SALLY_EOF);
    assert_int_equal(got, 0);
    assert_int_equal(sally_client_read(c, file, 0, data, 0, &got), SALLY_OK);
    assert_int_equal(sally_client_fsync(c, file), SALLY_OK);
    assert_int_equal(sally_client_fstat(c, file, &attrs), SALLY_OK);
    assert_true(attrs.valid & SALLY_ATTR_TYPE && attrs.type == SALLY_TYPE_REGULAR);
    assert_int_equal(attrs.size, 10);
    assert_int_equal(attrs.permissions, 0600);
    attrs = (sally_attrs){.valid = SALLY_ATTR_SIZE, .size = 4};
    assert_int_equal(sally_client_fsetstat(c, file, &attrs), SALLY_OK);
    assert_int_equal(sally_client_close(c, file), SALLY_OK);
    assert_int_equal(sally_client_open(c, "/f",
                                       SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_EXCLUSIVE,
                                       NULL, &file),
                     w->version < 4 ? SALLY_FAILURE : SALLY_FILE_ALREADY_EXISTS);
    assert_int_equal(sally_client_open(c, "/f", SALLY_OPEN_WRITE | SALLY_OPEN_APPEND, NULL, &file),
                     SALLY_OK);
    assert_int_equal(sally_client_write(c, file, 0, "end", 3), SALLY_OK);
    assert_int_equal(sally_client_read(c, file, 0, data, 1, &got), SALLY_PERMISSION_DENIED);
    assert_int_equal(sally_client_close(c, file), SALLY_OK);
    assert_int_equal(sally_client_open(c, "/f", SALLY_OPEN_READ | SALLY_OPEN_NOFOLLOW, NULL, &file),
                     w->version < 6 ? SALLY_UNSUPPORTED : SALLY_OK);
    assert_int_equal(sally_client_stat(c, "/f", &attrs), SALLY_OK);
    assert_int_equal(attrs.size, 7);
}

static void test_files(void **state)
{
    (void)state;
    in_every_version(files);
}

static void attributes(struct world *w)
{
    sally_client *c = w->c;
    sally_attrs attrs;
    sally_op_statvfs room;
    assert_int_equal(sally_client_put(c, "/f", "data", 4), SALLY_OK);
    sally_attrs_set_times(&attrs, 0, 0);
    attrs = (sally_attrs){.valid = SALLY_ATTR_PERMISSIONS | SALLY_ATTR_ATIME | SALLY_ATTR_MTIME,
                          .permissions = 0640,
                          .atime.seconds = 1000,
                          .mtime.seconds = 2000};
    assert_int_equal(sally_client_setstat(c, "/f", &attrs), SALLY_OK);
    assert_int_equal(sally_client_stat(c, "/f", &attrs), SALLY_OK);
    assert_int_equal(attrs.permissions, 0640);
    assert_int_equal(attrs.atime.seconds, 1000);
    assert_int_equal(attrs.mtime.seconds, 2000);
    assert_true(attrs.valid & (SALLY_ATTR_IDS | SALLY_ATTR_NAMES));
    assert_int_equal(sally_client_symlink(c, "f", "/l"), SALLY_OK);
    assert_int_equal(sally_client_lstat(c, "/l", &attrs), SALLY_OK);
    assert_int_equal(attrs.type, SALLY_TYPE_SYMLINK);
    assert_int_equal(sally_client_stat(c, "/l", &attrs), SALLY_OK);
    assert_int_equal(attrs.type, SALLY_TYPE_REGULAR);
    attrs = (sally_attrs){
        .valid = SALLY_ATTR_ATIME | SALLY_ATTR_MTIME, .atime.seconds = 5, .mtime.seconds = 6};
    assert_int_equal(sally_client_lsetstat(c, "/l", &attrs), SALLY_OK);
    assert_int_equal(sally_client_lstat(c, "/l", &attrs), SALLY_OK);
    assert_int_equal(attrs.mtime.seconds, 6);
    assert_int_equal(sally_client_stat(c, "/", &attrs), SALLY_OK);
    assert_int_equal(attrs.type, SALLY_TYPE_DIRECTORY);
    assert_int_equal(sally_client_statvfs(c, "/", &room), SALLY_OK);
    assert_true(room.block_size > 0 && room.name_max > 0);
    sally_client_file *file;
    sally_op_statvfs same;
    assert_int_equal(sally_client_open(c, "/f", SALLY_OPEN_READ, NULL, &file), SALLY_OK);
    assert_int_equal(sally_client_fstatvfs(c, file, &same), SALLY_OK);
    assert_int_equal(same.block_size, room.block_size);
}

static void test_attributes(void **state)
{
    (void)state;
    in_every_version(attributes);
}

static void paths(struct world *w)
{
    sally_client *c = w->c;
    const char *text;
    sally_attrs attrs;
    sally_attrs_set_directory(&attrs, 0700);
    assert_int_equal(sally_client_mkdir(c, "/d", &attrs), SALLY_OK);
    assert_int_equal(sally_client_mkdir(c, "/e", NULL), SALLY_OK);
    assert_int_equal(sally_client_stat(c, "/d", &attrs), SALLY_OK);
    assert_int_equal(attrs.permissions, 0700);
    assert_int_equal(sally_client_put(c, "/d/f", "x", 1), SALLY_OK);
    assert_int_equal(sally_client_put(c, "/g", "y", 1), SALLY_OK);
    assert_int_equal(sally_client_rmdir(c, "/d"),
                     w->version < 6 ? SALLY_FAILURE : SALLY_DIR_NOT_EMPTY);
    assert_int_equal(sally_client_rename(c, "/d/f", "/g", 0),
                     in(w, SALLY_FILE_ALREADY_EXISTS, SALLY_FAILURE));
    assert_int_equal(sally_client_rename(c, "/d/f", "/g", SALLY_RENAME_OVERWRITE), SALLY_OK);
    assert_int_equal(sally_client_rename(c, "/g", "/h", SALLY_RENAME_NATIVE),
                     w->version < 5 ? SALLY_UNSUPPORTED : SALLY_OK);
    if (w->version < 5)
        assert_int_equal(sally_client_rename(c, "/g", "/h", 0), SALLY_OK);
    assert_int_equal(sally_client_link(c, "/h", "/i"), SALLY_OK);
    assert_int_equal(sally_client_remove(c, "/h"), SALLY_OK);
    assert_int_equal(sally_client_symlink(c, "d/../i", "/l"), SALLY_OK);
    assert_int_equal(sally_client_readlink(c, "/l", &text), SALLY_OK);
    assert_string_equal(text, "d/../i");
    assert_int_equal(sally_client_realpath(c, "d/../l", 0, &text), SALLY_OK);
    assert_string_equal(text, w->version < 6 ? "/i" : "/l");
    assert_int_equal(sally_client_realpath(c, "/none", SALLY_REALPATH_STAT_ALWAYS, &text),
                     w->version < 6 ? SALLY_UNSUPPORTED : SALLY_NO_SUCH_FILE);
    assert_int_equal(sally_client_realpath(c, "/none", 4, &text),
                     w->version < 6 ? SALLY_UNSUPPORTED : SALLY_INVALID_PARAMETER);
    assert_int_equal(sally_client_rmdir(c, "/d"), SALLY_OK);
    assert_int_equal(sally_client_remove(c, "/d"), SALLY_NO_SUCH_FILE);
}

static void test_paths(void **state)
{
    (void)state;
    in_every_version(paths);
}

struct names {
    sally_client *c;
    uint32_t count;
    uint32_t stop_at;
    bool removes;
};

static bool take(void *user_data, const sally_client_entry *entry)
{
    struct names *n = user_data;
    char path[32];
    assert_int_equal(strncmp(entry->name, "file-", 5), 0);
    assert_true(entry->attrs.valid & SALLY_ATTR_TYPE);
    assert_int_equal(entry->attrs.type, SALLY_TYPE_REGULAR);
    if (sally_client_version(n->c) == 3)
        assert_int_equal(entry->longname[0], '-');
    else
        assert_string_equal(entry->longname, "");
    if (n->removes) {
        snprintf(path, sizeof path, "/d/%s", entry->name);
        assert_int_equal(sally_client_remove(n->c, path), SALLY_OK);
    }
    return ++n->count != n->stop_at;
}

static void listings(struct world *w)
{
    enum { FILES = 900 };
    sally_client *c = w->c;
    struct names n = {.c = c};
    char path[32];
    assert_int_equal(sally_client_mkdir(c, "/d", NULL), SALLY_OK);
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "/d/file-%03d", i);
        assert_int_equal(sally_client_put(c, path, "", 0), SALLY_OK);
    }
    assert_int_equal(sally_client_list(c, "/d", take, &n), SALLY_OK);
    assert_int_equal(n.count, FILES);
    n = (struct names){.c = c, .stop_at = 10};
    assert_int_equal(sally_client_list(c, "/d", take, &n), SALLY_OK);
    assert_int_equal(n.count, 10);
    n = (struct names){.c = c, .removes = true};
    assert_int_equal(sally_client_list(c, "/d", take, &n), SALLY_OK);
    assert_int_equal(n.count, FILES);
    assert_int_equal(sally_client_rmdir(c, "/d"), SALLY_OK);
    assert_int_equal(sally_client_list(c, "/d", take, &n), SALLY_NO_SUCH_FILE);

    sally_client_file *d;
    const sally_client_entry *entry;
    uint32_t dots = 0;
    assert_int_equal(sally_client_opendir(c, "/", &d), SALLY_OK);
    while (sally_client_readdir(c, d, &entry) == SALLY_OK)
        dots += entry->name[0] == '.';
    assert_int_equal(dots, 2);
    assert_int_equal(sally_client_readdir(c, d, &entry), SALLY_EOF);
    assert_int_equal(sally_client_close(c, d), SALLY_OK);
}

static void test_listings(void **state)
{
    (void)state;
    in_every_version(listings);
}

static void storage_side(struct world *w)
{
    sally_client *c = w->c;
    sally_client_file *a, *b;
    const void *data;
    size_t size;
    sally_client_digests d;
    assert_int_equal(sally_client_put(c, "/a", "0123456789", 10), SALLY_OK);
    assert_int_equal(sally_client_open(c, "/a", SALLY_OPEN_READ, NULL, &a), SALLY_OK);
    assert_int_equal(sally_client_open(
                         c, "/b", SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE, NULL, &b),
                     SALLY_OK);
    assert_int_equal(sally_client_copy(c, a, 3, 4, b, 1), SALLY_OK);
    assert_int_equal(sally_client_copy(c, a, 3, 4, NULL, 1), SALLY_INVALID_HANDLE);
    assert_int_equal(sally_client_get(c, "/b", &data, &size), SALLY_OK);
    assert_int_equal(size, 5);
    assert_memory_equal(data,
                        "\0"
                        "3456",
                        5);
    assert_int_equal(sally_client_hash(c, "/a", "sha1,md5", 0, 0, 0, &d), SALLY_OK);
    assert_string_equal(d.algorithm, "sha1");
    assert_int_equal(d.size, 20);
    assert_memory_equal(d.digests, "\x87\xac\xec\x17\xcd\x9d\xcd\x20", 8);
    assert_int_equal(sally_client_fhash(c, a, "md5", 0, 0, 0, &d), SALLY_OK);
    assert_int_equal(d.size, 16);
    uint32_t blocks = SALLY_OPEN_BLOCK_READ | SALLY_OPEN_BLOCK_WRITE;
    sally_status locked = w->version < 6 ? SALLY_UNSUPPORTED : SALLY_OK;
    assert_int_equal(sally_client_lock(c, b, 0, 5, blocks), locked);
    assert_int_equal(sally_client_unlock(c, b, 0, 5), locked);
    assert_int_equal(sally_client_unlock(c, b, 0, 5),
                     w->version < 6 ? SALLY_UNSUPPORTED : SALLY_NO_MATCHING_BYTE_RANGE_LOCK);
    assert_int_equal(sally_client_lock(c, b, 0, 5, SALLY_OPEN_TRUNCATE | SALLY_OPEN_EXCLUSIVE),
                     SALLY_UNSUPPORTED);
}

static void test_the_storages_work(void **state)
{
    (void)state;
    in_every_version(storage_side);
}

static void extensions(struct world *w)
{
    sally_client *c = w->c;
    const void *reply;
    size_t size;
    sally_client_file *file;
    assert_non_null(sally_client_extension(c, "limits@openssh.com"));
    assert_int_equal(sally_client_extended(c, "limits@openssh.com", NULL, 0, &reply, &size),
                     SALLY_OK);
    assert_int_equal(size, 32);
    assert_int_equal(sally_client_extended(c, "none@example.org", "x", 1, &reply, &size),
                     SALLY_UNSUPPORTED);
    assert_null(reply);
    assert_int_equal(sally_client_put(c, "/f", "", 0), SALLY_OK);
    assert_int_equal(sally_client_open(c, "/f", SALLY_OPEN_WRITE, NULL, &file), SALLY_OK);
    uint8_t body[64] = {0};
    const void *handle = sally_client_handle(file, &size);
    body[3] = (uint8_t)size;
    memcpy(body + 4, handle, size);
    assert_int_equal(sally_client_extended(c, "fsync@openssh.com", body, size + 4, &reply, &size),
                     SALLY_OK);
    assert_null(reply);
    assert_int_equal(size, 0);
    assert_null(sally_client_handle(NULL, &size));
}

static void test_extensions(void **state)
{
    (void)state;
    in_every_version(extensions);
}

/* Clients that are known to send the drafts' order, and one that turns version 6's round. */
static void test_symlinks_of_other_clients(void **state)
{
    static const char *const software[] = {"WinSCP_release", "OpenSSH_9.9", "SSHD-CORE-2"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (uint32_t version = 3; version <= 6; version++) {
            const sally_peer peer = {.address = "",
                                     .local_address = "",
                                     .protocol = "sftp",
                                     .listener = "",
                                     .client_software = software[i]};
            const sally_sftp_options server = {.struct_size = sizeof server, .peer = &peer};
            const sally_client_options options = {
                .struct_size = sizeof options, .version = version, .server = &server};
            struct world w;
            const char *text;
            assert_int_equal(sally_fs_memory(&w.fs, 0), SALLY_E_OK);
            assert_int_equal(sally_client_new(&w.c, w.fs, &options), SALLY_E_OK);
            assert_int_equal(sally_client_symlink(w.c, "to", "/link"), SALLY_OK);
            assert_int_equal(sally_client_readlink(w.c, "/link", &text), SALLY_OK);
            assert_string_equal(text, "to");
            assert_int_equal(sally_client_put(w.c, "/f", "", 0), SALLY_OK);
            assert_int_equal(sally_client_link(w.c, "/f", "/g"), SALLY_OK);
            end(&w);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_listings),
        cmocka_unit_test(test_the_storages_work),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_symlinks_of_other_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
