/* What this machine can do at best, on one core: each as CPU seconds per GiB and MiB/s, so that a
 * server's figures can be read as a multiple.
 *
 *   limits FOLDER [MIB] [PIECE_KIB]
 *
 * The two last rows are the least that an SFTP server does with file data: read, seal, send;
 * receive, open, write. Their other end is a process of its own that only receives, or only sends
 * packets sealed beforehand. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/packet_cipher.h"

#define ROUNDS 5
#define ROOM   (320u * 1024)

struct place {
    int file;
    size_t size, piece; /* of the file; of one step */
    uint8_t *plain, *sealed, *ahead, *room;
    struct packet_cipher *seal, *open;
    uint32_t sent, received;
};

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const uint8_t key[64] = {1, 2, 3}, padding[255 + 16], data_head[9 + 13] = {94};

/* ---- One piece ---- */

static void read_piece(struct place *p, size_t at)
{
    if (pread(p->file, p->plain, p->piece, (off_t)at) != (ssize_t)p->piece)
        die("pread");
}

static void write_piece(struct place *p, const uint8_t *data, size_t at)
{
    if (pwrite(p->file, data, p->piece, (off_t)at) != (ssize_t)p->piece)
        die("pwrite");
}

static size_t seal_piece(struct place *p, uint8_t *out)
{
    struct slice head = {data_head, sizeof data_head}, body = {p->plain, p->piece};
    size_t size = packet_seal(p->seal, p->sent++, head, body, padding, out);
    if (size == 0)
        die("seal");
    return size;
}

static struct slice open_piece(struct place *p, uint8_t *packet)
{
    uint32_t length;
    struct slice payload = {NULL, 0};
    if (!packet_open_length(p->open, p->received, packet, &length) ||
        !packet_open(p->open, p->received, packet, length, &payload))
        die("open");
    p->received++;
    return payload;
}

static void send_all(int fd, const uint8_t *data, size_t size)
{
    while (size) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0)
            die("send");
        data += sent;
        size -= (size_t)sent;
    }
}

/* ---- Two processes ---- */

static void loopback_pair(int pair[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&address, &size) ||
        connect(pair[0], (struct sockaddr *)&address, sizeof address) ||
        (pair[1] = accept(listener, NULL, NULL)) < 0)
        die("socket");
    close(listener);
}

static void drain(int fd)
{
    uint8_t *waste = malloc(256 * 1024);
    while (recv(fd, waste, 256 * 1024, 0) > 0)
        ;
    _exit(0);
}

static size_t packet_size(const struct place *p)
{
    size_t payload = sizeof data_head + p->piece;
    return payload + packet_overhead(p->seal, payload);
}

/* The other end of an upload: packets sealed before any time is taken. */
static void feed(struct place *p, int fd)
{
    char go;
    size_t count = p->size / p->piece, each = packet_size(p);
    for (size_t i = 0; i < count; i++)
        seal_piece(p, p->ahead + i * each);
    if (write(fd, "r", 1) != 1 || read(fd, &go, 1) != 1)
        _exit(1);
    send_all(fd, p->ahead, count * each);
    _exit(0);
}

/* ---- Rows ---- */

static void do_memcpy(struct place *p)
{
    for (size_t at = 0; at < p->size; at += p->piece) {
        memcpy(p->sealed, p->ahead + at, p->piece);
        __asm__ volatile("" : : "r"(p->sealed) : "memory");
    }
}

static void do_pread(struct place *p)
{
    for (size_t at = 0; at < p->size; at += p->piece)
        read_piece(p, at);
}

static void do_pwrite(struct place *p)
{
    for (size_t at = 0; at < p->size; at += p->piece)
        write_piece(p, p->plain, at);
}

static void do_seal(struct place *p)
{
    for (size_t at = 0; at < p->size; at += p->piece)
        seal_piece(p, p->sealed);
}

struct row {
    const char *name;
    void (*alone)(struct place *p);
    void (*out)(struct place *p, int fd); /* to a process that drains */
    void (*in)(struct place *p, int fd);  /* from one that feeds */
    bool writes;                          /* begins with an empty file */
};

static void do_send(struct place *p, int fd)
{
    for (size_t at = 0; at < p->size; at += p->piece)
        send_all(fd, p->plain, p->piece);
}

static void do_download(struct place *p, int fd)
{
    for (size_t at = 0; at < p->size; at += p->piece) {
        read_piece(p, at);
        send_all(fd, p->sealed, seal_piece(p, p->sealed));
    }
}

/* Reads as large as they come; what is left of a packet moves to the front. */
static size_t receive_some(struct place *p, int fd, size_t held)
{
    ssize_t got = recv(fd, p->room + held, ROOM - held, 0);
    if (got <= 0)
        die("recv");
    return held + (size_t)got;
}

static void do_upload(struct place *p, int fd)
{
    size_t each = packet_size(p), held = 0;
    for (size_t at = 0; at < p->size;) {
        size_t used = 0;
        held = receive_some(p, fd, held);
        for (; held - used >= each; used += each, at += p->piece)
            write_piece(p, open_piece(p, p->room + used).data + sizeof data_head, at);
        held -= used;
        memmove(p->room, p->room + used, held);
    }
}

static void do_receive(struct place *p, int fd)
{
    size_t each = packet_size(p), total = p->size / p->piece * each;
    for (size_t got = 0; got < total;)
        got += receive_some(p, fd, 0);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void fresh_ciphers(struct place *p, struct crypto *c, const struct cipher_info *cipher)
{
    packet_cipher_free(p->seal);
    packet_cipher_free(p->open);
    if (packet_cipher_new(&p->seal, c, true, cipher, NULL, key, key, key) ||
        packet_cipher_new(&p->open, c, false, cipher, NULL, key, key, key))
        die("cipher");
    p->sent = p->received = 0;
}

static void run_once(const struct row *row, struct place *p, double *cpu, double *wall)
{
    int pair[2] = {-1, -1};
    char ready = 0;
    pid_t child = -1;
    if (row->writes && ftruncate(p->file, 0) != 0)
        die("ftruncate");
    if (!row->alone) {
        loopback_pair(pair);
        child = fork();
        if (child == 0) {
            close(pair[0]);
            if (row->out)
                drain(pair[1]);
            feed(p, pair[1]);
        }
        close(pair[1]);
        if (row->in && (read(pair[0], &ready, 1) != 1))
            die("read");
    }
    double begin = seconds(), begin_cpu = cpu_seconds();
    if (row->in && write(pair[0], "g", 1) != 1)
        die("write");
    if (row->alone)
        row->alone(p);
    else
        (row->out ? row->out : row->in)(p, pair[0]);
    *cpu = cpu_seconds() - begin_cpu;
    *wall = seconds() - begin;
    if (child > 0) {
        close(pair[0]);
        waitpid(child, NULL, 0);
    }
}

static void measure(const struct row *row, struct place *p, struct crypto *c, const char *cipher)
{
    double cpu[ROUNDS], wall[ROUNDS], gib = (double)p->size / (1 << 30);
    for (int i = 0; i < ROUNDS; i++) {
        fresh_ciphers(p, c, cipher_find(slice_of(cipher)));
        run_once(row, p, &cpu[i], &wall[i]);
    }
    qsort(cpu, ROUNDS, sizeof *cpu, compare);
    qsort(wall, ROUNDS, sizeof *wall, compare);
    printf("{\"name\": \"%s\", \"cpu_gib\": %.4f, \"rate\": %.1f}\n", row->name,
           cpu[ROUNDS / 2] / gib, gib * 1024 / wall[ROUNDS / 2]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const struct row rows[] = {
        {"memcpy", do_memcpy, NULL, NULL, false},
        {"pwrite, fresh pages", do_pwrite, NULL, NULL, true},
        {"pread", do_pread, NULL, NULL, false},
        {"seal", do_seal, NULL, NULL, false},
        {"send on loopback", NULL, do_send, NULL, false},
        {"receive on loopback", NULL, NULL, do_receive, false},
        {"pread + seal + send", NULL, do_download, NULL, false},
        {"receive + open + pwrite", NULL, NULL, do_upload, true},
    };
    static const char *const ciphers[] = {"aes128-gcm@openssh.com",
                                          "chacha20-poly1305@openssh.com"};
    struct place p = {0};
    struct crypto *c;
    if (argc < 2) {
        fputs("usage: limits FOLDER [MIB] [PIECE_KIB]\n", stderr);
        return 2;
    }
    p.size = (argc > 2 ? strtoul(argv[2], NULL, 10) : 512) << 20;
    p.piece = (argc > 3 ? strtoul(argv[3], NULL, 10) : 32) << 10;
    p.size -= p.size % p.piece;
    char path[4096];
    snprintf(path, sizeof path, "%s/limits-%ld", argv[1], (long)getpid());
    p.file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (p.file < 0 || unlink(path) != 0)
        die(path);
    p.plain = mem_zalloc(p.piece);
    p.sealed = mem_zalloc(p.piece + 4096);
    p.room = mem_zalloc(ROOM);
    p.ahead = mem_alloc(p.size + p.size / p.piece * 128);
    if (!p.plain || !p.sealed || !p.room || !p.ahead || crypto_new(&c) != SALLY_E_OK)
        die("memory");
    memset(p.ahead, 1, p.size + p.size / p.piece * 128);
    for (size_t k = 0; k < COUNT_OF(ciphers); k++)
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            struct row row = rows[i];
            char name[128];
            bool sealed = i == 3 || i >= 6;
            if (k && !sealed)
                continue;
            snprintf(name, sizeof name, "%s%s%.*s", row.name, sealed ? ", " : "",
                     sealed ? (int)strcspn(ciphers[k], "@") : 0, ciphers[k]);
            row.name = name;
            measure(&row, &p, c, ciphers[k]);
        }
    packet_cipher_free(p.seal);
    packet_cipher_free(p.open);
    crypto_unref(c);
    mem_free(p.plain);
    mem_free(p.sealed);
    mem_free(p.room);
    mem_free(p.ahead);
    return 0;
}
