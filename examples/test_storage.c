/* A storage, and its test: a client in the same process, no sockets, no server. The storage has
 * one file, /note, which a client replaces as a whole: what it writes is there once it has closed
 * the file, and not at all if it was cut off before. */
#include <sallyport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The storage: its data is the note, and each open file has a copy of its own ---- */

struct note {
    char text[1000];
    size_t size;
};

static sally_status note_stat(sally_fs *fs, sally_op *op)
{
    const struct note *note = sally_fs_data(fs);
    if (strcmp(op->path, "/") == 0)
        sally_attrs_set_directory(&op->u.stat.attrs, 0755);
    else if (strcmp(op->path, "/note") == 0)
        sally_attrs_set_file(&op->u.stat.attrs, 0644, note->size);
    else
        return SALLY_NO_SUCH_FILE;
    return SALLY_OK;
}

static sally_status note_readdir(sally_fs *fs, sally_op *op)
{
    sally_attrs attrs;
    const struct note *note = sally_fs_data(fs);
    sally_attrs_set_file(&attrs, 0644, note->size);
    return sally_op_add_entry(op, "note", &attrs) ? SALLY_EOF : SALLY_OK;
}

static sally_status note_open(sally_fs *fs, sally_op *op)
{
    if (strcmp(op->path, "/note") != 0)
        return op->u.open.flags & SALLY_OPEN_CREATE ? SALLY_PERMISSION_DENIED : SALLY_NO_SUCH_FILE;
    struct note *copy = malloc(sizeof *copy);
    if (!copy)
        return SALLY_FAILURE;
    *copy = *(struct note *)sally_fs_data(fs);
    if (op->u.open.flags & SALLY_OPEN_TRUNCATE)
        copy->size = 0;
    sally_file_set_data(op->file, fs, copy, NULL);
    return SALLY_OK;
}

static sally_status note_read(sally_fs *fs, sally_op *op)
{
    const struct note *copy = sally_file_data(op->file, fs);
    size_t left = op->u.io.offset < copy->size ? copy->size - (size_t)op->u.io.offset : 0;
    op->u.io.done = op->u.io.length < left ? op->u.io.length : (uint32_t)left;
    memcpy(op->u.io.data, copy->text + (copy->size - left), op->u.io.done);
    return left ? SALLY_OK : SALLY_EOF;
}

static sally_status note_write(sally_fs *fs, sally_op *op)
{
    struct note *copy = sally_file_data(op->file, fs);
    if (op->u.io.offset > copy->size)
        return SALLY_INVALID_PARAMETER;
    if (op->u.io.length > sizeof copy->text - op->u.io.offset)
        return SALLY_QUOTA_EXCEEDED;
    memcpy(copy->text + op->u.io.offset, op->u.io.data, op->u.io.length);
    if (op->u.io.offset + op->u.io.length > copy->size)
        copy->size = (size_t)op->u.io.offset + op->u.io.length;
    op->u.io.done = op->u.io.length;
    return SALLY_OK;
}

static sally_status note_close(sally_fs *fs, sally_op *op)
{
    struct note *copy = sally_file_data(op->file, fs);
    sally_file_facts facts;
    sally_file_get_facts(op->file, &facts);
    if (facts.open_flags & SALLY_OPEN_WRITE && facts.close_reason == SALLY_CLOSED_BY_CLIENT)
        *(struct note *)sally_fs_data(fs) = *copy;
    free(copy);
    return SALLY_OK;
}

/* ---- The test ---- */

static void expect(int condition, const char *what, const sally_client *client)
{
    if (condition)
        return;
    printf("failed: %s (%s)\n", what, sally_client_message(client));
    exit(1);
}

static bool is_note(void *user_data, const sally_client_entry *entry)
{
    *(int *)user_data += strcmp(entry->name, "note") == 0 && entry->attrs.size == 5;
    return true;
}

static void test(sally_fs *fs)
{
    sally_client *c;
    const void *data;
    size_t size;
    sally_attrs attrs;
    int notes = 0;
    static const char much[2000];

    expect(sally_client_new(&c, fs, NULL) == SALLY_E_OK, "connect", NULL);
    expect(sally_client_put(c, "/note", "Hello", 5) == SALLY_OK, "put", c);
    expect(sally_client_get(c, "/note", &data, &size) == SALLY_OK, "get", c);
    expect(size == 5 && memcmp(data, "Hello", 5) == 0, "the same comes back", c);
    expect(sally_client_list(c, "/", is_note, &notes) == SALLY_OK && notes == 1, "list", c);
    expect(sally_client_stat(c, "/other", &attrs) == SALLY_NO_SUCH_FILE, "no other file", c);
    expect(sally_client_put(c, "/other", "", 0) == SALLY_PERMISSION_DENIED, "nor a new one", c);
    expect(sally_client_remove(c, "/note") == SALLY_UNSUPPORTED, "it stays", c);

    sally_client_file *file; /* cut off before it is closed */
    expect(sally_client_open(c, "/note", SALLY_OPEN_WRITE, NULL, &file) == SALLY_OK, "open", c);
    expect(sally_client_write(c, file, 0, "half a", 6) == SALLY_OK, "write", c);
    sally_client_cut(c);
    sally_client_free(c);

    expect(sally_client_new(&c, fs, NULL) == SALLY_E_OK, "connect again", NULL);
    expect(sally_client_get(c, "/note", &data, &size) == SALLY_OK && size == 5, "as it was", c);
    expect(sally_client_put(c, "/note", much, sizeof much) == SALLY_QUOTA_EXCEEDED, "too much", c);
    sally_client_free(c);
}

int main(void)
{
    static struct note note;
    sally_fs_methods methods = {.struct_size = sizeof methods,
                                .stat = note_stat,
                                .readdir = note_readdir,
                                .open = note_open,
                                .read = note_read,
                                .write = note_write,
                                .close = note_close};
    sally_fs *fs;
    if (sally_fs_new(&fs, &methods, &note))
        return 1;
    test(fs);
    sally_fs_unref(fs);
    puts("all well");
    return 0;
}
