#include "scp/lines.h"

#include "base/clean.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* A decimal number without sign, at most `max`. */
static bool read_number(struct cursor *c, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    bool any = false;
    for (; cursor_left(c) && is_digit(*c->at); any = true) {
        uint32_t digit = (uint32_t)(get_u8(c) - '0');
        if (value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return any;
}

static bool read_space(struct cursor *c)
{
    return get_u8(c) == ' ' && !c->bad;
}

/* Four digits, or five where a client writes the sticky bits after a zero. */
static bool read_mode(struct cursor *c, uint32_t *out)
{
    uint32_t mode = 0, digits = 0;
    while (cursor_left(c) && *c->at >= '0' && *c->at <= '7' && digits < 5) {
        mode = mode << 3 | (uint32_t)(get_u8(c) - '0');
        digits++;
    }
    *out = mode;
    return digits >= 4 && mode <= 07777;
}

/* Joined to a directory, it must stay below it: CVE-2000-0992, CVE-2019-6110 and similar
 * attacks. */
static bool is_name(struct slice s)
{
    return s.size && !memchr(s.data, '/', s.size) && !slice_has_nul(s) && !slice_is(s, ".") &&
           !slice_is(s, "..");
}

const char *scp_parse_head(struct slice line, struct scp_head *out)
{
    struct cursor c = cursor_of_slice(line);
    if (!read_mode(&c, &out->mode))
        return "bad mode";
    if (!read_space(&c))
        return "mode not delimited";
    if (!read_number(&c, INT64_MAX, &out->size))
        return "bad size";
    if (!read_space(&c))
        return "size not delimited";
    out->name = cursor_rest(&c);
    return is_name(out->name) ? NULL : "unexpected filename";
}

const char *scp_parse_times(struct slice line, struct scp_times *out)
{
    struct cursor c = cursor_of_slice(line);
    uint64_t mtime_us = 0, atime_us = 0;
    if (cursor_left(&c) && *c.at == ' ') /* JSch's example, which many have copied */
        get_u8(&c);
    bool good = read_number(&c, INT64_MAX, &out->mtime) && read_space(&c) &&
                read_number(&c, 999999, &mtime_us) && read_space(&c) &&
                read_number(&c, INT64_MAX, &out->atime) && read_space(&c) &&
                read_number(&c, 999999, &atime_us) && cursor_done(&c);
    out->mtime_us = (uint32_t)mtime_us;
    out->atime_us = (uint32_t)atime_us;
    return good ? NULL : "bad times";
}

void scp_put_name(struct buf *out, struct slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '\n')
            put_bytes(out, "\\^J", 3);
        else
            put_u8(out, name.data[i]);
    }
}

void scp_put_readable(struct buf *out, struct slice text)
{
    clean_put(out, text, CLEAN_LINE);
}
