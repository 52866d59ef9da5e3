/* What a sequence leaves behind, seen through a session of its own: names, kinds, sizes, modes,
 * times that were set, what links say, which names are of one file, and what is in it. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "sallyport/attrs.h"
#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"

#define VERSION    6
#define MAX_NODES  128
#define FIRST_MARK 50000u /* seconds since 1970, behind the times that sequences set */

struct node {
    char *path;
    uint32_t type;
};

struct walk {
    struct host *host;
    struct buf request, reply; /* the request without its length */
    struct node nodes[MAX_NODES];
    size_t count;
};

static void begin(struct walk *w, uint8_t type)
{
    buf_reset(&w->request);
    put_u32(&w->request, 0);
    put_u8(&w->request, type);
    put_u32(&w->request, 1);
}

/* The reply's body, behind the id; its type. */
static uint8_t ask(struct walk *w, struct cursor *body)
{
    wire_put_u32(buf_head(&w->request), (uint32_t)(w->request.size - 4));
    buf_reset(&w->reply);
    if (host_exchange(w->host, &w->request, 1, &w->reply) != NULL)
        abort();
    *body = cursor_of_slice(buf_slice(&w->reply));
    get_u32(body);
    uint8_t type = get_u8(body);
    get_u32(body);
    return type;
}

static uint8_t ask_path(struct walk *w, uint8_t type, const char *path, struct cursor *body)
{
    begin(w, type);
    put_text(&w->request, path);
    if (type == SSH_FXP_LSTAT)
        put_u32(&w->request, SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_PERMISSIONS |
                                 SSH_FILEXFER_ATTR_MODIFYTIME | SSH_FILEXFER_ATTR_LINK_COUNT);
    return ask(w, body);
}

/* False: there was none. */
static bool take_handle(struct buf *out, uint8_t type, struct cursor *body)
{
    buf_init(out, MAX_HANDLE);
    if (type == SSH_FXP_HANDLE) {
        struct slice s = get_string(body);
        put_bytes(out, s.data, s.size);
    }
    return type == SSH_FXP_HANDLE;
}

static uint8_t ask_handle(struct walk *w, uint8_t type, const struct buf *handle,
                          struct cursor *body)
{
    begin(w, type);
    put_slice(&w->request, buf_slice(handle));
    if (type == SSH_FXP_READ) {
        put_u64(&w->request, 0);
        put_u32(&w->request, 65536);
    }
    return ask(w, body);
}

static void close_handle(struct walk *w, struct buf *handle)
{
    struct cursor body;
    ask_handle(w, SSH_FXP_CLOSE, handle, &body);
    buf_clear(handle);
}

static int compare(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static void add_entries(struct walk *w, const char *directory, struct cursor *body)
{
    for (uint32_t count = get_u32(body); count; count--) {
        struct slice name = get_string(body);
        struct attrs_room room;
        struct buf path;
        if (!attrs_take(&room, VERSION, body) || w->count == MAX_NODES)
            abort();
        buf_init(&path, 4096);
        put_format(&path, "%s/%.*s", directory, (int)name.size, (const char *)name.data);
        put_u8(&path, 0);
        w->nodes[w->count++] =
            (struct node){.path = strdup((const char *)buf_head(&path)), .type = room.attrs.type};
        buf_clear(&path);
    }
}

/* Parents come before what is in them. */
static void list(struct walk *w, const char *directory)
{
    struct cursor body;
    struct buf handle;
    uint8_t type = ask_path(w, SSH_FXP_OPENDIR, *directory ? directory : "/", &body);
    size_t first = w->count;
    if (!take_handle(&handle, type, &body))
        return;
    while (ask_handle(w, SSH_FXP_READDIR, &handle, &body) == SSH_FXP_NAME)
        add_entries(w, directory, &body);
    close_handle(w, &handle);
    size_t end = w->count;
    qsort(w->nodes + first, end - first, sizeof w->nodes[0], compare);
    for (size_t i = first; i < end; i++)
        if (w->nodes[i].type == SALLY_TYPE_DIRECTORY)
            list(w, w->nodes[i].path);
}

static void describe(struct walk *w, struct buf *out, uint8_t request, const char *path)
{
    static const struct step any = {.act = ACT_LSTAT};
    struct cursor body;
    ask_path(w, request, path, &body);
    struct slice packet = buf_slice(&w->reply);
    put_u8(out, ' ');
    answer_describe(out, &any, VERSION, (struct slice){packet.data + 4, packet.size - 4}, false);
}

static void describe_data(struct walk *w, struct buf *out, const char *path)
{
    static const struct step read = {.act = ACT_READ};
    struct cursor body;
    struct buf handle;
    begin(w, SSH_FXP_OPEN);
    put_text(&w->request, path);
    put_u32(&w->request, ACE4_READ_DATA);
    put_u32(&w->request, SSH_FXF_OPEN_EXISTING);
    attrs_put_none(&w->request, VERSION);
    uint8_t type = ask(w, &body);
    if (!take_handle(&handle, type, &body)) {
        put_format(out, " cannot be opened");
        return;
    }
    ask_handle(w, SSH_FXP_READ, &handle, &body);
    struct slice packet = buf_slice(&w->reply);
    put_u8(out, ' ');
    answer_describe(out, &read, VERSION, (struct slice){packet.data + 4, packet.size - 4}, false);
    close_handle(w, &handle);
}

/* Each name marks its file by a time; of several names of one file, the last one's stays. */
static void mark(struct walk *w, size_t index)
{
    struct cursor body;
    const sally_attrs attrs = {.valid = SALLY_ATTR_TYPE | SALLY_ATTR_MTIME,
                               .type = SALLY_TYPE_REGULAR,
                               .mtime = {.seconds = (int64_t)(FIRST_MARK + index)}};
    begin(w, SSH_FXP_SETSTAT);
    put_text(&w->request, w->nodes[index].path);
    attrs_put(&w->request, VERSION, &attrs);
    ask(w, &body);
}

static void describe_node(struct walk *w, struct buf *out, const struct node *n)
{
    put_format(out, "\n  %s", n->path);
    describe(w, out, SSH_FXP_LSTAT, n->path);
    if (n->type == SALLY_TYPE_SYMLINK)
        describe(w, out, SSH_FXP_READLINK, n->path);
    if (n->type == SALLY_TYPE_REGULAR)
        describe_data(w, out, n->path);
}

void tree_take(struct buf *out, struct host *direct, sally_fs *fs)
{
    static const struct sequence plain = {
        .version = VERSION, .max_bytes = 1u << 20, .max_names = MANY_NAMES};
    struct walk w = {.host = direct};
    struct cursor body;
    buf_init(&w.request, 65536);
    buf_init(&w.reply, 1u << 20);
    host_begin(direct, fs, NULL, &plain, 0);
    list(&w, "");
    for (size_t i = 0; i < w.count; i++)
        describe_node(&w, out, &w.nodes[i]);
    for (size_t i = 0; i < w.count; i++)
        if (w.nodes[i].type == SALLY_TYPE_REGULAR)
            mark(&w, i);
    for (size_t i = 0; i < w.count; i++)
        if (w.nodes[i].type == SALLY_TYPE_REGULAR)
            describe(&w, out, SSH_FXP_LSTAT, w.nodes[i].path);
    for (size_t i = w.count; i-- > 0;) {
        bool directory = w.nodes[i].type == SALLY_TYPE_DIRECTORY;
        ask_path(&w, directory ? SSH_FXP_RMDIR : SSH_FXP_REMOVE, w.nodes[i].path, &body);
        free(w.nodes[i].path);
    }
    put_u8(out, 0);
    host_end(direct);
    buf_clear(&w.request);
    buf_clear(&w.reply);
}
