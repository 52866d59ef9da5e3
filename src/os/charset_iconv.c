/* By iconv. One descriptor for each direction: they have a state, so they are used under a lock and
 * begin anew every time. */
#include "os/charset.h"

#include <errno.h>
#include <iconv.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define MAX_NAME 40u
#define NO_ICONV ((iconv_t)-1)

struct system_charset {
    struct charset pub; /* first */
    pthread_mutex_t lock;
    iconv_t ways[2]; /* by enum charset_way */
};

/* All of `in`, or nothing. */
static bool run(iconv_t way, struct slice in, struct buf *out)
{
    char *from = (char *)(uintptr_t)in.data; /* iconv does not modify it */
    size_t left = in.size;
    bool flushing = false; /* back to the first shift state */
    iconv(way, NULL, NULL, NULL, NULL);
    for (;;) {
        size_t room = left * 2 + 32;
        uint8_t *to = buf_reserve(out, room);
        if (!to)
            return false;
        char *at = (char *)to;
        size_t result =
            flushing ? iconv(way, NULL, NULL, &at, &room) : iconv(way, &from, &left, &at, &room);
        buf_commit(out, (size_t)((uint8_t *)at - to));
        if (result == (size_t)-1 && errno == E2BIG)
            continue;
        if (result != 0) /* malformed, or something was replaced by something similar */
            return false;
        if (flushing)
            return true;
        flushing = true;
    }
}

static bool convert(struct charset *pub, enum charset_way way, struct slice in, struct buf *out)
{
    struct system_charset *c = CONTAINER_OF(pub, struct system_charset, pub);
    size_t before = out->size;
    pthread_mutex_lock(&c->lock);
    bool good = run(c->ways[way], in, out);
    pthread_mutex_unlock(&c->lock);
    if (!good)
        buf_truncate(out, before);
    return good;
}

/* Every ASCII byte is converted to itself, both ways: no shift states, no UTF-16, no EBCDIC. */
static bool has_ascii(struct system_charset *c)
{
    uint8_t place[64];
    for (unsigned way = 0; way < COUNT_OF(c->ways); way++) {
        for (uint8_t byte = 1; byte < 0x80; byte++) {
            struct buf b = {.data = place, .capacity = sizeof place, .max = sizeof place};
            if (!run(c->ways[way], (struct slice){&byte, 1}, &b) || b.size != 1 || place[0] != byte)
                return false;
        }
    }
    return true;
}

/* iconv accepts more than names: options after slashes, and paths of modules. */
static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:";
    size_t size = strnlen(name, MAX_NAME + 1);
    return size && size <= MAX_NAME && strspn(name, letters) == size;
}

bool os_charset_is_utf8(const char *name)
{
    return strcasecmp(name, "UTF-8") == 0 || strcasecmp(name, "UTF8") == 0;
}

struct charset *os_charset_open(const char *name)
{
    if (!is_name(name)) {
        errno = EINVAL;
        return NULL;
    }
    struct system_charset *c = mem_zalloc(sizeof *c);
    if (!c) {
        errno = ENOMEM;
        return NULL;
    }
    c->pub.convert = convert;
    pthread_mutex_init(&c->lock, NULL);
    c->ways[CHARSET_TO_UTF8] = iconv_open("UTF-8", name);
    c->ways[CHARSET_FROM_UTF8] =
        c->ways[CHARSET_TO_UTF8] == NO_ICONV ? NO_ICONV : iconv_open(name, "UTF-8");
    if (c->ways[CHARSET_FROM_UTF8] != NO_ICONV && has_ascii(c))
        return &c->pub;
    int error = c->ways[CHARSET_FROM_UTF8] == NO_ICONV ? errno : EINVAL;
    os_charset_close(&c->pub);
    errno = error;
    return NULL;
}

void os_charset_close(struct charset *pub)
{
    if (!pub)
        return;
    struct system_charset *c = CONTAINER_OF(pub, struct system_charset, pub);
    for (unsigned way = 0; way < COUNT_OF(c->ways); way++)
        if (c->ways[way] != NO_ICONV)
            iconv_close(c->ways[way]);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}
