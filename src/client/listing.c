/* Directories. */
#include "client/client_file.h"
#include "client/parse.h"
#include "sftp/protocol.h"

#define MAX_NAMES ((size_t)1024 * 1024) /* bytes of a NAME; no reply is larger */

static sally_status open_directory(sally_client *c, const char *path, sally_client_file **out)
{
    struct exchange x = exchange_begin(c, SSH_FXP_OPENDIR);
    put_text(x.body, path);
    sally_status status = client_file_from(&x, out);
    if (status == SALLY_OK)
        buf_init(&(*out)->names, MAX_NAMES);
    return status;
}

static sally_status next_names(sally_client *c, sally_client_file *d)
{
    struct cursor body;
    struct exchange x = exchange_begin(c, SSH_FXP_READDIR);
    client_file_put(x.body, d);
    sally_status status = exchange_ask_for(&x, SSH_FXP_NAME, &body);
    if (status != SALLY_OK)
        return status;
    d->left = get_u32(&body);
    struct slice rest = cursor_rest(&body);
    buf_reset(&d->names);
    put_bytes(&d->names, rest.data, rest.size);
    if (d->names.failed) {
        d->left = 0;
        return connection_no_memory(c);
    }
    if (body.bad || d->left == 0)
        return connection_malformed(c, "a listing without names");
    return SALLY_OK;
}

/* A name that is joined to the directory's path must stay below it. */
static bool is_name(const char *name)
{
    return *name && !strchr(name, '/');
}

static sally_status next_entry(sally_client *c, sally_client_file *d,
                               const sally_client_entry **entry)
{
    sally_status status = SALLY_OK;
    if (d->left == 0)
        status = d->at_end ? SALLY_EOF : next_names(c, d);
    if (status != SALLY_OK)
        return status;
    struct cursor body = cursor_of_slice(buf_slice(&d->names));
    arena_clear(&d->texts);
    status = parse_entry(c, &body, &d->entry, &d->texts);
    if (status == SALLY_OK && !is_name(d->entry.name))
        status = connection_malformed(c, "an entry whose name is not valid");
    if (status == SALLY_OK && --d->left == 0)
        status = parse_end(c, &body, &d->at_end);
    if (status != SALLY_OK)
        return status;
    buf_consume(&d->names, d->names.size - cursor_left(&body));
    *entry = &d->entry;
    return SALLY_OK;
}

sally_status sally_client_opendir(sally_client *c, const char *path, sally_client_file **directory)
{
    if (directory)
        *directory = NULL;
    sally_status status = connection_enter(c, path && directory);
    return status == SALLY_OK ? connection_leave(c, open_directory(c, path, directory)) : status;
}

sally_status sally_client_readdir(sally_client *c, sally_client_file *directory,
                                  const sally_client_entry **entry)
{
    if (entry)
        *entry = NULL;
    sally_status status = client_file_enter(c, directory, entry != NULL);
    return status == SALLY_OK ? connection_leave(c, next_entry(c, directory, entry)) : status;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Built from public calls, so that `each` may use the client too. */
sally_status sally_client_list(sally_client *c, const char *path, sally_client_entry_fn *each,
                               void *user_data)
{
    sally_client_file *d;
    const sally_client_entry *entry;
    char message[sizeof c->message];
    if (c && !each)
        return connection_enter(c, false);
    sally_status status = sally_client_opendir(c, path, &d);
    if (status != SALLY_OK)
        return status;
    bool wanted = true;
    while (wanted && (status = sally_client_readdir(c, d, &entry)) == SALLY_OK)
        if (!is_dots(entry->name))
            wanted = each(user_data, entry);
    if (status == SALLY_EOF)
        status = SALLY_OK;
    memcpy(message, c->message, sizeof message);
    sally_status closed = sally_client_close(c, d);
    if (status == SALLY_OK)
        return closed;
    return connection_fail(c, status, message);
}
