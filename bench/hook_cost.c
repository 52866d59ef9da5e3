/* What sets of hooks cost where they ask for no READ and no WRITE: for hook_cost.py, which counts
 * instructions.
 *
 *   sally-hook-cost engine SETS LENGTH COUNT   that many READs of one engine
 *   sally-hook-cost server SETS FILE           serves the file to any key, until its input ends
 */
#include <sallyport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETS_AT_MOST 64
#define NAME         "/file"

static void must(int failed, const char *what)
{
    if (!failed)
        return;
    fprintf(stderr, "%s: %d\n", what, failed);
    exit(1);
}
#define MUST(call) must((call), #call)

static sally_status go_on(void *user_data, sally_op *op)
{
    (void)user_data, (void)op;
    return SALLY_CONTINUE;
}
static sally_status leave(void *user_data, sally_op *op)
{
    (void)user_data;
    return op->status;
}
static uint64_t make_sets(sally_hooks *sets, unsigned long count)
{
    must(count > SETS_AT_MOST, "too many sets");
    const uint64_t data = SALLY_OP_BIT(SALLY_OP_READ) | SALLY_OP_BIT(SALLY_OP_WRITE);
    for (unsigned long i = 0; i < count; i++)
        sets[i] = (sally_hooks){.struct_size = sizeof sets[i],
                                .flags = SALLY_HOOKS_NONBLOCKING,
                                .before_mask = SALLY_OP_ALL & ~data,
                                .after_mask = SALLY_OP_ALL & ~data,
                                .before = go_on,
                                .after = leave};
    return count;
}
static void fill(sally_fs *fs, const void *data, size_t size)
{
    sally_client *client;
    MUST(sally_client_new(&client, fs, NULL));
    MUST(sally_client_put(client, NAME, data, size));
    sally_client_free(client);
}

/* ---- An engine ---- */

struct message {
    unsigned char bytes[64];
    size_t size;
};
static void put_u32(struct message *m, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        m->bytes[m->size++] = (unsigned char)(value >> shift);
}
static struct message message(unsigned char type, uint32_t number)
{
    struct message m = {{0}, 4};
    m.bytes[m.size++] = type;
    put_u32(&m, number);
    return m;
}
/* Sends a request and takes its answer, which must be of this type and is lent. */
static const unsigned char *ask(sally_sftp *sftp, struct message *m, unsigned char type)
{
    static unsigned char head[64];
    const void *out;
    size_t taken = 0, size;
    m->bytes[3] = (unsigned char)(m->size - 4);
    MUST(sally_sftp_input(sftp, m->bytes, m->size, &taken));
    bool first = true;
    while ((size = sally_sftp_output(sftp, &out)) > 0) {
        if (first)
            memcpy(head, out, size < sizeof head ? size : sizeof head);
        first = false;
        sally_sftp_sent(sftp, size);
    }
    must(first || head[4] != type, "the answer");
    return head;
}
/* Instructions are counted in here. */
__attribute__((noinline)) static void
read_again_and_again(sally_sftp *sftp, struct message *request, unsigned long count)
{
    for (unsigned long i = 0; i < count; i++)
        ask(sftp, request, 103);
}
static void engine(const sally_hooks *sets, size_t set_count, uint32_t length, unsigned long count)
{
    sally_fs *fs;
    sally_sftp *sftp;
    void *data = calloc(1, length);
    const sally_sftp_options options = {
        .struct_size = sizeof options, .hooks = sets, .hook_count = set_count};
    must(!data, "memory");
    MUST(sally_fs_memory(&fs, 0));
    fill(fs, data, length);
    MUST(sally_sftp_new(&sftp, fs, &options));
    struct message init = message(1, 3), open = message(3, 1), request = message(5, 2);
    ask(sftp, &init, 2);
    put_u32(&open, strlen(NAME));
    memcpy(open.bytes + open.size, NAME, strlen(NAME));
    open.size += strlen(NAME);
    put_u32(&open, 1); /* to read */
    put_u32(&open, 0); /* no attributes */
    const unsigned char *handle = ask(sftp, &open, 102) + 9;
    put_u32(&request, handle[3]);
    memcpy(request.bytes + request.size, handle + 4, handle[3]);
    request.size += handle[3];
    put_u32(&request, 0), put_u32(&request, 0); /* the offset */
    put_u32(&request, length);
    read_again_and_again(sftp, &request, count);
    sally_sftp_free(sftp);
    sally_fs_unref(fs);
    free(data);
}

/* ---- A server ---- */

static sally_auth_result let_in(sally_auth *auth, sally_auth_request *request)
{
    return sally_auth_accept(request, sally_auth_data(auth));
}
static void serve(const sally_hooks *sets, size_t set_count, const char *path)
{
    const sally_auth_methods methods = {
        .struct_size = sizeof methods, .methods = SALLY_AUTH_PUBLICKEY, .authenticate = let_in};
    sally_fs *fs;
    sally_auth *auth;
    sally_server *server;
    sally_key *key;
    FILE *file = fopen(path, "rb");
    must(!file || fseek(file, 0, SEEK_END), path);
    size_t size = (size_t)ftell(file);
    void *data = malloc(size);
    rewind(file);
    must(!data || fread(data, 1, size, file) != size, path);
    fclose(file);
    MUST(sally_fs_memory(&fs, 0));
    fill(fs, data, size);
    free(data);
    MUST(sally_auth_new(&auth, &methods, fs));
    MUST(sally_server_new(&server));
    MUST(sally_key_generate(&key, "ed25519",
                            0)); /* an RSA key's instructions are a matter of luck */
    MUST(sally_server_add_host_key(server, key));
    sally_key_unref(key);
    MUST(sally_server_set_auth(server, auth));
    for (size_t i = 0; i < set_count; i++)
        MUST(sally_server_add_hooks(server, &sets[i]));
    MUST(sally_server_add_listener(server, "sftp://127.0.0.1:0"));
    MUST(sally_server_start(server));
    puts(strrchr(sally_server_listener(server, 0), ':') + 1);
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    MUST(sally_server_free(server));
    sally_auth_unref(auth);
    sally_fs_unref(fs);
}

int main(int argc, char **argv)
{
    static sally_hooks sets[SETS_AT_MOST];
    if (argc == 5 && strcmp(argv[1], "engine") == 0)
        engine(sets, make_sets(sets, strtoul(argv[2], NULL, 10)),
               (uint32_t)strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
    else if (argc == 4 && strcmp(argv[1], "server") == 0)
        serve(sets, make_sets(sets, strtoul(argv[2], NULL, 10)), argv[3]);
    else
        return 2;
    return 0;
}
