#include "core/longname.h"

#include <string.h>

#include "core/attrs.h"

/* A line's columns but the names. No formatter: listings have many lines. */
struct longname {
    char text[96];
    size_t size;
};

static void add(struct longname *l, char c)
{
    if (l->size < sizeof l->text)
        l->text[l->size++] = c;
}

static void add_number(struct longname *l, uint64_t value, size_t width, char fill)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    for (size_t i = count; i < width; i++)
        add(l, fill);
    while (count)
        add(l, digits[--count]);
}

static void flush(struct buf *out, struct longname *l)
{
    put_bytes(out, l->text, l->size);
    l->size = 0;
}

/* The set-id and sticky bits share a column with the execute bit. */
static char execute_letter(bool execute, bool special, char letter)
{
    if (!special)
        return execute ? 'x' : '-';
    return execute ? letter : (char)(letter - 'a' + 'A');
}

static void add_mode(struct longname *l, const sally_attrs *attrs)
{
    uint32_t mode = attrs_posix_mode(attrs);
    static const char special[3] = {'s', 's', 't'};
    add(l, attrs_type_letter(attrs));
    for (uint32_t who = 0; who < 3; who++) {
        uint32_t bits = mode >> (6 - 3 * who);
        add(l, bits & 4 ? 'r' : '-');
        add(l, bits & 2 ? 'w' : '-');
        add(l, execute_letter(bits & 1, mode & (04000u >> who), special[who]));
    }
}

/* A column must not contain a space, nor the line a control character, even if a client chose the
 * name. */
static void put_clean(struct buf *out, const char *text, size_t width, bool column)
{
    size_t size = strlen(text);
    uint8_t *to = buf_extend(out, size < width ? width : size);
    if (!to)
        return;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f)
            c = '?';
        to[i] = column && c == ' ' ? '_' : c;
    }
    for (; size < width; size++)
        to[size] = ' ';
}

static void put_owner(struct buf *out, uint32_t valid, const char *name, uint32_t id)
{
    struct longname number = {.size = 0};
    if (valid & SALLY_ATTR_NAMES && name && *name) {
        put_clean(out, name, 8, true);
        return;
    }
    if (valid & SALLY_ATTR_IDS)
        add_number(&number, id, 0, ' ');
    else
        add(&number, '-');
    while (number.size < 8)
        add(&number, ' ');
    flush(out, &number);
}

struct date {
    int64_t year;
    uint32_t month, day, hour, minute; /* month and day from 1 */
};

/* By eras of 400 Gregorian years that begin on the first of March. */
static struct date date_of(int64_t seconds)
{
    int64_t days = seconds / 86400;
    int64_t rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    days += 719468; /* from 0000-03-01 to 1970-01-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
    struct date d = {
        .year = year_of_era + era * 400 + (month >= 10 ? 1 : 0),
        .month = (uint32_t)(month < 10 ? month + 3 : month - 9),
        .day = (uint32_t)(day_of_year - (153 * month + 2) / 5 + 1),
        .hour = (uint32_t)(rest / 3600),
        .minute = (uint32_t)(rest / 60 % 60),
    };
    return d;
}

static void add_time(struct longname *l, int64_t seconds, int64_t now)
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct date d = date_of(seconds);
    for (size_t i = 0; i < 3; i++)
        add(l, months[d.month - 1][i]);
    add(l, ' ');
    add_number(l, d.day, 2, ' ');
    add(l, ' ');
    /* Readers complete a time of day with the year in which it is not in the future. */
    if (seconds <= now && (uint64_t)now - (uint64_t)seconds < UINT64_C(180) * 86400) {
        add_number(l, d.hour, 2, '0');
        add(l, ':');
        add_number(l, d.minute, 2, '0');
    } else {
        add_number(l, d.year < 0 ? 0 : (uint64_t)d.year, 5, ' ');
    }
}

void longname_put(struct buf *out, const char *name, const sally_attrs *attrs, int64_t now)
{
    struct longname l = {.size = 0};
    add_mode(&l, attrs);
    add(&l, ' ');
    add_number(&l, attrs->valid & SALLY_ATTR_LINK_COUNT ? attrs->link_count : 1, 4, ' ');
    add(&l, ' ');
    flush(out, &l);
    put_owner(out, attrs->valid, attrs->owner, attrs->uid);
    put_u8(out, ' ');
    put_owner(out, attrs->valid, attrs->group, attrs->gid);
    add(&l, ' ');
    add_number(&l, attrs->valid & SALLY_ATTR_SIZE ? attrs->size : 0, 8, ' ');
    add(&l, ' ');
    add_time(&l, attrs->valid & SALLY_ATTR_MTIME ? attrs->mtime.seconds : 0, now);
    add(&l, ' ');
    flush(out, &l);
    put_clean(out, name, 0, false);
}

void longname_put_given(struct buf *out, const char *line)
{
    put_clean(out, line, 0, false);
}

sally_error sally_attrs_longname(const sally_attrs *attrs, const char *name, int64_t now,
                                 char *buffer, size_t size)
{
    if (!attrs || !name || !buffer || size == 0)
        return SALLY_E_INVALID;
    struct buf line;
    buf_init_lent(&line, buffer, size - 1);
    longname_put(&line, name, attrs, now);
    buffer[line.failed ? 0 : line.size] = '\0';
    return line.failed ? SALLY_E_RANGE : SALLY_E_OK;
}
