/* What a quota's storage has already is counted as a client would: by listing it. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "sallyport/client.h"
#include "sallyport/wrappers.h"

struct directory { /* still to be listed */
    struct directory *next;
    char path[];
};

struct count {
    struct directory *waiting;
    const char *path; /* being listed */
    uint64_t bytes, files, left;
    long double more_bytes, more_files; /* of files with several names: each its share */
    sally_error error;
};

static bool add_directory(struct count *c, const char *name)
{
    size_t above = c->path[1] ? strlen(c->path) : 0, size = above + strlen(name) + 2;
    struct directory *d = mem_alloc(sizeof *d + size);
    if (!d)
        return false;
    snprintf(d->path, size, "%.*s/%s", (int)above, c->path, name);
    d->next = c->waiting;
    c->waiting = d;
    return true;
}

static bool add_entry(void *user_data, const sally_client_entry *entry)
{
    struct count *c = user_data;
    const sally_attrs *a = &entry->attrs;
    uint64_t size = a->type == SALLY_TYPE_REGULAR && (a->valid & SALLY_ATTR_SIZE) ? a->size : 0;
    bool is_directory = a->type == SALLY_TYPE_DIRECTORY;
    if (c->left-- == 0)
        c->error = SALLY_E_LIMIT;
    else if (is_directory && !add_directory(c, entry->name))
        c->error = SALLY_E_NO_MEMORY;
    if (!is_directory && (a->valid & SALLY_ATTR_LINK_COUNT) && a->link_count > 1) {
        c->more_bytes += (long double)size / a->link_count;
        c->more_files += 1.0L / a->link_count;
    } else {
        c->bytes += size;
        c->files++;
    }
    return !c->error;
}

static void list_all(struct count *c, sally_client *client)
{
    c->path = "/";
    struct directory *d = NULL;
    for (;;) {
        sally_status status = sally_client_list(client, c->path, add_entry, c);
        if (status != SALLY_OK && !c->error)
            c->error = SALLY_E_SYSTEM;
        mem_free(d);
        d = c->error ? NULL : c->waiting;
        if (!d)
            return;
        c->waiting = d->next;
        c->path = d->path;
    }
}

sally_error sally_fs_quota_count(sally_fs *quota_fs, uint64_t max_entries)
{
    sally_quota use = {.struct_size = sizeof use};
    sally_client *client;
    struct count c = {.left = max_entries ? max_entries : UINT64_MAX};
    sally_error error = sally_fs_quota_get(quota_fs, &use);
    if (!error)
        error = sally_client_new(&client, quota_fs, NULL);
    if (error)
        return error;
    list_all(&c, client);
    sally_client_free(client);
    while (c.waiting) {
        struct directory *next = c.waiting->next;
        mem_free(c.waiting);
        c.waiting = next;
    }
    use.bytes = c.bytes + (uint64_t)(c.more_bytes + 0.5L);
    use.files = c.files + (uint64_t)(c.more_files + 0.5L);
    return c.error ? c.error : sally_fs_quota_set(quota_fs, &use, SALLY_QUOTA_USE);
}
