/* The SFTP engine behind another SSH library, libssh: for one client, the user demo with that
 * password. DIRECTORY, the file of a host key and a port are the arguments. */
#include <libssh/server.h>
#include <poll.h>
#include <sallyport.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct client {
    sally_sftp *sftp;
    ssh_channel channel;
    int wake;
    size_t size, taken; /* what has come, and how much of it the engine has taken so far */
    char data[32768];
};

/* Called on threads of the storage's. */
static void on_wake(void *user_data)
{
    const struct client *c = user_data;
    (void)eventfd_write(c->wake, 1);
}

static int on_woken(socket_t fd, int revents, void *user_data)
{
    eventfd_t count;
    (void)revents;
    (void)user_data;
    (void)eventfd_read(fd, &count);
    return 0;
}

/* How many bytes moved; negative when the client is gone. */
static long receive(struct client *c)
{
    size_t before = c->taken, taken = 0;
    if (c->taken == c->size && !ssh_channel_is_eof(c->channel)) {
        int size = ssh_channel_read_nonblocking(c->channel, c->data, sizeof c->data, 0);
        if (size == SSH_ERROR)
            return -1;
        c->size = size > 0 ? (size_t)size : 0;
        c->taken = before = 0;
    }
    if (ssh_channel_is_eof(c->channel) && ssh_channel_poll(c->channel, 0) <= 0)
        sally_sftp_eof(c->sftp);
    if (sally_sftp_input(c->sftp, c->data + c->taken, c->size - c->taken, &taken))
        return -1;
    c->taken += taken;
    return (long)(c->taken - before);
}

static long send_answers(struct client *c)
{
    const void *data;
    size_t size;
    uint32_t room;
    long all = 0;
    while ((size = sally_sftp_output(c->sftp, &data)) > 0 &&
           (room = ssh_channel_window_size(c->channel)) > 0) {
        int sent = ssh_channel_write(c->channel, data, size < room ? (uint32_t)size : room);
        if (sent <= 0)
            return -1;
        sally_sftp_sent(c->sftp, (size_t)sent);
        all += sent;
    }
    return all;
}

static void serve(struct client *c, ssh_session session, sally_fs *folder)
{
    const sally_sftp_options options = {
        .struct_size = sizeof options, .user = "demo", .on_wake = on_wake, .user_data = c};
    if (sally_sftp_new(&c->sftp, folder, &options))
        return;
    ssh_event event = ssh_event_new();
    ssh_event_add_session(event, session);
    ssh_event_add_fd(event, c->wake, POLLIN, on_woken, NULL);
    while (!sally_sftp_done(c->sftp)) {
        long received = receive(c), sent = received < 0 ? -1 : send_answers(c);
        if (received < 0 || sent < 0)
            break;
        if (received == 0 && sent == 0 && !sally_sftp_done(c->sftp) &&
            ssh_event_dopoll(event, -1) == SSH_ERROR)
            break;
    }
    ssh_event_remove_fd(event, c->wake);
    ssh_event_remove_session(event, session);
    ssh_event_free(event);
    sally_sftp_free(c->sftp);
}

/* The client's login and its one channel; NULL: it has given up. */
static ssh_channel log_in(ssh_session session)
{
    ssh_channel channel = NULL;
    bool in = false;
    for (ssh_message m; (m = ssh_message_get(session)) != NULL; ssh_message_free(m)) {
        int type = ssh_message_type(m), subtype = ssh_message_subtype(m);
        if (type == SSH_REQUEST_AUTH && subtype == SSH_AUTH_METHOD_PASSWORD &&
            !strcmp(ssh_message_auth_user(m), "demo") &&
            !strcmp(ssh_message_auth_password(m), "demo")) {
            in = true;
            ssh_message_auth_reply_success(m, 0);
        } else if (type == SSH_REQUEST_AUTH) {
            ssh_message_auth_set_methods(m, SSH_AUTH_METHOD_PASSWORD);
            ssh_message_reply_default(m);
        } else if (in && type == SSH_REQUEST_CHANNEL_OPEN && subtype == SSH_CHANNEL_SESSION &&
                   !channel) {
            channel = ssh_message_channel_request_open_reply_accept(m);
        } else if (channel && type == SSH_REQUEST_CHANNEL &&
                   subtype == SSH_CHANNEL_REQUEST_SUBSYSTEM &&
                   !strcmp(ssh_message_channel_request_subsystem(m), "sftp")) {
            ssh_message_channel_request_reply_success(m);
            ssh_message_free(m);
            return channel;
        } else {
            ssh_message_reply_default(m);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct client c;
    sally_fs *folder;
    ssh_bind listener = ssh_bind_new();
    ssh_session session = ssh_new();
    c.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (argc != 4 || c.wake < 0 || sally_fs_local(&folder, argv[1], 0, 022) ||
        ssh_bind_options_set(listener, SSH_BIND_OPTIONS_BINDADDR, "127.0.0.1") ||
        ssh_bind_options_set(listener, SSH_BIND_OPTIONS_HOSTKEY, argv[2]) ||
        ssh_bind_options_set(listener, SSH_BIND_OPTIONS_BINDPORT_STR, argv[3]) ||
        ssh_bind_listen(listener) || ssh_bind_accept(listener, session) ||
        ssh_handle_key_exchange(session)) {
        fprintf(stderr, "%s %s\n", ssh_get_error(listener), ssh_get_error(session));
        return 1;
    }
    c.channel = log_in(session);
    if (c.channel)
        serve(&c, session, folder);
    ssh_disconnect(session);
    ssh_free(session);
    ssh_bind_free(listener);
    close(c.wake);
    sally_fs_unref(folder);
    return c.channel ? 0 : 1;
}
