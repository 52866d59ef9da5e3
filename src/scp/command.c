#include "scp/command.h"

#include "base/glob.h"
#include "base/mem.h"
#include "scp/scp.h"

#define NO_OPTIONS "Options are not supported."

/* clang-format off */
static const struct scp_digest digests[] = {
    {"md5sum",    "md5",        "d41d8cd98f00b204e9800998ecf8427e",
     "0bee89b07a248e27c83fc3d5951213c1"},
    {"sha1sum",   "sha1",       "da39a3ee5e6b4b0d3255bfef95601890afd80709",
     "03cfd743661f07975fa2f1220c5194cbaff48451"},
    {"sha224sum", "sha224",     "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f", NULL},
    {"sha256sum", "sha256",     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", NULL},
    {"sha384sum", "sha384",     "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
                                "274edebfe76f65fbd51ad2f14898b95b", NULL},
    {"sha512sum", "sha512",     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                                "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e", NULL},
    {"b2sum",     "blake2b512", "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
                                "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce", NULL},
};
/* clang-format on */

/* ---- Words: a shell's quoting, and no other syntax ---- */

struct split_words {
    struct buf text; /* one after the other, each with a NUL */
    uint32_t count;
};

struct word_reader {
    struct cursor in;
    struct split_words *words;
    bool in_word;
    const char *wrong; /* static; NULL: nothing */
};

static void put_literal(struct word_reader *r, uint8_t c)
{
    if (memchr("\\*?[]!^-", c, 8))
        put_u8(&r->words->text, '\\');
    put_u8(&r->words->text, c);
}

static bool peek(const struct word_reader *r, uint8_t *c)
{
    if (!cursor_left(&r->in))
        return false;
    *c = *r->in.at;
    return true;
}

static void end_word(struct word_reader *r)
{
    if (!r->in_word)
        return;
    put_u8(&r->words->text, '\0');
    r->words->count++;
    r->in_word = false;
}

static void read_single(struct word_reader *r)
{
    while (cursor_left(&r->in)) {
        uint8_t c = get_u8(&r->in);
        if (c == '\'')
            return;
        put_literal(r, c);
    }
    r->wrong = "a quotation mark is missing";
}

static void read_double(struct word_reader *r)
{
    while (cursor_left(&r->in) && !r->wrong) {
        uint8_t c = get_u8(&r->in), next;
        if (c == '"')
            return;
        if (c == '$' || c == '`') {
            r->wrong = "no shell is available to expand $ or `";
        } else if (c == '\\' && peek(r, &next) && memchr("$`\"\\\n", next, 5)) {
            get_u8(&r->in);
            if (next != '\n')
                put_literal(r, next);
        } else {
            put_literal(r, c);
        }
    }
    if (!r->wrong)
        r->wrong = "a quotation mark is missing";
}

static void read_escaped(struct word_reader *r)
{
    if (!cursor_left(&r->in)) {
        r->wrong = "it ends with a backslash";
        return;
    }
    uint8_t c = get_u8(&r->in);
    if (c != '\n')
        put_literal(r, c);
}

/* "~" alone or before a slash is the home directory, where relative paths begin. */
static void read_tilde(struct word_reader *r)
{
    uint8_t next;
    if (peek(r, &next) && !memchr("/ \t", next, 3))
        r->wrong = "home directories of other users are not available";
    else
        put_u8(&r->words->text, '.');
}

static void read_plain(struct word_reader *r, uint8_t c, bool first)
{
    if (c == '\'')
        read_single(r);
    else if (c == '"')
        read_double(r);
    else if (c == '\\')
        read_escaped(r);
    else if (c == '~' && first)
        read_tilde(r);
    else if (c == '\0' || memchr("$`;|&<>()\n", c, 10))
        r->wrong = "no shell is available for $ ` ; | & < > ( ) or line breaks";
    else
        put_u8(&r->words->text, c);
}

static const char *split(struct split_words *words, struct slice raw)
{
    struct word_reader r = {.in = cursor_of_slice(raw), .words = words};
    while (cursor_left(&r.in) && !r.wrong) {
        uint8_t c = get_u8(&r.in);
        if (c == ' ' || c == '\t') {
            end_word(&r);
            continue;
        }
        bool first = !r.in_word;
        r.in_word = true;
        read_plain(&r, c, first);
    }
    end_word(&r);
    return r.wrong;
}

/* ---- What the words mean ---- */

struct word_list {
    const char *at;
    uint32_t left;
};

static const char *next_word(struct word_list *l)
{
    if (l->left == 0)
        return NULL;
    const char *word = l->at;
    l->at += strlen(word) + 1;
    l->left--;
    return word;
}

/* Without the quotes; truncated if it does not fit, and then it is not a known name. */
#define SHORT_WORD 32
static void short_word(char out[SHORT_WORD], const char *word)
{
    struct buf b = {.data = (uint8_t *)out, .capacity = SHORT_WORD, .max = SHORT_WORD - 1};
    glob_put_literal(&b, slice_of(word));
    out[b.size] = '\0';
}

static void refuse(struct scp_command *c, uint32_t status, const char *message)
{
    c->kind = SCP_REFUSED;
    c->status = status;
    c->message = message;
}

/* False: refused. */
static bool parse_flags(struct scp_command *c, const char *flags, struct word_list *words,
                        bool *source, bool *sink)
{
    for (; *flags; flags++) {
        switch (*flags) {
        case 'f':
            *source = true;
            break;
        case 't':
            *sink = true;
            break;
        case 'r':
            c->recursive = true;
            break;
        case 'p':
            c->preserve = true;
            break;
        case 'd':
            c->directory = true;
            break;
        case 'q':
        case 'v':
            break;
        case 'l': /* a limit in Kbit/s, which only concerns the client; sshj sends it */
            if (flags[1] == '\0')
                next_word(words);
            return true;
        default:
            refuse(c, 1, "scp: unsupported option");
            return false;
        }
    }
    return true;
}

/* False at the end of the options: at a path, or after "--". */
static bool next_option(struct word_list *words, char flags[SHORT_WORD])
{
    if (words->left == 0)
        return false;
    short_word(flags, words->at);
    if (flags[0] != '-' || flags[1] == '\0')
        return false;
    next_word(words);
    return strcmp(flags, "--") != 0;
}

static void keep_paths(struct scp_command *c, struct word_list *words)
{
    const char *word;
    while ((word = next_word(words)) != NULL) {
        put_bytes(&c->paths, word, strlen(word) + 1);
        c->path_count++;
    }
}

static void parse_scp(struct scp_command *c, struct word_list *words)
{
    bool source = false, sink = false;
    char flags[SHORT_WORD];
    while (next_option(words, flags))
        if (!parse_flags(c, flags + 1, words, &source, &sink))
            return;
    keep_paths(c, words);
    if (source == sink)
        refuse(c, 1, "scp: -f or -t is required");
    else if (c->path_count == 0 || (sink && c->path_count != 1))
        refuse(c, 1, sink ? "scp: exactly one target is required" : "scp: a path is required");
    else
        c->kind = source ? SCP_SOURCE : SCP_SINK;
}

static void parse_digest(struct scp_command *c, struct word_list *words)
{
    char flags[SHORT_WORD];
    if (next_option(words, flags)) {
        refuse(c, 1, NO_OPTIONS);
        return;
    }
    keep_paths(c, words);
    c->kind = SCP_DIGEST;
}

const char *scp_command_name(uint32_t index)
{
    if (index == 0)
        return "scp";
    if (index <= COUNT_OF(digests))
        return digests[index - 1].program;
    return index == COUNT_OF(digests) + 1 ? "df" : NULL;
}

static uint32_t bit_of(const char *name)
{
    for (uint32_t i = 0; scp_command_name(i); i++)
        if (strcmp(scp_command_name(i), name) == 0)
            return UINT32_C(1) << i;
    return 0;
}

/* Sizes are always in KiB, and lines are never broken. */
static void parse_df(struct scp_command *c, struct word_list *words)
{
    char flags[SHORT_WORD];
    while (next_option(words, flags))
        if (strspn(flags + 1, "kP") != strlen(flags + 1)) {
            refuse(c, 1, NO_OPTIONS);
            return;
        }
    keep_paths(c, words);
    if (c->path_count == 0) {
        put_bytes(&c->paths, "/", 2);
        c->path_count = 1;
    }
    c->kind = SCP_DF;
}

static const struct scp_digest *find_digest(const char *program)
{
    for (size_t i = 0; i < COUNT_OF(digests); i++)
        if (strcmp(digests[i].program, program) == 0)
            return &digests[i];
    return NULL;
}

static void refuse_other(struct scp_command *c, uint32_t allowed)
{
    refuse(c, 127,
           allowed & bit_of("scp") ? "This service allows sftp and scp only."
                                   : "This service allows sftp only.");
}

static void parse_words(struct scp_command *c, const struct split_words *words, uint32_t allowed)
{
    struct word_list list = {(const char *)buf_head(&words->text), words->count};
    const char *first = next_word(&list);
    char program[SHORT_WORD];
    short_word(program, first ? first : "");
    const char *name = program;
    if (strncmp(name, "/usr/bin/", 9) == 0)
        name += 9;
    else if (strncmp(name, "/bin/", 5) == 0)
        name += 5;
    c->digest = find_digest(name);
    c->for_scp = strcmp(name, "scp") == 0;
    if (bit_of(name) & ~allowed)
        refuse(c, c->for_scp ? 1 : 127,
               c->for_scp ? "scp: disabled on this server; use sftp"
                          : "This command is disabled on this server.");
    else if (c->for_scp)
        parse_scp(c, &list);
    else if (c->digest)
        parse_digest(c, &list);
    else if (strcmp(name, "df") == 0)
        parse_df(c, &list);
    else
        refuse_other(c, allowed);
}

/* The only pipe supported: old versions of rclone use it to find out what is available. */
static bool strip_abc(struct slice *raw)
{
    static const char before[] = "echo 'abc' | ";
    size_t size = sizeof before - 1;
    if (raw->size < size || memcmp(raw->data, before, size) != 0)
        return false;
    *raw = (struct slice){raw->data + size, raw->size - size};
    return true;
}

sally_error scp_command_parse(struct scp_command *c, struct slice raw, uint32_t allowed)
{
    struct split_words words = {.count = 0};
    *c = (struct scp_command){.kind = SCP_REFUSED};
    buf_init(&c->paths, 2 * SCP_COMMAND_MAX + 2);
    buf_init(&words.text, 2 * SCP_COMMAND_MAX + 2);
    c->of_abc = strip_abc(&raw);
    c->for_scp = raw.size >= 4 && memcmp(raw.data, "scp ", 4) == 0;
    if (raw.size > SCP_COMMAND_MAX) {
        refuse(c, 1, "The command is too long.");
        return SALLY_E_OK;
    }
    const char *wrong = split(&words, raw);
    bool failed = words.text.failed;
    if (wrong && c->for_scp)
        refuse(c, 1, wrong);
    else if (wrong)
        refuse_other(c, allowed);
    else if (!failed)
        parse_words(c, &words, allowed);
    if (c->of_abc && (c->kind != SCP_DIGEST || c->path_count || !c->digest->abc)) {
        c->for_scp = false;
        refuse_other(c, allowed);
    }
    buf_clear(&words.text);
    return failed || c->paths.failed ? SALLY_E_NO_MEMORY : SALLY_E_OK;
}

void scp_command_clear(struct scp_command *c)
{
    buf_clear(&c->paths);
}
