#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/public_key.h"
#include "load.h"

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* `template` with the number instead of each %, and the mode's name instead of each @. */
static char *path_of(const char *template, uint32_t number, const char *mode)
{
    struct buf b;
    buf_init(&b, 4096);
    for (; *template; template ++) {
        if (*template == '%')
            put_format(&b, "%u", (unsigned)number);
        else if (*template == '@')
            put_bytes(&b, mode, strlen(mode));
        else
            put_u8(&b, (uint8_t) * template);
    }
    char *path = b.failed ? NULL : mem_strndup((const char *)buf_head(&b), b.size);
    buf_clear(&b);
    return path;
}

static bool prepare_sessions(struct load *load)
{
    struct options *o = &load->options;
    load->sessions = mem_array(o->sessions, sizeof *load->sessions);
    if (!load->sessions)
        return false;
    memset(load->sessions, 0, o->sessions * sizeof *load->sessions);
    bool numbered = strchr(o->path, '%') != NULL;
    for (uint32_t i = 0; i < o->sessions; i++) {
        struct session *s = &load->sessions[i];
        s->load = load;
        s->job = &o->jobs[i % o->job_count];
        s->number = i;
        s->fd = -1;
        s->path = path_of(o->path, i, s->job->workload->name);
        s->seed = o->seed + (numbered ? i : 0);
        if (!s->path)
            return false;
    }
    return true;
}

static bool prepare(struct load *load)
{
    const struct options *o = &load->options;
    raise_descriptors();
    if (crypto_new(&load->crypto) != SALLY_E_OK) {
        fputs("sally-load: the crypto library does not start\n", stderr);
        return false;
    }
    load->random = crypto_random(load->crypto);
    sally_key *key = NULL;
    bool has_key = !o->key_file || (sally_key_load(&key, o->key_file, NULL) == SALLY_E_OK &&
                                    key_bind(&load->key, key, load->crypto) == SALLY_E_OK);
    sally_key_unref(key);
    if (!has_key) {
        fprintf(stderr, "sally-load: %s: no key\n", o->key_file);
        return false;
    }
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load->epoll < 0 || !prepare_sessions(load)) {
        fprintf(stderr, "sally-load: %s\n", strerror(errno));
        return false;
    }
    return true;
}

static bool run(struct load *load)
{
    if (!prepare(load) || !loop_run(load))
        return false;
    if (load->error[0])
        fprintf(stderr, "sally-load: %s\n", load->error);
    return !load->error[0];
}

int main(int argc, char **argv)
{
    struct load *load = mem_zalloc(sizeof *load);
    bool good;
    if (!load || !options_parse(&load->options, argc, argv)) {
        mem_free(load);
        return 2;
    }
    const struct options *o = &load->options;
    load->epoll = -1;
    pattern_fill(&load->pattern);
    if (o->write_file)
        good = pattern_write_file(&load->pattern, o->write_file, o->seed, o->size);
    else if (o->check_file)
        good = pattern_check_file(&load->pattern, o->check_file, o->seed, o->size);
    else
        good = run(load);
    if (load->epoll >= 0)
        close(load->epoll);
    for (uint32_t i = 0; load->sessions && i < o->sessions; i++)
        mem_free(load->sessions[i].path);
    mem_free(load->sessions);
    sally_key_unref(load->key);
    crypto_unref(load->crypto);
    mem_free(load);
    return good ? 0 : 1;
}
