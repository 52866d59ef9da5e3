/* A storage whose files are descriptors: one flat folder, without subfolders or links.
 * Run it, then: sftp -P 2222 demo@127.0.0.1
 *
 *     ./descriptors DIRECTORY [sftp://127.0.0.1:2222]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sallyport.h>
#include <sallyport/posix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder is the storage's data, as everywhere below. */
static int folder_of(sally_fs *fs) { return *(int *)sally_fs_data(fs); }

/* The one name of a path, or none; "." for the folder itself. So no path leads out of it. */
static const char *name_of(const char *path) {
    if (strchr(path + 1, '/')) return "";
    return path[1] ? path + 1 : ".";
}
static sally_status answer(int result) {
    return result == 0 ? SALLY_OK : sally_status_from_errno(errno);
}

static sally_status folder_open(sally_fs *fs, sally_op *op) {
    int flags = sally_fd_flags(op) | O_NOFOLLOW;
    mode_t mode = sally_fd_mode(op, 0666);
    return sally_fd_open(fs, op, openat(folder_of(fs), name_of(op->path), flags, mode));
}
static sally_status folder_stat(sally_fs *fs, sally_op *op) {
    struct stat st;
    if (fstatat(folder_of(fs), name_of(op->path), &st, AT_SYMLINK_NOFOLLOW) != 0) return answer(-1);
    sally_attrs_from_stat(&op->u.stat.attrs, &st);
    return SALLY_OK;
}
static sally_status folder_setstat(sally_fs *fs, sally_op *op) {
    sally_attrs attrs = *op->u.setstat.attrs;
    attrs.permissions &= 0777; /* no set-user-id bits from strangers */
    return sally_attrs_apply_path(folder_of(fs), name_of(op->path), &attrs, 0);
}
static sally_status folder_remove(sally_fs *fs, sally_op *op) {
    return answer(unlinkat(folder_of(fs), name_of(op->path), 0));
}
static sally_status folder_rename(sally_fs *fs, sally_op *op) {
    struct stat st;
    const char *to = name_of(op->u.rename.to);
    if (!(op->u.rename.flags & SALLY_RENAME_OVERWRITE) &&
        fstatat(folder_of(fs), to, &st, AT_SYMLINK_NOFOLLOW) == 0) return SALLY_FILE_ALREADY_EXISTS;
    return answer(renameat(folder_of(fs), name_of(op->path), folder_of(fs), to));
}

static sally_status folder_opendir(sally_fs *fs, sally_op *op) {
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(folder_of(fs), op->path[1] ? "" : ".", flags);
    DIR *all = fd < 0 ? NULL : fdopendir(fd);
    if (!all) return answer(-1);
    return sally_file_set_data(op->file, fs, all, NULL) ? SALLY_FAILURE : SALLY_OK;
}
static sally_status folder_readdir(sally_fs *fs, sally_op *op) {
    DIR *all = sally_file_data(op->file, fs);
    for (struct dirent *entry; (entry = readdir(all)) != NULL;) {
        struct stat st;
        sally_attrs attrs;
        if (fstatat(dirfd(all), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue; /* gone by now */
        sally_attrs_from_stat(&attrs, &st);
        if (!sally_op_add_entry(op, entry->d_name, &attrs))
            return SALLY_OK; /* full: READDIR comes again */
    }
    return SALLY_EOF;
}
static sally_status folder_closedir(sally_fs *fs, sally_op *op) {
    return answer(closedir(sally_file_data(op->file, fs)));
}

int main(int argc, char **argv) {
    const sally_fs_methods methods = {
        .struct_size = sizeof methods, .open = folder_open, .stat = folder_stat,
        .setstat = folder_setstat, .remove = folder_remove, .rename = folder_rename,
        .opendir = folder_opendir, .readdir = folder_readdir, .closedir = folder_closedir,
        /* What is done to an open file is ready-made. */
        .read = sally_fd_read, .write = sally_fd_write, .fsync = sally_fd_fsync,
        .fstat = sally_fd_fstat, .fsetstat = sally_fd_fsetstat, .close = sally_fd_close};
    sally_server *server; sally_fs *fs;
    int folder = argc > 1 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder < 0) return fprintf(stderr, "usage: %s DIRECTORY [URL]\n", argv[0]), 2;
    if (sally_fs_new(&fs, &methods, &folder) || sally_server_new(&server)) return 1;
    if (sally_server_add_user(server, "demo", "demo", fs) ||
        sally_server_add_listener(server, argc > 2 ? argv[2] : "sftp://127.0.0.1:2222") ||
        sally_server_run(server))
        return fprintf(stderr, "%s\n", sally_server_error(server)), 1;
    return sally_server_free(server);
}
