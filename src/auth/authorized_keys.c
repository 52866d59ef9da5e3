#include "auth/authorized_keys.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "auth/key_options.h"
#include "base/buf.h"
#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/hash.h"

#define MAX_LINE 65536 /* longer lines are skipped */
#define MAX_BLOB 16384 /* bytes of a key */

#define DIGEST_SIZE 32

struct entry {
    uint8_t digest[DIGEST_SIZE];    /* SHA-256 of the key */
    uint32_t options, options_size; /* in the text of options */
    uint32_t line;
};

struct authorized_keys {
    atomic_uint refs;
    struct crypto *crypto; /* held */
    struct entry *entries; /* by digest, then by line */
    size_t count, room;
    struct buf options;
};

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

/* The text before the next space; quoted spaces do not count if `quotes`. */
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

/* Whether the line continues with this key: its type, and the key in base64 with the same type. */
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

/* Whether the line has a key, which goes into `blob`. */
static bool parse_line(struct slice line, struct slice *options, struct buf *blob)
{
    skip_space(&line);
    if (line.size == 0 || line.size > MAX_LINE || *line.data == '#')
        return false;
    /* A line begins with its key, or else with options, never with a type that one might take for
     * an option. */
    *options = (struct slice){line.data, 0};
    if (parse_key(&line, blob))
        return true;
    *options = next_word(&line, true);
    skip_space(&line);
    return parse_key(&line, blob);
}

static bool add_entry(struct authorized_keys *keys, struct slice options, const struct buf *blob)
{
    if (keys->count == keys->room) {
        size_t room = keys->room ? 2 * keys->room : 4;
        struct entry *more = mem_resize(keys->entries, room, sizeof *more);
        if (!more)
            return false;
        keys->entries = more;
        keys->room = room;
    }
    struct entry *entry = &keys->entries[keys->count];
    entry->options = (uint32_t)keys->options.size;
    entry->options_size = (uint32_t)options.size;
    entry->line = (uint32_t)keys->count;
    put_bytes(&keys->options, options.data, options.size);
    if (keys->options.failed ||
        !hash_once(keys->crypto, HASH_SHA256, buf_head(blob), blob->size, entry->digest))
        return false;
    keys->count++;
    return true;
}

static int compare(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = memcmp(a->digest, b->digest, DIGEST_SIZE);
    if (order)
        return order;
    return a->line < b->line ? -1 : a->line > b->line;
}

struct authorized_keys *authorized_keys_parse(struct crypto *c, struct slice lines)
{
    struct authorized_keys *keys = mem_zalloc(sizeof *keys);
    if (!keys)
        return NULL;
    atomic_init(&keys->refs, 1);
    keys->crypto = crypto_ref(c);
    buf_init(&keys->options, lines.size);
    static const uint8_t mark[3] = {0xef, 0xbb, 0xbf}; /* some editors put it in front of UTF-8 */
    if (lines.size >= sizeof mark && memcmp(lines.data, mark, sizeof mark) == 0) {
        lines.data += sizeof mark;
        lines.size -= sizeof mark;
    }
    struct buf blob;
    buf_init(&blob, MAX_BLOB);
    bool ok = buf_reserve(&blob, MAX_BLOB) != NULL; /* later failures mean that it is too long */
    while (lines.size && ok) {
        struct slice options;
        if (parse_line(next_line(&lines), &options, &blob))
            ok = add_entry(keys, options, &blob);
    }
    buf_clear(&blob);
    if (!ok) {
        authorized_keys_unref(keys);
        return NULL;
    }
    if (keys->count)
        qsort(keys->entries, keys->count, sizeof *keys->entries, compare);
    return keys;
}

struct authorized_keys *authorized_keys_ref(struct authorized_keys *keys)
{
    atomic_fetch_add_explicit(&keys->refs, 1, memory_order_relaxed);
    return keys;
}

void authorized_keys_unref(struct authorized_keys *keys)
{
    if (!keys || atomic_fetch_sub_explicit(&keys->refs, 1, memory_order_acq_rel) != 1)
        return;
    crypto_unref(keys->crypto);
    mem_free(keys->entries);
    buf_clear(&keys->options);
    mem_free(keys);
}

/* The first one that is not before `digest`. */
static size_t lower_bound(const struct authorized_keys *keys, const uint8_t *digest)
{
    size_t low = 0, high = keys->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(keys->entries[middle].digest, digest, DIGEST_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum authorized_key_answer judge(const struct authorized_keys *keys,
                                        const struct entry *entry,
                                        const struct authorized_key_query *query,
                                        struct authorized_key_match *match)
{
    const struct slice options = {
        entry->options_size ? buf_head(&keys->options) + entry->options : NULL,
        entry->options_size,
    };
    bool is_authority;
    const char *refusal = key_options_refuse(options, query, &is_authority, &match->command);
    if (!refusal)
        return AUTHORIZED_KEY_YES;
    match->reason = refusal;
    return is_authority ? AUTHORIZED_KEY_NO : AUTHORIZED_KEY_REFUSED;
}

enum authorized_key_answer authorized_keys_find(const struct authorized_keys *keys,
                                                const struct authorized_key_query *query,
                                                struct authorized_key_match *match)
{
    uint8_t digest[DIGEST_SIZE];
    enum authorized_key_answer answer = AUTHORIZED_KEY_NO;
    *match = (struct authorized_key_match){0};
    if (query->blob.size == 0 || query->blob.size > MAX_BLOB ||
        !hash_once(keys->crypto, HASH_SHA256, query->blob.data, query->blob.size, digest))
        return answer;
    for (size_t i = lower_bound(keys, digest);
         answer != AUTHORIZED_KEY_YES && i < keys->count &&
         memcmp(keys->entries[i].digest, digest, DIGEST_SIZE) == 0;
         i++) {
        enum authorized_key_answer one = judge(keys, &keys->entries[i], query, match);
        if (one != AUTHORIZED_KEY_NO)
            answer = one;
    }
    if (answer == AUTHORIZED_KEY_YES)
        match->reason = NULL;
    return answer;
}
