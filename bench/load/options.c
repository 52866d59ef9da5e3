#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "load.h"

static const char usage[] =
    "Usage: sally-load --mode MODE[:DEPTH[:SIZE]][,MODE...] [options]\n"
    "\n"
    "Puts load on an SFTP server. MODE: get, put, put-get (what was put is read back), stat, "
    "readdir, small-put,\n"
    "small-get, small (both), connect, idle. With several, the sessions take them in turn. DEPTH: "
    "requests\n"
    "(or small files) in flight [64]. SIZE: of this mode's files.\n"
    "\n"
    "  --host HOST --port PORT      [127.0.0.1, 2222]\n"
    "  --user NAME                  and --password TEXT or --key FILE (--ask-first: offered before "
    "it signs)\n"
    "  --sessions N                 [1] connect: so many at a time\n"
    "  --path PATH                  of the file or folder; % stands for the session's number, @ "
    "for the mode\n"
    "  --size BYTES                 of a file (K, M, G)\n"
    "  --request BYTES              of one READ or WRITE [32K], at most 256K\n"
    "  --entries N                  readdir: how many there must be\n"
    "  --count N                    files, requests, folders or connections [1]\n"
    "  --seconds S                  instead: begin no more after this time\n"
    "  --sftp-version V             [3] up to 6\n"
    "  --cipher, --mac, --kex NAMES in the order of preference\n"
    "  --rekey BYTES                new keys after so many\n"
    "  --window BYTES               that the receive window starts with\n"
    "  --seed N                     of the files' content [0]; % in the path: and the session's "
    "number\n"
    "  --nagle                      leave Nagle's algorithm on, as some clients do\n"
    "  --pieces BYTES               send at most so much at once\n"
    "  --no-verify                  do not look at what was read\n"
    "  --connecting N               connections that may be on their way at once [8]\n"
    "  --gated                      say \"ready\" and wait for a line before it begins; wait again "
    "before it ends\n"
    "  --json                       the results as JSON\n"
    "\n"
    "  --write FILE --size BYTES    no load: writes what get expects\n"
    "  --check FILE --size BYTES    no load: whether FILE holds what put sends\n";

/* clang-format off */
enum {
    O_HOST = 256, O_PORT, O_USER, O_PASSWORD, O_KEY, O_ASK_FIRST, O_SESSIONS, O_PATH, O_SIZE, O_REQUEST, O_ENTRIES,
    O_COUNT, O_SECONDS, O_CIPHER, O_MAC, O_KEX, O_REKEY, O_WINDOW, O_SEED, O_NAGLE, O_PIECES, O_NO_VERIFY, O_CONNECTING, O_GATED, O_JSON,
    O_WRITE, O_CHECK, O_MODE, O_VERSION, O_HELP
};

static const struct option names[] = {
    {"host", 1, NULL, O_HOST},         {"port", 1, NULL, O_PORT},
    {"user", 1, NULL, O_USER},         {"password", 1, NULL, O_PASSWORD},
    {"key", 1, NULL, O_KEY},           {"ask-first", 0, NULL, O_ASK_FIRST},
    {"sessions", 1, NULL, O_SESSIONS}, {"path", 1, NULL, O_PATH},
    {"size", 1, NULL, O_SIZE},         {"request", 1, NULL, O_REQUEST},
    {"entries", 1, NULL, O_ENTRIES},   {"count", 1, NULL, O_COUNT},
    {"seconds", 1, NULL, O_SECONDS},   {"cipher", 1, NULL, O_CIPHER},
    {"mac", 1, NULL, O_MAC},           {"kex", 1, NULL, O_KEX},
    {"rekey", 1, NULL, O_REKEY},       {"window", 1, NULL, O_WINDOW},
    {"seed", 1, NULL, O_SEED},         {"no-verify", 0, NULL, O_NO_VERIFY},
    {"connecting", 1, NULL, O_CONNECTING}, {"gated", 0, NULL, O_GATED},
    {"json", 0, NULL, O_JSON},         {"write", 1, NULL, O_WRITE},
    {"check", 1, NULL, O_CHECK},       {"mode", 1, NULL, O_MODE},
    {"nagle", 0, NULL, O_NAGLE},       {"pieces", 1, NULL, O_PIECES},
    {"sftp-version", 1, NULL, O_VERSION}, {"help", 0, NULL, O_HELP},
    {NULL, 0, NULL, 0},
};
/* clang-format on */

const struct workload *workload_find(const char *name)
{
    static const struct workload *const all[] = {
        &workload_get,     &workload_put,       &workload_put_get,   &workload_stat,
        &workload_readdir, &workload_small_put, &workload_small_get, &workload_small,
        &workload_connect, &workload_idle,
    };
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

#define SIZE_OF_ALL UINT64_MAX /* that of --size */

static bool complain(const char *what, const char *value)
{
    fprintf(stderr, "sally-load: %s: %s\n", what, value);
    return false;
}

/* A number that may end in K, M or G. */
static bool number(uint64_t *out, const char *text, uint64_t max)
{
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    if (shift)
        end++;
    if (errno || end == text || *end || *text == '-' || value > max >> shift)
        return complain("not a number that will do", text);
    *out = value << shift;
    return true;
}

static bool number32(uint32_t *out, const char *text, uint32_t max)
{
    uint64_t value;
    if (!number(&value, text, max))
        return false;
    *out = (uint32_t)value;
    return true;
}

/* "get:64,stat:1" */
static bool parse_modes(struct options *o, char *text)
{
    char *rest = NULL;
    for (char *mode = strtok_r(text, ",", &rest); mode; mode = strtok_r(NULL, ",", &rest)) {
        struct job *job = &o->jobs[o->job_count];
        char *depth = strchr(mode, ':'), *size = depth ? strchr(depth + 1, ':') : NULL;
        if (o->job_count == JOBS_MAX)
            return complain("too many modes", mode);
        if (depth)
            *depth++ = 0;
        if (size)
            *size++ = 0;
        job->depth = 64;
        job->size = SIZE_OF_ALL;
        job->workload = workload_find(mode);
        if (!job->workload)
            return complain("no such mode", mode);
        if (depth && !number32(&job->depth, depth, 32768))
            return false;
        if (size && !number(&job->size, size, UINT64_MAX >> 1))
            return false;
        if (job->depth == 0)
            return complain("no depth", mode);
        o->job_count++;
    }
    return true;
}

/* clang-format off */
static bool take(struct options *o, int option, char *value)
{
    switch (option) {
    case O_HOST: o->host = value; return true;
    case O_PORT: o->port = value; return true;
    case O_USER: o->user = value; return true;
    case O_PASSWORD: o->password = value; return true;
    case O_KEY: o->key_file = value; return true;
    case O_ASK_FIRST: o->ask_first = true; return true;
    case O_SESSIONS: return number32(&o->sessions, value, 100000);
    case O_PATH: o->path = value; return true;
    case O_SIZE: return number(&o->size, value, UINT64_MAX >> 1);
    case O_REQUEST: return number32(&o->request, value, PATTERN_PIECE_MAX);
    case O_ENTRIES: return number(&o->entries, value, UINT32_MAX);
    case O_COUNT: return number(&o->count, value, UINT64_MAX >> 1);
    case O_SECONDS: o->seconds = strtod(value, NULL); return true;
    case O_CIPHER: o->ciphers = value; return true;
    case O_MAC: o->macs = value; return true;
    case O_KEX: o->kex = value; return true;
    case O_REKEY: return number(&o->rekey_bytes, value, UINT64_MAX >> 1);
    case O_WINDOW: return number32(&o->window, value, 64u << 20);
    case O_SEED: return number32(&o->seed, value, UINT32_MAX);
    case O_NAGLE: o->nagle = true; return true;
    case O_PIECES: return number32(&o->pieces, value, UINT32_MAX);
    case O_NO_VERIFY: o->verify = false; return true;
    case O_CONNECTING: return number32(&o->connecting, value, 100000);
    case O_GATED: o->gated = true; return true;
    case O_JSON: o->json = true; return true;
    case O_WRITE: o->write_file = value; return true;
    case O_CHECK: o->check_file = value; return true;
    case O_MODE: return parse_modes(o, value);
    case O_VERSION:
        return number32(&o->sftp_version, value, 6) && (o->sftp_version >= 3 || complain("no such version", value));
    default: fputs(usage, option == O_HELP ? stdout : stderr); return false;
    }
}
/* clang-format on */

bool options_parse(struct options *o, int argc, char **argv)
{
    int option;
    *o = (struct options){
        .host = "127.0.0.1",
        .port = "2222",
        .user = "joe",
        .path = "file",
        .software = "SallyLoad_0.1",
        .sessions = 1,
        .request = 32768,
        .sftp_version = 3,
        .count = 1,
        .connecting = 8,
        .verify = true,
    };
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
        if (!take(o, option, optarg))
            return false;
    if (o->write_file || o->check_file)
        return true;
    if (o->job_count == 0 || optind != argc) {
        fputs(usage, stderr);
        return false;
    }
    if (!o->password && !o->key_file)
        return complain("needed", "--password or --key");
    if (o->sessions == 0 || o->request == 0 || o->count == 0 || o->connecting == 0)
        return complain("cannot be zero", "--sessions, --request, --count, --connecting");
    for (size_t i = 0; i < o->job_count; i++) {
        struct job *job = &o->jobs[i];
        if (job->size == SIZE_OF_ALL)
            job->size = o->size;
        if (strncmp(job->workload->name, "small", 5) == 0 && job->size > o->request)
            return complain("small files", "--size is more than one --request");
    }
    return true;
}
