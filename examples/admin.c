/* A console for who runs a server: who is there, how fast, and what they have open; slowing down
 * and ending connections. Type "help".
 *
 *     ./admin DIRECTORY [sftp://127.0.0.1:2222]
 */
#include <inttypes.h>
#include <sallyport.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What a connection had moved at a look; rates are what has come since the one before. */
struct mark {
    uint64_t id, in, out;
};

struct look {
    struct timespec time;
    size_t count;
    struct mark marks[1024];
};

struct looks {
    struct look last, now;
};

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

static bool show_connection(void *user_data, const sally_connection_info *info)
{
    struct looks *looks = user_data;
    struct mark before = {0};
    double seconds = seconds_between(&looks->last.time, &looks->now.time);
    char user[64], activity[256]; /* what clients say is not to reach a terminal as it is */
    (void)sally_log_escape(info->user, 0, user, sizeof user);
    (void)sally_log_escape(info->activity, 0, activity, sizeof activity);
    for (size_t i = 0; i < looks->last.count; i++)
        if (looks->last.marks[i].id == info->id)
            before = looks->last.marks[i];
    printf("%" PRIu64 " %s@%s %s, %u open files, in %.0f B/s, out %.0f B/s", info->id, user,
           info->peer->address, info->state, info->open_files,
           (double)(info->bytes_in - before.in) / seconds,
           (double)(info->bytes_out - before.out) / seconds);
    if (*activity)
        printf(", %s: %" PRIu64 " of %" PRIu64, activity, info->activity_done, info->activity_size);
    putchar('\n');
    if (looks->now.count < sizeof looks->now.marks / sizeof looks->now.marks[0])
        looks->now.marks[looks->now.count++] =
            (struct mark){info->id, info->bytes_in, info->bytes_out};
    return true;
}

static sally_error show_connections(sally_server *server, struct looks *looks)
{
    clock_gettime(CLOCK_MONOTONIC, &looks->now.time);
    looks->now.count = 0;
    sally_error error = sally_server_each_connection(server, show_connection, looks);
    looks->last = looks->now;
    return error;
}

static bool show_file(void *user_data, const sally_file_info *file)
{
    char path[512];
    (void)user_data;
    (void)sally_log_escape(file->path, 0, path, sizeof path);
    printf("%" PRIu64 " %s: %" PRIu64 " read, %" PRIu64 " written\n", file->connection_id, path,
           file->facts->bytes_read, file->facts->bytes_written);
    return true;
}

static sally_error show_totals(sally_server *server)
{
    sally_counters c = {.struct_size = sizeof c};
    sally_error error = sally_server_counters(server, &c);
    if (!error)
        printf("%" PRIu64 " connections, %" PRIu64 " logins, %" PRIu64 " rejected, %" PRIu64
               " bytes read, %" PRIu64 " written\n",
               c.connections, c.logins, c.logins_rejected, c.bytes_read, c.bytes_written);
    return error;
}

/* Both ways; 0 is no limit. */
static sally_error limit(sally_server *server, uint64_t id, const char *bytes)
{
    sally_error error = sally_server_set_connection(server, id, "limits.rate_in", bytes);
    return error ? error : sally_server_set_connection(server, id, "limits.rate_out", bytes);
}

static sally_error obey(sally_server *server, struct looks *looks, const char *line)
{
    uint64_t id;
    char bytes[32];
    if (strcmp(line, "list") == 0)
        return show_connections(server, looks);
    if (strcmp(line, "files") == 0)
        return sally_server_each_file(server, show_file, NULL);
    if (strcmp(line, "totals") == 0)
        return show_totals(server);
    if (sscanf(line, "rate %" SCNu64 " %31s", &id, bytes) == 2)
        return limit(server, id, bytes);
    if (sscanf(line, "end %" SCNu64, &id) == 1)
        return sally_server_disconnect(server, id, "The operator has ended this connection");
    puts("list, files, totals, rate NUMBER BYTES (such as 500K), end NUMBER, quit");
    return SALLY_E_OK;
}

int main(int argc, char **argv)
{
    static struct looks looks;
    sally_fs *folder;
    sally_server *server;
    char line[128];
    if (argc < 2)
        return fprintf(stderr, "usage: %s DIRECTORY [URL]\n", argv[0]), 2;
    if (sally_fs_local(&folder, argv[1], 0, 022) || sally_server_new(&server))
        return fprintf(stderr, "%s cannot be served\n", argv[1]), 1;
    clock_gettime(CLOCK_MONOTONIC, &looks.last.time);
    if (sally_server_add_user(server, "demo", "demo", folder) ||
        sally_server_add_listener(server, argc > 2 ? argv[2] : "sftp://127.0.0.1:2222") ||
        sally_server_start(server))
        return fprintf(stderr, "%s\n", sally_server_error(server)), 1;
    sally_fs_unref(folder);
    while (fgets(line, sizeof line, stdin) && strcmp(line, "quit\n") != 0) {
        line[strcspn(line, "\n")] = '\0';
        if (obey(server, &looks, line))
            printf("%s\n", sally_server_error(server));
        puts(".");
        fflush(stdout);
    }
    return sally_server_free(server);
}
