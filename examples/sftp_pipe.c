/* The SFTP engine alone, over standard input and output: for programs that have a transport
 * already. Try it without any SSH:
 *
 *     sftp -D "./sftp_pipe DIRECTORY"
 *
 * It waits for nothing but its input, so the storage must answer everything at once; sftp_socket.c
 * is for all storages.
 */
#include <errno.h>
#include <sallyport.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Writes everything that the engine has to say. */
static int drain(sally_sftp *sftp)
{
    const void *data;
    size_t size;
    while ((size = sally_sftp_output(sftp, &data)) > 0) {
        ssize_t sent = write(STDOUT_FILENO, data, size);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -1;
        sally_sftp_sent(sftp, (size_t)sent);
    }
    return 0;
}

/* Gives the engine `size` bytes, however many bites it takes. */
static int feed(sally_sftp *sftp, const char *data, size_t size)
{
    while (size > 0) {
        size_t taken;
        if (sally_sftp_input(sftp, data, size, &taken))
            return -1;
        data += taken;
        size -= taken;
        if (drain(sftp)) /* room for the rest */
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    sally_fs *folder;
    if (argc < 2 || sally_fs_local(&folder, argv[1], 0, 022)) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    sally_sftp_options options = {.struct_size = sizeof options, .user = "pipe"};
    sally_sftp *sftp;
    if (sally_sftp_new(&sftp, folder, &options))
        return 1;
    sally_fs_unref(folder);

    static char data[65536];
    int failed = 0;
    while (!failed) {
        ssize_t size = read(STDIN_FILENO, data, sizeof data);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            break;
        failed = feed(sftp, data, (size_t)size);
    }
    sally_sftp_eof(sftp);
    if (!failed)
        failed = drain(sftp);
    if (failed)
        fprintf(stderr, "the client broke the protocol, or left\n");
    sally_sftp_free(sftp);
    return failed ? 1 : 0;
}
