#include "auth/authorized_keys.h"

#include "auth/key_options.h"
#include "base/buf.h"
#include "base/mem.h"
#include "crypto/base64.h"

#define MAX_LINE 65536 /* longer lines are passed over */
#define MAX_BLOB 16384 /* bytes of a key */

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static void skip_space(struct slice *s)
{
    while (s->size && is_space(*s->data)) {
        s->data++;
        s->size--;
    }
}

/* What stands before the next space; a quoted space does not count when `quotes`. */
static struct slice next_word(struct slice *s, bool quotes)
{
    struct slice word = {s->data, 0};
    bool quoted = false;
    for (; word.size < s->size && (quoted || !is_space(s->data[word.size])); word.size++) {
        uint8_t c = s->data[word.size];
        if (quotes && c == '\\' && word.size + 1 < s->size && s->data[word.size + 1] == '"')
            word.size++;
        else if (quotes && c == '"')
            quoted = !quoted;
    }
    s->data += word.size;
    s->size -= word.size;
    return word;
}

static struct slice next_line(struct slice *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->size);
    struct slice line = {text->data, end ? (size_t)(end - text->data) : text->size};
    size_t step = line.size + (end ? 1 : 0);
    text->data += step;
    text->size -= step;
    while (line.size && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

/* Whether the line goes on with this key: its type, and the key in base64 that says the same type.
 */
static bool parse_key(struct slice *line, struct buf *blob)
{
    struct slice rest = *line;
    struct slice type = next_word(&rest, false);
    skip_space(&rest);
    struct slice text = next_word(&rest, false);
    buf_reset(blob);
    if (type.size == 0 || text.size == 0 || !base64_decode(text, blob) || blob->failed)
        return false;
    struct cursor c = cursor_of_slice(buf_slice(blob));
    struct slice inner = get_string(&c);
    if (c.bad || !slice_equal(inner, type))
        return false;
    *line = rest;
    return true;
}

static enum authorized_key_answer judge_line(struct slice line,
                                             const struct authorized_key_query *query,
                                             struct buf *blob, const char **reason)
{
    skip_space(&line);
    if (line.size == 0 || line.size > MAX_LINE || *line.data == '#')
        return AUTHORIZED_KEY_NO;
    /* A line begins with its key, or else with options, never with a type that one might take for
     * an option. */
    struct slice options = {line.data, 0};
    if (!parse_key(&line, blob)) {
        options = next_word(&line, true);
        skip_space(&line);
        if (!parse_key(&line, blob))
            return AUTHORIZED_KEY_NO;
    }
    if (blob->size != query->blob.size ||
        !mem_equal_ct(buf_head(blob), query->blob.data, blob->size))
        return AUTHORIZED_KEY_NO;
    bool is_authority;
    const char *refusal = key_options_refuse(options, query, &is_authority);
    if (!refusal)
        return AUTHORIZED_KEY_YES;
    *reason = refusal;
    return is_authority ? AUTHORIZED_KEY_NO : AUTHORIZED_KEY_REFUSED;
}

enum authorized_key_answer authorized_keys_find(struct slice lines,
                                                const struct authorized_key_query *query,
                                                const char **reason)
{
    enum authorized_key_answer answer = AUTHORIZED_KEY_NO;
    *reason = NULL;
    if (query->blob.size == 0 || query->blob.size > MAX_BLOB)
        return answer;
    static const uint8_t mark[3] = {0xef, 0xbb, 0xbf}; /* some editors put it in front of UTF-8 */
    if (lines.size >= sizeof mark && memcmp(lines.data, mark, sizeof mark) == 0) {
        lines.data += sizeof mark;
        lines.size -= sizeof mark;
    }
    struct buf blob;
    buf_init(&blob, MAX_BLOB);
    while (lines.size && answer != AUTHORIZED_KEY_YES) {
        const char *why = NULL;
        enum authorized_key_answer one = judge_line(next_line(&lines), query, &blob, &why);
        if (one != AUTHORIZED_KEY_NO)
            answer = one;
        if (why)
            *reason = why;
    }
    buf_clear(&blob);
    if (answer == AUTHORIZED_KEY_YES)
        *reason = NULL;
    return answer;
}
