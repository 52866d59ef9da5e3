#include "auth/key_options.h"

#include <time.h>

#include "auth/address_pattern.h"
#include "auth/forced_command.h"
#include "base/mem.h"

#define MAX_VALUE 8192 /* bytes of an option's value */

enum option_kind {
    FLAG,    /* stands alone; means nothing here */
    IGNORED, /* has a value; means nothing here */
    AUTHORITY,
    FROM,
    COMMAND,
    EXPIRY,
    REFUSED /* asks for something that is not checked here */
};

/* sshd(8), AUTHORIZED_KEYS FILE FORMAT. Whatever is not here refuses. */
static const struct option {
    const char *name;
    enum option_kind kind;
} options_known[] = {
    {"restrict", FLAG},
    {"agent-forwarding", FLAG},
    {"no-agent-forwarding", FLAG},
    {"port-forwarding", FLAG},
    {"no-port-forwarding", FLAG},
    {"pty", FLAG},
    {"no-pty", FLAG},
    {"user-rc", FLAG},
    {"no-user-rc", FLAG},
    {"x11-forwarding", FLAG},
    {"no-x11-forwarding", FLAG},
    {"no-touch-required", FLAG},
    {"verify-required", REFUSED},
    {"cert-authority", AUTHORITY},
    {"environment", IGNORED},
    {"principals", IGNORED},
    {"permitopen", IGNORED},
    {"permitlisten", IGNORED},
    {"tunnel", IGNORED},
    {"from", FROM},
    {"command", COMMAND},
    {"expiry-time", EXPIRY},
};

static bool same_name(struct slice given, const char *name)
{
    if (given.size != strlen(name))
        return false;
    for (size_t i = 0; i < given.size; i++) {
        uint8_t c = given.data[i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != (unsigned char)name[i])
            return false;
    }
    return true;
}

static const struct option *find(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(options_known); i++) {
        if (same_name(name, options_known[i].name))
            return &options_known[i];
    }
    return NULL;
}

static int two_digits(const uint8_t *at)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return -1;
    return (at[0] - '0') * 10 + (at[1] - '0');
}

bool key_options_time(struct slice text, int64_t *seconds)
{
    bool utc = text.size && (text.data[text.size - 1] == 'Z' || text.data[text.size - 1] == 'z');
    text.size -= utc ? 1 : 0;
    if (text.size != 8 && text.size != 12 && text.size != 14)
        return false;
    int part[7] = {0}; /* century, year, month, day, hour, minute, second */
    for (size_t i = 0; i < text.size / 2; i++) {
        part[i] = two_digits(text.data + 2 * i);
        if (part[i] < 0)
            return false;
    }
    if (part[2] < 1 || part[2] > 12 || part[3] < 1 || part[3] > 31 || part[4] > 23 ||
        part[5] > 59 || part[6] > 60)
        return false;
    struct tm tm = {.tm_year = part[0] * 100 + part[1] - 1900,
                    .tm_mon = part[2] - 1,
                    .tm_mday = part[3],
                    .tm_hour = part[4],
                    .tm_min = part[5],
                    .tm_sec = part[6],
                    .tm_isdst = -1};
    int day = tm.tm_mday;
    *seconds = utc ? (int64_t)timegm(&tm) : (int64_t)mktime(&tm);
    return tm.tm_mday == day || part[6] == 60; /* 30 February would be 2 March */
}

/* What a line says about its key; the first refusal counts. */
struct verdict {
    const char *refusal;
    bool is_authority;
    char *command;
};

/* Two commands in one line refuse the key, as in OpenSSH: it is unclear which one is meant. */
static const char *keep_command(struct verdict *verdict, struct slice value)
{
    struct forced_command command;
    if (!forced_command_parse(value, &command))
        return "the key is restricted to another command, or to one with unsupported options";
    if (verdict->command)
        return "the key has more than one command";
    verdict->command = slice_strdup(value);
    return verdict->command ? NULL : "out of memory";
}

static const char *judge(enum option_kind kind, struct slice value, bool has_value,
                         const struct authorized_key_query *query, struct verdict *verdict)
{
    int64_t expiry;
    bool wants_value = kind != FLAG && kind != AUTHORITY && kind != REFUSED;
    if (wants_value != has_value)
        return "the key has a malformed option";
    switch (kind) {
    case FLAG:
    case IGNORED:
        return NULL;
    case AUTHORITY:
        verdict->is_authority = true;
        return "the key is a certificate authority";
    case FROM:
        return address_list_fits(value, query->address ? query->address : "")
                   ? NULL
                   : "the key may not be used from this address";
    case COMMAND:
        return keep_command(verdict, value);
    case EXPIRY:
        if (!key_options_time(value, &expiry))
            return "the key has a malformed expiry-time";
        return query->now < expiry ? NULL : "the key has expired";
    case REFUSED:
        break;
    }
    return "the key has an unsupported option";
}

static bool is_name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* "value" after '=': quotes around it, \" for a quote inside. */
static bool parse_value(struct slice *text, uint8_t *out, size_t *size)
{
    size_t at = 1;
    *size = 0;
    if (text->size == 0 || text->data[0] != '"')
        return false;
    for (; at < text->size && text->data[at] != '"'; at++) {
        if (text->data[at] == '\\' && at + 1 < text->size && text->data[at + 1] == '"')
            at++;
        if (*size == MAX_VALUE)
            return false;
        out[(*size)++] = text->data[at];
    }
    if (at == text->size)
        return false; /* the quote is never closed */
    text->data += at + 1;
    text->size -= at + 1;
    return true;
}

static struct verdict judge_all(struct slice options, const struct authorized_key_query *query)
{
    static const char malformed[] = "the key has malformed options";
    uint8_t buffer[MAX_VALUE];
    struct verdict verdict = {0};
    while (options.size) {
        struct slice name = {options.data, 0};
        while (name.size < options.size && is_name_char(options.data[name.size]))
            name.size++;
        options.data += name.size;
        options.size -= name.size;
        struct slice value = {buffer, 0};
        bool has_value = options.size && options.data[0] == '=';
        if (has_value) {
            options.data++;
            options.size--;
            if (!parse_value(&options, buffer, &value.size)) {
                verdict.refusal = malformed;
                break;
            }
        }
        const struct option *option = find(name);
        const char *why = option ? judge(option->kind, value, has_value, query, &verdict)
                                 : "the key has an unknown option";
        verdict.refusal = verdict.refusal ? verdict.refusal : why;
        if (options.size == 0)
            break;
        if (options.data[0] != ',' || options.size == 1) {
            verdict.refusal = malformed;
            break;
        }
        options.data++;
        options.size--;
    }
    return verdict;
}

const char *key_options_refuse(struct slice options, const struct authorized_key_query *query,
                               bool *is_authority, char **command)
{
    struct verdict verdict = judge_all(options, query);
    if (verdict.refusal) {
        mem_free(verdict.command);
        verdict.command = NULL;
    }
    *is_authority = verdict.is_authority;
    *command = verdict.command;
    return verdict.refusal;
}
