/* The SFTP engine over a socket of the program's own, without SSH: a thread for each client, and a
 * storage that may answer late. Try it with anything that moves bytes both ways, such as
 *
 *     ./sftp_socket DIRECTORY /tmp/sftp.socket
 *     sftp -D "socat - UNIX-CONNECT:/tmp/sftp.socket"
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sallyport.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static sally_fs *storage;

struct client {
    int socket, wake;
    sally_sftp *sftp;
    size_t size, taken; /* what has come, and how much of it the engine has taken so far */
    bool ended;         /* nothing more will come */
    char data[65536];
};

/* Called on threads of the storage's: it only makes poll() return. */
static void wake(void *user_data)
{
    const struct client *client = user_data;
    (void)eventfd_write(client->wake, 1);
}

/* Gives the engine what it has not taken yet, even if that is nothing. */
static bool feed(struct client *client)
{
    size_t taken;
    if (sally_sftp_input(client->sftp, client->data + client->taken,
                         client->size - client->taken, &taken))
        return false; /* it broke the protocol */
    client->taken += taken;
    return true;
}

static bool receive(struct client *client)
{
    ssize_t size = recv(client->socket, client->data, sizeof client->data, MSG_DONTWAIT);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR;
    client->size = (size_t)size;
    client->taken = 0;
    client->ended = size == 0;
    return true;
}

static bool send_answers(struct client *client)
{
    const void *data;
    size_t size;
    while ((size = sally_sftp_output(client->sftp, &data)) > 0) {
        ssize_t sent = send(client->socket, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        sally_sftp_sent(client->sftp, (size_t)sent);
    }
    return true;
}

static bool step(struct client *client)
{
    const void *data;
    eventfd_t count;
    bool all_taken = client->taken == client->size;
    struct pollfd watched[] = {{.fd = client->socket}, {.fd = client->wake, .events = POLLIN}};
    if (all_taken && !client->ended)
        watched[0].events |= POLLIN;
    if (sally_sftp_output(client->sftp, &data) > 0)
        watched[0].events |= POLLOUT;
    if (watched[0].events == 0)
        watched[0].fd = -1; /* a client that has gone would be reported without end */
    if (poll(watched, 2, -1) < 0)
        return errno == EINTR;
    if (watched[1].revents)
        (void)eventfd_read(client->wake, &count);
    if (watched[0].events & POLLIN && watched[0].revents && !receive(client))
        return false;
    if (client->ended)
        sally_sftp_eof(client->sftp);
    return feed(client) && send_answers(client);
}

static void *serve(void *arg)
{
    static _Atomic uint64_t sessions; /* their numbers, for logs */
    struct client client = {.socket = (int)(intptr_t)arg};
    const sally_sftp_options options = {.struct_size = sizeof options,
                                        .user = "local",
                                        .session_id = ++sessions,
                                        .on_wake = wake,
                                        .user_data = &client};
    client.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (client.wake >= 0 && !sally_sftp_new(&client.sftp, storage, &options))
        while (!sally_sftp_done(client.sftp) && step(&client))
            continue;
    sally_sftp_free(client.sftp); /* after this, `wake` is no longer called */
    close(client.wake);
    close(client.socket);
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t room = sizeof address.sun_path;
    if (argc < 3 || (size_t)snprintf(address.sun_path, room, "%s", argv[2]) >= room)
        return fprintf(stderr, "usage: %s DIRECTORY SOCKET\n", argv[0]), 2;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(argv[2]);
    if (sally_fs_local(&storage, argv[1], 0, 022) || listener < 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16))
        return perror(argv[0]), 1;
    for (;;) {
        int client = accept(listener, NULL, NULL);
        pthread_t thread;
        if (client < 0)
            continue;
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)client) == 0)
            pthread_detach(thread);
        else
            close(client);
    }
}
