/* A stranger's program: knows the installed headers and library, nothing else. It has a function of
 * its own with a name that the library uses inside. */
#include <sallyport.h>

#include <stdio.h>
#include <string.h>

void buf_init(void);
void mem_wipe(void);

void buf_init(void)
{
    puts("my own");
}

void mem_wipe(void)
{
    puts("my own too");
}

int main(void)
{
    buf_init();
    mem_wipe();
    sally_server *server;
    sally_fs *fs;
    if (strcmp(sally_version(), SALLY_VERSION_STRING) != 0 ||
        sally_version_number() != SALLY_VERSION_NUMBER || sally_server_new(&server) != SALLY_E_OK) {
        return 1;
    }
    if (sally_fs_memory(&fs, 0) != SALLY_E_OK ||
        sally_server_add_user(server, "joe", "secret", fs) != SALLY_E_OK ||
        sally_server_add_listener(server, "sftp://127.0.0.1:0") != SALLY_E_OK) {
        fprintf(stderr, "%s\n", sally_server_error(server));
        return 1;
    }
    sally_fs_unref(fs);
    if (sally_server_start(server) != SALLY_E_OK) {
        fprintf(stderr, "%s\n", sally_server_error(server));
        return 1;
    }
    printf("%s\n", sally_server_listener(server, 0));
    sally_server_shutdown(server, 0);
    sally_server_wait(server);
    return sally_server_free(server) == SALLY_E_OK ? 0 : 1;
}
