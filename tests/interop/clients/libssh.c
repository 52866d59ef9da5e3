/* libssh PORT USER PASSWORD (LINK TARGET)...: with libssh. */
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    ssh_session session = ssh_new();
    int port = atoi(argv[1]), no = 0;
    ssh_options_set(session, SSH_OPTIONS_HOST, "127.0.0.1");
    ssh_options_set(session, SSH_OPTIONS_PORT, &port);
    ssh_options_set(session, SSH_OPTIONS_USER, argv[2]);
    ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no);
    if (ssh_connect(session) != SSH_OK ||
        ssh_userauth_password(session, NULL, argv[3]) != SSH_AUTH_SUCCESS) {
        fprintf(stderr, "%s\n", ssh_get_error(session));
        return 1;
    }
    sftp_session sftp = sftp_new(session);
    int failed = sftp_init(sftp);
    for (int i = 4; i + 1 < argc && !failed; i += 2)
        failed = sftp_symlink(sftp, argv[i + 1], argv[i]);
    sftp_free(sftp);
    ssh_disconnect(session);
    ssh_free(session);
    return failed ? 1 : 0;
}
