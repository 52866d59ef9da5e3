#include "base/glob.h"

bool glob_is_pattern(struct slice p)
{
    for (size_t i = 0; i < p.size; i++) {
        if (p.data[i] == '\\')
            i++;
        else if (p.data[i] == '*' || p.data[i] == '?' || p.data[i] == '[')
            return true;
    }
    return false;
}

void glob_put_literal(struct buf *out, struct slice p)
{
    for (size_t i = 0; i < p.size; i++) {
        if (p.data[i] == '\\' && i + 1 < p.size)
            i++;
        put_u8(out, p.data[i]);
    }
}

/* One character of the pattern at *i; moves past it. */
static uint8_t next_char(struct slice p, size_t *i)
{
    if (p.data[*i] == '\\' && *i + 1 < p.size)
        (*i)++;
    return p.data[(*i)++];
}

/* The position of the last closing bracket; 0: none. Without it, "[[[[" would be searched to the
 * end once per bracket. */
static size_t last_set_end(struct slice p)
{
    size_t last = 0;
    for (size_t i = 0; i < p.size; i++) {
        if (p.data[i] == '\\')
            i++;
        else if (p.data[i] == ']')
            last = i;
    }
    return last;
}

/* A set in brackets that begins at `at`. False: it has no end, so the bracket is literal. */
static bool match_set(struct slice p, size_t last, size_t at, uint8_t c, bool *matched, size_t *end)
{
    size_t i = at + 1;
    bool negated = i < p.size && (p.data[i] == '!' || p.data[i] == '^'), found = false;
    if (negated)
        i++;
    if (last <= i) /* the first one is a member of the set */
        return false;
    for (bool first = true; i < p.size && (first || p.data[i] != ']'); first = false) {
        uint8_t low = next_char(p, &i), high = low;
        if (i + 1 < p.size && p.data[i] == '-' && p.data[i + 1] != ']') {
            i++;
            high = next_char(p, &i);
        }
        found |= c >= low && c <= high;
    }
    if (i >= p.size)
        return false;
    *matched = found != negated;
    *end = i + 1;
    return true;
}

/* Matches one character of the name against what is at *i, and moves past that. */
static bool match_one(struct slice p, size_t last, size_t *i, uint8_t c)
{
    bool matched;
    if (p.data[*i] == '?') {
        (*i)++;
        return true;
    }
    if (p.data[*i] == '[' && match_set(p, last, *i, c, &matched, i))
        return matched;
    return next_char(p, i) == c;
}

bool glob_matches(struct slice p, struct slice name)
{
    if (name.size && name.data[0] == '.' && !(p.size && p.data[0] == '.'))
        return false;
    return glob_matches_any(p, name);
}

bool glob_matches_any(struct slice p, struct slice name)
{
    size_t i = 0, n = 0, star = 0, resume = 0, last = last_set_end(p);
    bool has_star = false;
    while (n < name.size) {
        size_t next = i;
        if (i < p.size && p.data[i] == '*') {
            /* Only the last star needs backtracking: everything before it has matched at its first
             * place. */
            has_star = true;
            star = ++i;
            resume = n;
        } else if (i < p.size && match_one(p, last, &next, name.data[n])) {
            i = next;
            n++;
        } else if (has_star) {
            i = star;
            n = ++resume;
        } else {
            return false;
        }
    }
    while (i < p.size && p.data[i] == '*')
        i++;
    return i == p.size;
}
