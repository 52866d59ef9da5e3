/* The client against a hostile server. The first byte is the version, the second how many calls
 * follow; then come the calls, a byte each, and what the server answers to them. */
#include <stdlib.h>
#include <string.h>

#include "../unit/client/script_transport.c" /* NOLINT(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_CALLS 32

static sally_client_file *file; /* the last one that was opened */

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Reads every byte that it is given, so that a sanitizer sees them. */
static void look_at(const void *data, size_t size)
{
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)data)[i]);
}

static void look_at_text(const char *text)
{
    look_at(text, strlen(text));
}

static void look_at_attrs(const sally_attrs *a)
{
    if (a->valid & SALLY_ATTR_NAMES) {
        look_at_text(a->owner);
        look_at_text(a->group);
    }
    if (a->valid & SALLY_ATTR_MIME_TYPE)
        look_at_text(a->mime_type);
    if (a->valid & SALLY_ATTR_UNTRANSLATED_NAME)
        look_at_text(a->untranslated_name);
    if (a->valid & SALLY_ATTR_ACL)
        look_at(a->acl, a->acl_size);
    for (size_t i = 0; a->valid & SALLY_ATTR_EXTENDED && i < a->extended_count; i++) {
        look_at_text(a->extended[i].name);
        look_at(a->extended[i].data, a->extended[i].size);
    }
}

static bool look_at_entry(void *user_data, const sally_client_entry *entry)
{
    (void)user_data;
    require(*entry->name && !strchr(entry->name, '/'));
    look_at_text(entry->name);
    look_at_text(entry->longname);
    look_at_attrs(&entry->attrs);
    return true;
}

static sally_status get(sally_client *c)
{
    const void *data;
    size_t size;
    sally_status status = sally_client_get(c, "/f", &data, &size);
    if (status == SALLY_OK)
        look_at(data, size + 1);
    return status;
}

static sally_status stat_it(sally_client *c)
{
    sally_attrs attrs;
    sally_status status = sally_client_stat(c, "/f", &attrs);
    if (status == SALLY_OK)
        look_at_attrs(&attrs);
    return status;
}

static sally_status read_it(sally_client *c)
{
    uint8_t data[100];
    uint32_t got;
    sally_status status = sally_client_read(c, file, 7, data, sizeof data, &got);
    require(got <= sizeof data);
    look_at(data, got);
    return status;
}

static sally_status text_of(sally_client *c, bool real)
{
    const char *text;
    sally_status status =
        real ? sally_client_realpath(c, "x", 0, &text) : sally_client_readlink(c, "x", &text);
    if (status == SALLY_OK)
        look_at_text(text);
    return status;
}

static sally_status digest(sally_client *c)
{
    sally_client_digests d;
    sally_status status = sally_client_hash(c, "x", "md5", 0, 0, 0, &d);
    if (status == SALLY_OK) {
        look_at_text(d.algorithm);
        look_at(d.digests, d.size);
    }
    return status;
}

static sally_status extended(sally_client *c)
{
    const void *data;
    size_t size;
    sally_status status = sally_client_extended(c, "x", "y", 1, &data, &size);
    look_at(data, size);
    return status;
}

static sally_status entry_of(sally_client *c)
{
    const sally_client_entry *entry;
    sally_status status = sally_client_readdir(c, file, &entry);
    if (status == SALLY_OK)
        look_at_entry(NULL, entry);
    return status;
}

static sally_status call(sally_client *c, uint8_t which)
{
    static const char data[1000];
    sally_op_statvfs room;
    switch (which % 13) {
    case 0:
        return sally_client_list(c, "/", look_at_entry, NULL);
    case 1:
        return get(c);
    case 2:
        return stat_it(c);
    case 3:
        return sally_client_open(c, "/f", SALLY_OPEN_READ, NULL, &file);
    case 4:
        return sally_client_opendir(c, "/f", &file);
    case 5:
        return read_it(c);
    case 6:
        return text_of(c, false);
    case 7:
        return text_of(c, true);
    case 8:
        return sally_client_statvfs(c, "/", &room);
    case 9:
        return digest(c);
    case 10:
        return extended(c);
    case 11:
        return entry_of(c);
    default:
        return sally_client_put(c, "/f", data, sizeof data);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sally_error error;
    if (size < 2 || size > 1 << 16 || data[1] % MAX_CALLS > size - 2)
        return 0;
    size_t calls = data[1] % MAX_CALLS;
    const sally_client_options options = {.struct_size = sizeof options,
                                          .version = 3 + data[0] % 4,
                                          .timeout_ms = UINT32_MAX,
                                          .block_size = 100,
                                          .max_get = 100000};
    sally_client *c = script_client(data + 2 + calls, size - 2 - calls, &options, &error);
    require((c == NULL) == (error != SALLY_E_OK));
    file = NULL;
    for (size_t i = 0; c && i < calls; i++) {
        sally_status status = call(c, data[2 + i]);
        require(status >= SALLY_OK && status <= SALLY_NO_MATCHING_BYTE_RANGE_LOCK);
        look_at_text(sally_client_message(c));
    }
    if (c)
        sally_client_disconnect(c);
    sally_client_free(c);
    return 0;
}
