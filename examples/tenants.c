/* Two users on one disk: each has a directory of its own, as much room as it was given, a place for
 * uploads that are seen when they are complete, and a library that both may read.
 *
 *     ./tenants DIRECTORY [sftp://127.0.0.1:2222]
 *
 * DIRECTORY needs "alice", "alice/upload", "bob", "bob/upload" and "library". The password is the
 * name.
 */
#include <inttypes.h>
#include <sallyport.h>
#include <stdio.h>
#include <string.h>

#define ROOM  UINT64_C(1000000) /* bytes for each user */
#define FILES UINT64_C(1000)

static const char *const names[] = {"alice", "bob"};
static const char *const directories[] = {"/alice", "/bob"};

/* What a user sees, from the inside out. All share the disk's locks: there is one storage of it. */
struct tenant {
    sally_fs *root;   /* the user's directory: no path and no link leads out of it */
    sally_fs *quota;  /* what is in it, its uploads included */
    sally_fs *upload; /* "/upload" of it, where files get their names when they are complete */
    sally_fs *staged;
    sally_fs *tree; /* with the upload area and the library in their places */
    sally_fs *view; /* as far as the user may */
};

static sally_error mount(struct tenant *tenant, sally_fs *library)
{
    const sally_mount mounts[] = {
        {.struct_size = sizeof mounts[0], .path = "/upload", .fs = tenant->staged},
        {.struct_size = sizeof mounts[0], .path = "/library", .fs = library},
    };
    return sally_fs_mounts(&tenant->tree, tenant->quota, mounts, 2);
}

/* The first rule about a path decides. */
static sally_error restrict_to(struct tenant *tenant)
{
    const sally_filter_rule rules[] = {
        /* Users do not see what the operator keeps with the files. */
        {.struct_size = sizeof rules[0], .names = ".admin", .flags = SALLY_FILTER_HIDDEN},
        /* Programs are not taken; what is there already can be read. */
        {.struct_size = sizeof rules[0],
         .path = "/upload",
         .names = "*.exe",
         .permissions = SALLY_MAY_VIEW | SALLY_MAY_REMOVE},
    };
    return sally_fs_filter(&tenant->view, tenant->tree, rules, 2);
}

static sally_error set_up(struct tenant *tenant, sally_fs *disk, sally_fs *library,
                          const char *directory)
{
    sally_error error = sally_fs_chroot(&tenant->root, disk, directory);
    if (!error)
        error = sally_fs_quota(&tenant->quota, tenant->root, ROOM, FILES);
    /* A program that runs for long counts first what is there already: see sally_fs_quota_set(). */
    if (!error)
        error = sally_fs_chroot(&tenant->upload, tenant->quota, "/upload");
    if (!error)
        error = sally_fs_staging(&tenant->staged, tenant->upload, NULL);
    if (!error)
        error = mount(tenant, library);
    if (!error)
        error = restrict_to(tenant);
    return error;
}

/* When a session has ended, and all its files are closed. */
static sally_status report(void *user_data, sally_op *op)
{
    const struct tenant *tenants = user_data;
    sally_quota use = {.struct_size = sizeof use};
    for (int i = 0; i < 2; i++)
        if (!strcmp(names[i], sally_session_user(op->session)) &&
            !sally_fs_quota_get(tenants[i].quota, &use))
            printf("%s: %" PRIu64 " bytes in %" PRIu64 " files\n", names[i], use.bytes, use.files);
    fflush(stdout);
    return op->status;
}

static void clear(struct tenant *tenant)
{
    sally_fs_unref(tenant->root);
    sally_fs_unref(tenant->quota);
    sally_fs_unref(tenant->upload);
    sally_fs_unref(tenant->staged);
    sally_fs_unref(tenant->tree);
    sally_fs_unref(tenant->view);
}

int main(int argc, char **argv)
{
    struct tenant tenants[2] = {{.root = NULL}, {.root = NULL}};
    sally_fs *disk = NULL, *shelf = NULL, *library = NULL;
    sally_server *server = NULL;
    if (argc < 2) {
        fprintf(stderr, "usage: %s DIRECTORY [URL]\n", argv[0]);
        return 2;
    }
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .user_data = tenants,
                               .after_mask = SALLY_OP_BIT(SALLY_OP_SESSION_END),
                               .after = report};
    sally_error error = sally_server_new(&server);
    if (!error)
        error = sally_server_add_hooks(server, &hooks);
    if (!error)
        error = sally_fs_local(&disk, argv[1], 0, 022);
    if (!error)
        error = sally_fs_chroot(&shelf, disk, "/library");
    if (!error)
        error = sally_fs_readonly(&library, shelf);
    for (int i = 0; i < 2 && !error; i++) {
        error = set_up(&tenants[i], disk, library, directories[i]);
        if (!error)
            error = sally_server_add_user(server, names[i], names[i], tenants[i].view);
    }
    if (!error)
        error = sally_server_add_listener(server, argc > 2 ? argv[2] : "sftp://127.0.0.1:2222");
    if (!error)
        error = sally_server_run(server);
    if (error)
        fprintf(stderr, "%s: %s\n", sally_strerror(error),
                server ? sally_server_error(server) : "");
    sally_server_free(server);
    for (int i = 0; i < 2; i++)
        clear(&tenants[i]);
    sally_fs_unref(library);
    sally_fs_unref(shelf);
    sally_fs_unref(disk);
    return error ? 1 : 0;
}
