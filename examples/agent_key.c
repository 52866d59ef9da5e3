/* A host key that the program never sees: an SSH agent has it, and signs each key exchange. An HSM,
 * a smart card or a cloud service works the same way, with another function in place of sign().
 *
 *     ssh-add -q /etc/ssh/ssh_host_ed25519_key
 *     ./agent_key [sftp://127.0.0.1:2222]
 */
#include <sallyport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Messages of the agent's protocol (draft-ietf-sshm-ssh-agent) */
enum { IDENTITIES = 11, IDENTITIES_ANSWER = 12, SIGN = 13, SIGN_RESPONSE = 14 };
enum { RSA_SHA2_256 = 2, RSA_SHA2_512 = 4 };

typedef struct {
    unsigned char bytes[65536];
    size_t size, at;
} message;

static void put_u32(message *m, size_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        m->bytes[m->size++] = (unsigned char)(value >> shift);
}

static void put_string(message *m, const void *data, size_t size)
{
    put_u32(m, size);
    memcpy(m->bytes + m->size, data, size);
    m->size += size;
}

static size_t get_u32(message *m)
{
    size_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 8 | (m->at < m->size ? m->bytes[m->at++] : 0);
    return value;
}

/* NULL: the message is too short. */
static const unsigned char *get_string(message *m, size_t *size)
{
    *size = get_u32(m);
    if (*size > m->size - m->at)
        return NULL;
    m->at += *size;
    return m->bytes + m->at - *size;
}

/* Sends what is in `m` from its fifth byte on; then it has the answer, without its length. A
 * connection for each call: several threads may be here at once. */
static bool ask_agent(message *m)
{
    const char *path = getenv("SSH_AUTH_SOCK");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || strlen(path) >= sizeof address.sun_path)
        return false;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t size = m->size;
    m->size = 0;
    put_u32(m, size - 4);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
              send(fd, m->bytes, size, MSG_NOSIGNAL) == (ssize_t)size &&
              recv(fd, m->bytes, 4, MSG_WAITALL) == 4;
    m->at = 0;
    m->size = ok ? get_u32(m) : 0;
    m->at = 0;
    ok = ok && m->size > 0 && m->size <= sizeof m->bytes &&
         recv(fd, m->bytes, m->size, MSG_WAITALL) == (ssize_t)m->size;
    if (fd >= 0)
        close(fd);
    return ok;
}

static sally_error sign(void *user_data, sally_sign_request *request)
{
    const message *key = user_data;
    message m = {.size = 4};
    bool sha512 = strcmp(request->algorithm, "rsa-sha2-512") == 0;
    bool sha256 = strcmp(request->algorithm, "rsa-sha2-256") == 0;
    m.bytes[m.size++] = SIGN;
    put_string(&m, key->bytes, key->size);
    put_string(&m, request->data, request->data_size);
    put_u32(&m, sha512 ? RSA_SHA2_512 : sha256 ? RSA_SHA2_256 : 0);
    if (!ask_agent(&m) || m.bytes[m.at++] != SIGN_RESPONSE)
        return SALLY_E_CLOSED;
    const unsigned char *signature = get_string(&m, &request->signature_size);
    if (!signature || request->signature_size > request->signature_room)
        return SALLY_E_PARSE;
    memcpy(request->signature, signature, request->signature_size);
    return SALLY_E_OK;
}

/* The agent's first key. */
static sally_error add_host_key(sally_server *server)
{
    static message m, blob;
    m.size = 4;
    m.bytes[m.size++] = IDENTITIES;
    if (!ask_agent(&m) || m.bytes[m.at++] != IDENTITIES_ANSWER || get_u32(&m) == 0)
        return SALLY_E_NOT_FOUND;
    const unsigned char *public = get_string(&m, &blob.size);
    if (!public)
        return SALLY_E_PARSE;
    memcpy(blob.bytes, public, blob.size);
    sally_key *key;
    const sally_signer signer = {.struct_size = sizeof signer,
                                 .public_blob = blob.bytes,
                                 .public_blob_size = blob.size,
                                 .format = SALLY_SIGNATURE_SSH,
                                 .sign = sign,
                                 .user_data = &blob};
    sally_error error = sally_key_from_signer(&key, &signer);
    if (error)
        return error;
    printf("host key %s\n", sally_key_fingerprint(key));
    error = sally_server_add_host_key(server, key);
    sally_key_unref(key);
    return error;
}

int main(int argc, char **argv)
{
    sally_fs *memory;
    sally_server *server;
    if (sally_fs_memory(&memory, 0) || sally_server_new(&server))
        return 1;
    sally_error error = add_host_key(server);
    if (error)
        fprintf(stderr, "the agent's key: %s\n", sally_strerror(error));
    if (!error)
        error = sally_server_add_user(server, "demo", "demo", memory);
    sally_fs_unref(memory);
    if (!error)
        error = sally_server_add_listener(server, argc > 1 ? argv[1] : "sftp://127.0.0.1:2222");
    fflush(stdout);
    if (!error)
        error = sally_server_run(server);
    sally_server_free(server);
    return error ? 1 : 0;
}
