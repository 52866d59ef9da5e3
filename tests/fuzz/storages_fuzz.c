/* Compares the memory storage with the local one: the same operations on both, by two users, below
 * a root if the input says so. Their answers, the data and the results of STAT and listings must be
 * the same, except where the comparison deliberately ignores a difference. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bare_engine.h"
#include "base/mem.h"
#include "fs/driver.h"
#include "fs/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES       6
#define ACTIONS_MAX 120
#define DATA_MAX    300000u

enum { MEMORY, LOCAL, STORAGES, USERS = 2 };

struct pair {
    struct driver drivers[STORAGES][USERS];
    sally_file *files[STORAGES][USERS][FILES];
    bool is_open[USERS][FILES];
    char history[ACTIONS_MAX * 80]; /* to analyse a failure */
};

static const char *const paths[] = {"/a", "/b",   "/d",      "/d/a", "/d/e", "/d/e/f", "/d/e/l",
                                    "/l", "/d/l", "/none/x", "/a/x", "/",    "/l/a",   "/d/l/a"};
static const char *const targets[] = {"a", "../a", "/d", "d/e", "l", "..", "/none", "../../../d"};

/* ---- Comparing ---- */

static _Noreturn void fail(const struct pair *p, const char *what, long memory, long local)
{
    fprintf(stderr, "%s\n%s: %ld in memory, %ld locally\n", p->history, what, memory, local);
    abort();
}

static void same(const struct pair *p, const char *what, long memory, long local)
{
    if (memory != local)
        fail(p, what, memory, local);
}

static void same_status(const struct pair *p, const sally_status got[STORAGES])
{
    same(p, "status", (long)got[MEMORY], (long)got[LOCAL]);
}

/* If both paths are at fault, either may be reported. */
static void same_success(const struct pair *p, const sally_status got[STORAGES])
{
    if ((got[MEMORY] == SALLY_OK) != (got[LOCAL] == SALLY_OK))
        same_status(p, got);
}

/* A directory's size and a link's permissions are the system's own. */
static void same_attrs(const struct pair *p, const sally_attrs attrs[STORAGES])
{
    const sally_attrs *m = &attrs[MEMORY], *l = &attrs[LOCAL];
    same(p, "type", (long)m->type, (long)l->type);
    if (m->type == SALLY_TYPE_REGULAR)
        same(p, "size", (long)m->size, (long)l->size);
    if (m->type != SALLY_TYPE_SYMLINK)
        same(p, "permissions", (long)(m->permissions & 0777), (long)(l->permissions & 0777));
    if (m->type == SALLY_TYPE_REGULAR && m->valid & l->valid & SALLY_ATTR_LINK_COUNT)
        same(p, "links", (long)m->link_count, (long)l->link_count);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void same_listings(const struct pair *p, struct listing lists[STORAGES])
{
    same(p, "entries", (long)lists[MEMORY].count, (long)lists[LOCAL].count);
    for (int i = 0; i < STORAGES; i++)
        if (lists[i].count)
            qsort(lists[i].names, lists[i].count, sizeof *lists[i].names, by_name);
    for (unsigned i = 0; i < lists[MEMORY].count; i++)
        if (strcmp(lists[MEMORY].names[i], lists[LOCAL].names[i]) != 0)
            fail(p, lists[MEMORY].names[i], (long)i, (long)i);
}

/* ---- Actions ---- */

struct action {
    uint8_t kind, user, file;
    const char *path, *other;
    uint32_t number; /* an offset, a size, flags */
};

#define ON_BOTH(call)                                                                              \
    for (int i = 0; i < STORAGES; i++) {                                                           \
        struct driver *d = &p->drivers[i][a->user];                                                \
        sally_file *file = p->files[i][a->user][a->file];                                          \
        (void)file;                                                                                \
        got[i] = (call);                                                                           \
    }

#define SAME_ON_BOTH(call)                                                                         \
    ON_BOTH(call)                                                                                  \
    same_status(p, got)

static void open_file(struct pair *p, const struct action *a)
{
    static const uint32_t ways[] = {
        SALLY_OPEN_READ,
        SALLY_OPEN_READ | SALLY_OPEN_WRITE,
        SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE,
        SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE,
        SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_EXCLUSIVE,
        SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_APPEND,
        SALLY_OPEN_READ | SALLY_OPEN_NOFOLLOW,
        SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_BLOCK_WRITE};
    sally_status got[STORAGES];
    uint32_t flags = ways[a->number % COUNT_OF(ways)];
    if (p->is_open[a->user][a->file])
        return;
    SAME_ON_BOTH(
        do_open_mode(d, a->path, flags, 0600 | (a->number & 0177), &p->files[i][a->user][a->file]));
    for (int i = 0; i < STORAGES && got[MEMORY] == SALLY_OK; i++)
        p->is_open[a->user][a->file] = true;
}

static void close_file(struct pair *p, const struct action *a)
{
    sally_status got[STORAGES];
    SAME_ON_BOTH(do_close(d, file));
    p->is_open[a->user][a->file] = false;
}

static uint32_t length_of(const struct action *a)
{
    return a->number % 5 == 0 ? 70000 : a->number % 900;
}

static void read_file(struct pair *p, const struct action *a)
{
    static uint8_t bytes[STORAGES][70000];
    uint32_t lengths[STORAGES] = {length_of(a), length_of(a)};
    sally_status got[STORAGES];
    SAME_ON_BOTH(do_read(d, file, a->number % DATA_MAX, bytes[i], &lengths[i]));
    same(p, "read", (long)lengths[MEMORY], (long)lengths[LOCAL]);
    if (got[MEMORY] == SALLY_OK && memcmp(bytes[MEMORY], bytes[LOCAL], lengths[MEMORY]) != 0)
        fail(p, "data", 0, 0);
}

static void write_file(struct pair *p, const struct action *a)
{
    static uint8_t bytes[70000];
    sally_status got[STORAGES];
    memset(bytes, (int)(a->number % 251 + 1), sizeof bytes);
    SAME_ON_BOTH(do_write(d, file, a->number % DATA_MAX, bytes, length_of(a)));
}

static void change(struct pair *p, const struct action *a, bool by_handle)
{
    sally_status got[STORAGES];
    sally_attrs attrs = {.valid = SALLY_ATTR_SIZE, .size = a->number % DATA_MAX};
    if (a->number % 3 == 0)
        attrs = (sally_attrs){.valid = SALLY_ATTR_PERMISSIONS,
                              .permissions = 0700 | (a->number >> 2 & 077)};
    if (by_handle) {
        SAME_ON_BOTH(do_fsetstat(d, file, &attrs));
    } else {
        ON_BOTH(do_setstat(d, a->path, 0, &attrs))
        same_success(p, got); /* of a link: the system's errors are vague */
    }
}

static void stat_path(struct pair *p, const struct action *a)
{
    sally_attrs attrs[STORAGES];
    sally_status got[STORAGES];
    SAME_ON_BOTH(do_stat(d, a->path, a->number & 1 ? SALLY_FOLLOW : 0, &attrs[i]));
    if (got[MEMORY] == SALLY_OK)
        same_attrs(p, attrs);
}

static void stat_file(struct pair *p, const struct action *a)
{
    sally_attrs attrs[STORAGES];
    sally_status got[STORAGES];
    SAME_ON_BOTH(do_fstat(d, file, &attrs[i]));
    if (got[MEMORY] == SALLY_OK)
        same_attrs(p, attrs);
}

static void text(struct pair *p, const struct action *a, uint32_t kind)
{
    static char texts[STORAGES][TEXT_SIZE];
    sally_status got[STORAGES];
    SAME_ON_BOTH(do_text(d, kind, a->path, SALLY_REALPATH_STAT_IF, texts[i]));
    if (strcmp(texts[MEMORY], texts[LOCAL]) != 0)
        fail(p, texts[MEMORY], 0, 0);
}

static void list(struct pair *p, const struct action *a)
{
    struct listing lists[STORAGES];
    sally_status got[STORAGES];
    SAME_ON_BOTH(do_list(d, a->path, 1 + a->number % 9, &lists[i]));
    same_listings(p, lists);
    for (int i = 0; i < STORAGES; i++)
        listing_clear(&lists[i]);
}

static void lock(struct pair *p, const struct action *a, uint32_t kind)
{
    static const uint32_t blocks[] = {SALLY_OPEN_BLOCK_WRITE,
                                      SALLY_OPEN_BLOCK_READ | SALLY_OPEN_BLOCK_WRITE,
                                      SALLY_OPEN_BLOCK_WRITE | SALLY_OPEN_BLOCK_ADVISORY};
    sally_status got[STORAGES];
    SAME_ON_BOTH(do_lock(d, kind, file, a->number % 64, a->number / 64 % 64,
                         kind == SALLY_OP_LOCK ? blocks[a->number % COUNT_OF(blocks)] : 0));
}

static void hash(struct pair *p, const struct action *a)
{
    static char texts[STORAGES][HASH_TEXT_SIZE];
    const sally_op_hash how = {.algorithms = "sha256", .offset = a->number % 1000};
    sally_status got[STORAGES];
    SAME_ON_BOTH(do_hash(d, NULL, a->path, &how, texts[i]));
    if (strcmp(texts[MEMORY], texts[LOCAL]) != 0)
        fail(p, "hash", 0, 0);
}

static void two(struct pair *p, const struct action *a, uint32_t kind)
{
    static const uint32_t flags[] = {0, SALLY_RENAME_OVERWRITE,
                                     SALLY_RENAME_OVERWRITE | SALLY_RENAME_ATOMIC};
    sally_status got[STORAGES];
    ON_BOTH(do_two(d, kind, a->path, a->other,
                   kind == SALLY_OP_RENAME ? flags[a->number % COUNT_OF(flags)] : 0))
    same_success(p, got);
}

/* Not every local file system has ACLs and extended attributes: only in memory. */
static void describe(struct pair *p, const struct action *a)
{
    static const char *const names[] = {"user.a", "user.b", "user.", "trusted.a", ""};
    uint8_t acl[64];
    for (size_t i = 0; i < sizeof acl; i++)
        acl[i] = (uint8_t)(i % 4 < 3 ? 0 : a->number >> i % 7);
    const sally_pair pair = {
        .name = names[a->number % COUNT_OF(names)], .data = acl, .size = a->number % sizeof acl};
    const sally_attrs attrs = {.valid = a->number & 0x100 ? SALLY_ATTR_EXTENDED : SALLY_ATTR_ACL,
                               .acl = acl,
                               .acl_size = a->number % sizeof acl,
                               .extended = &pair,
                               .extended_count = 1};
    sally_attrs got;
    (void)do_setstat(&p->drivers[MEMORY][a->user], a->path, SALLY_FOLLOW, &attrs);
    (void)do_stat(&p->drivers[MEMORY][a->user], a->path, SALLY_FOLLOW, &got);
}

static void act_on_path(struct pair *p, const struct action *a)
{
    sally_status got[STORAGES];
    switch (a->kind % 13) {
    case 12:
        describe(p, a);
        break;
    case 0:
        SAME_ON_BOTH(do_mkdir(d, a->path, 0700 | (a->number & 077)));
        break;
    case 1:
        SAME_ON_BOTH(do_path(d, SALLY_OP_RMDIR, a->path));
        break;
    case 2:
        SAME_ON_BOTH(do_path(d, SALLY_OP_REMOVE, a->path));
        break;
    case 3:
        two(p, a, SALLY_OP_RENAME);
        break;
    case 4:
        two(p, a, SALLY_OP_LINK);
        break;
    case 5:
        SAME_ON_BOTH(do_symlink(d, a->path, targets[a->number % COUNT_OF(targets)]));
        break;
    case 6:
        text(p, a, SALLY_OP_READLINK);
        break;
    case 7:
        text(p, a, SALLY_OP_REALPATH);
        break;
    case 8:
        change(p, a, false);
        break;
    case 9:
        list(p, a);
        break;
    case 10:
        hash(p, a);
        break;
    default:
        stat_path(p, a);
        break;
    }
}

static void act_on_file(struct pair *p, const struct action *a)
{
    switch (a->kind % 8) {
    case 0:
    case 1:
        write_file(p, a);
        break;
    case 2:
    case 3:
        read_file(p, a);
        break;
    case 4:
        change(p, a, true);
        break;
    case 5:
        lock(p, a, a->number & 0x8000 ? SALLY_OP_UNLOCK : SALLY_OP_LOCK);
        break;
    case 6:
        stat_file(p, a);
        break;
    default:
        close_file(p, a);
        break;
    }
}

/* Four bytes each: what, where, and two that say how. */
static bool next_action(struct cursor *input, struct action *a)
{
    uint8_t kind = get_u8(input), place = get_u8(input);
    uint32_t number = get_u8(input);
    number = number << 8 | get_u8(input);
    *a = (struct action){
        .kind = kind & 0x3f,
        .user = kind >> 7,
        .file = place % FILES,
        .path = paths[place % COUNT_OF(paths)],
        .other = paths[number % COUNT_OF(paths)],
        .number = number,
    };
    return !input->bad;
}

static void note(struct pair *p, const struct action *a)
{
    char line[80];
    snprintf(line, sizeof line, "kind %u user %u file %u%s %s %s %u\n", (unsigned)a->kind,
             (unsigned)a->user, (unsigned)a->file, p->is_open[a->user][a->file] ? " (open)" : "",
             a->path, a->other, (unsigned)a->number);
    size_t have = strlen(p->history);
    snprintf(p->history + have, sizeof p->history - have, "%s", line);
}

static void act(struct pair *p, const struct action *a)
{
    note(p, a);
    if (a->kind < 8)
        open_file(p, a);
    else if (a->kind < 32)
        act_on_path(p, a);
    else if (p->is_open[a->user][a->file])
        act_on_file(p, a);
}

/* ---- The storages ---- */

static sally_fs *below(sally_fs *fs)
{
    sally_fs *root;
    if (sally_fs_chroot(&root, fs, "/root") != SALLY_E_OK)
        abort();
    sally_fs_unref(fs);
    return root;
}

static void make_root(sally_fs *fs)
{
    struct driver d;
    driver_start(&d, fs, DRIVER_INLINE);
    if (do_mkdir(&d, "/root", 0755) != SALLY_OK)
        abort();
    driver_stop(&d);
}

static void start(struct pair *p, const char *directory, bool has_root)
{
    sally_fs *fs[STORAGES];
    if (sally_fs_memory(&fs[MEMORY], 0) != SALLY_E_OK ||
        sally_fs_local(&fs[LOCAL], directory, 0, 0) != SALLY_E_OK)
        abort();
    for (int i = 0; i < STORAGES; i++) {
        if (has_root) {
            make_root(fs[i]);
            fs[i] = below(fs[i]);
        }
        driver_start_as(&p->drivers[i][0], fs[i], "joe", 1);
        driver_start_as(&p->drivers[i][1], fs[i], "ann", 2);
        sally_fs_unref(fs[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_of(data, size);
    struct action a;
    char directory[SCRATCH_SIZE];
    struct pair *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    umask(0);
    if (chmod(scratch_make_in(directory, "/dev/shm"), 0755) != 0)
        abort();
    start(p, directory, get_u8(&input) & 1);
    for (int i = 0; i < ACTIONS_MAX && next_action(&input, &a); i++)
        act(p, &a);
    for (int i = 0; i < STORAGES; i++)
        for (int user = 0; user < USERS; user++)
            driver_stop(&p->drivers[i][user]);
    free(p);
    scratch_remove(directory);
    return 0;
}
