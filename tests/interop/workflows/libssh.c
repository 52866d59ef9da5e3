/* libssh PORT USER PASSWORD SOURCE BACK: the work of test_workflows.py by libssh. */
#include <dirent.h>
#include <fcntl.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE     32768
#define IN_FLIGHT 16

static sftp_session sftp;

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "%s: SFTP error %d\n", what, sftp ? sftp_get_error(sftp) : -1);
    exit(1);
}

static void write_all(const char *remote, int flags, const char *data, size_t size)
{
    sftp_file file = sftp_open(sftp, remote, O_WRONLY | flags, 0644);
    check(file, remote);
    for (size_t at = 0; at < size;) {
        size_t piece = size - at < PIECE ? size - at : PIECE;
        ssize_t written = sftp_write(file, data + at, piece);
        check(written > 0, remote);
        at += (size_t)written;
    }
    check(sftp_close(file) == SSH_OK, remote);
}

static char *content(const char *local, size_t *size)
{
    struct stat st;
    FILE *file = fopen(local, "rb");
    check(file && fstat(fileno(file), &st) == 0, local);
    *size = (size_t)st.st_size;
    char *data = malloc(*size + 1);
    check(data && fread(data, 1, *size, file) == *size, local);
    fclose(file);
    return data;
}

static void put(const char *local, const char *remote)
{
    struct stat st;
    char from[4096], to[4096];
    check(stat(local, &st) == 0, local);
    if (S_ISDIR(st.st_mode)) {
        check(sftp_mkdir(sftp, remote, 0755) == 0, remote);
        DIR *dir = opendir(local);
        for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                continue;
            snprintf(from, sizeof from, "%s/%s", local, entry->d_name);
            snprintf(to, sizeof to, "%s/%s", remote, entry->d_name);
            put(from, to);
        }
        closedir(dir);
        return;
    }
    size_t size;
    char *data = content(local, &size);
    write_all(remote, O_CREAT | O_TRUNC, data, size);
    free(data);
    struct timeval times[2] = {{st.st_mtime, 0}, {st.st_mtime, 0}};
    check(sftp_utimes(sftp, remote, times) == 0, remote);
}

/* Several READs at once. */
static void get_file(const char *remote, const char *local)
{
    sftp_file file = sftp_open(sftp, remote, O_RDONLY, 0);
    FILE *out = fopen(local, "wb");
    check(file && out, remote);
    static char data[PIECE];
    uint32_t ids[IN_FLIGHT];
    unsigned first = 0, count = 0;
    bool ended = false;
    while (!ended || count) {
        for (; !ended && count < IN_FLIGHT; count++) {
            int id = sftp_async_read_begin(file, PIECE);
            check(id >= 0, remote);
            ids[(first + count) % IN_FLIGHT] = (uint32_t)id;
        }
        int got = sftp_async_read(file, data, PIECE, ids[first]);
        check(got >= 0, remote);
        ended = ended || got == 0;
        first = (first + 1) % IN_FLIGHT;
        count--;
        check(fwrite(data, 1, (size_t)got, out) == (size_t)got, local);
    }
    fclose(out);
    sftp_close(file);
}

static void get(const char *remote, const char *local)
{
    char from[4096], to[4096];
    mkdir(local, 0755);
    sftp_dir dir = sftp_opendir(sftp, remote);
    check(dir, remote);
    for (sftp_attributes entry; (entry = sftp_readdir(sftp, dir)) != NULL;
         sftp_attributes_free(entry)) {
        if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
            continue;
        snprintf(from, sizeof from, "%s/%s", remote, entry->name);
        snprintf(to, sizeof to, "%s/%s", local, entry->name);
        if (entry->type == SSH_FILEXFER_TYPE_DIRECTORY)
            get(from, to);
        else
            get_file(from, to);
    }
    check(sftp_dir_eof(dir), remote);
    sftp_closedir(dir);
}

static void do_work(const char *larger)
{
    size_t size;
    char *data = content(larger, &size);
    check(sftp_mkdir(sftp, "/desk", 0755) == 0, "mkdir");
    write_all("/desk/resumed", O_CREAT, data, size / 3);
    sftp_file file = sftp_open(sftp, "/desk/resumed", O_WRONLY, 0);
    check(file && sftp_seek64(file, size / 3) == 0, "seek");
    for (size_t at = size / 3; at < size; at += PIECE)
        check(sftp_write(file, data + at, size - at < PIECE ? size - at : PIECE) > 0, "the rest");
    check(sftp_fsync(file) == 0, "fsync");
    sftp_close(file);
    free(data);
    write_all("/desk/appended", O_CREAT, "one", 3);
    write_all("/desk/appended", O_APPEND, " two", 4);
    write_all("/desk/plain", O_CREAT | O_EXCL, "plain", 5);
    check(sftp_rename(sftp, "/desk/plain", "/desk/renamed") == 0, "rename");
    write_all("/desk/mode", O_CREAT, "mode", 4);
    check(sftp_chmod(sftp, "/desk/mode", 0640) == 0, "chmod");
    sftp_attributes attrs = sftp_stat(sftp, "/desk/mode");
    check(attrs && (attrs->permissions & 07777) == 0640 && attrs->size == 4, "stat");
    sftp_attributes_free(attrs);
    check(sftp_symlink(sftp, "renamed", "/desk/link") == 0, "symlink");
    char *target = sftp_readlink(sftp, "/desk/link");
    check(target && strcmp(target, "renamed") == 0, "readlink");
    ssh_string_free_char(target);
    write_all("/desk/removed", O_CREAT, "x", 1);
    check(sftp_unlink(sftp, "/desk/removed") == 0, "unlink");
    check(!sftp_stat(sftp, "/desk/removed") && sftp_get_error(sftp) == SSH_FX_NO_SUCH_FILE,
          "missing");
    check(sftp_mkdir(sftp, "/desk/folder", 0700) == 0 && sftp_rmdir(sftp, "/desk/folder") == 0,
          "rmdir");
    sftp_statvfs_t space = sftp_statvfs(sftp, "/desk");
    check(space && space->f_bsize > 0, "statvfs");
    sftp_statvfs_free(space);
}

int main(int argc, char **argv)
{
    unsigned port = argc == 6 ? (unsigned)atoi(argv[1]) : 0;
    int no = 0;
    char larger[4096];
    ssh_session ssh = ssh_new();
    check(argc == 6 && ssh, "arguments");
    ssh_options_set(ssh, SSH_OPTIONS_HOST, "127.0.0.1");
    ssh_options_set(ssh, SSH_OPTIONS_PORT, &port);
    ssh_options_set(ssh, SSH_OPTIONS_USER, argv[2]);
    ssh_options_set(ssh, SSH_OPTIONS_PROCESS_CONFIG, &no);
    check(ssh_connect(ssh) == SSH_OK &&
              ssh_userauth_password(ssh, NULL, argv[3]) == SSH_AUTH_SUCCESS,
          "login");
    sftp = sftp_new(ssh);
    check(sftp && sftp_init(sftp) == SSH_OK, "sftp");
    put(argv[4], "/there");
    get("/there", argv[5]);
    snprintf(larger, sizeof larger, "%s/larger", argv[4]);
    do_work(larger);
    sftp_free(sftp);
    ssh_disconnect(ssh);
    ssh_free(ssh);
    return 0;
}
