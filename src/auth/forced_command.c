#include "auth/forced_command.h"

static bool next_word(struct slice *text, struct slice *word)
{
    while (text->size && *text->data == ' ') {
        text->data++;
        text->size--;
    }
    word->data = text->data;
    word->size = 0;
    while (text->size && *text->data != ' ') {
        text->data++;
        text->size--;
        word->size++;
    }
    return word->size != 0;
}

static bool ends_with(struct slice text, const char *end)
{
    size_t size = strlen(end);
    return text.size >= size && memcmp(text.data + text.size - size, end, size) == 0;
}

static bool is_sftp(struct slice program)
{
    return slice_is(program, "internal-sftp") || slice_is(program, "sftp-server") ||
           ends_with(program, "/sftp-server");
}

/* Syntax that needs a shell, or sshd's own expansion. */
static bool has_special(struct slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (strchr("%\"'\\", value.data[i]))
            return true;
    }
    return false;
}

static bool apply(struct forced_command *out, uint8_t option, struct slice value)
{
    struct slice *place = option == 'd' ? &out->start : option == 'p' ? &out->allow : &out->deny;
    if (option == 'l' || option == 'f') /* about sftp-server's log */
        return true;
    *place = value;
    return value.size && !has_special(value);
}

/* One word of options as getopt(3) reads it: letters, of which the last one may have a value, in
 * this word or as the next one. */
static bool apply_word(struct forced_command *out, struct slice word, struct slice *rest)
{
    if (word.size < 2 || word.data[0] != '-')
        return false;
    for (size_t i = 1; i < word.size; i++) {
        uint8_t option = word.data[i];
        if (option == 'e') /* where the log goes */
            continue;
        if (option == 'R') {
            out->read_only = true;
            continue;
        }
        if (!strchr("lfdpP", option))
            return false;
        struct slice value = {word.data + i + 1, word.size - i - 1};
        if (value.size == 0 && !next_word(rest, &value))
            return false;
        return apply(out, option, value);
    }
    return true;
}

bool forced_command_parse(struct slice text, struct forced_command *out)
{
    struct slice word;
    *out = (struct forced_command){0};
    if (slice_has_nul(text) || !next_word(&text, &word) || !is_sftp(word))
        return false;
    while (next_word(&text, &word)) {
        if (!apply_word(out, word, &text))
            return false;
    }
    return true;
}
