/* `sallyport settings`: the library's one table, for people and for the manual page. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "did_you_mean.h"
#include "report.h"
#include "sallyport/settings.h"

/* Appends, truncating; no text in the table is that long. */
static void append(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void append(char *out, size_t size, const char *format, ...)
{
    size_t used = strlen(out);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out + used, size - used, format, arguments);
    va_end(arguments);
}

/* Lists of names have choices; lists of addresses do not. */
static bool lists_addresses(const sally_setting *s)
{
    return s->type == SALLY_SETTING_LIST && !sally_setting_choice_at(s->name, 0);
}

static void append_range(char *out, size_t size, const sally_setting *s)
{
    static const char *const kinds[] = {
        [SALLY_SETTING_NUMBER] = "number", [SALLY_SETTING_BYTES] = "bytes",
        [SALLY_SETTING_DURATION] = "time", [SALLY_SETTING_BOOL] = "yes or no",
        [SALLY_SETTING_TEXT] = "text",     [SALLY_SETTING_LIST] = "list of names",
    };
    append(out, size, "%s",
           lists_addresses(s) ? "list of IP addresses and networks" : kinds[s->type]);
    if (*s->minimum && *s->maximum)
        append(out, size, " from %s to %s", s->minimum, s->maximum);
    else if (*s->minimum)
        append(out, size, ", at least %s", s->minimum);
    else if (*s->maximum)
        append(out, size, ", at most %s", s->maximum);
}

static void append_scope(char *out, size_t size, uint32_t scope)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } layers[] = {{SALLY_SCOPE_LISTENER, "listener"},
                  {SALLY_SCOPE_USER, "user"},
                  {SALLY_SCOPE_CONNECTION, "connection"}};
    const char *before = "; also per ";
    append(out, size, "%s",
           scope & SALLY_SCOPE_RUNNING ? "may change while the server runs" : "set at the start");
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        if (scope & layers[i].bit) {
            append(out, size, "%s%s", before, layers[i].name);
            before = ", ";
        }
    }
}

static void print_plain(const sally_setting *s)
{
    char range[256] = "", scope[128] = "";
    append_range(range, sizeof range, s);
    append_scope(scope, sizeof scope, s->scope);
    printf("%s\n    %s\n    default: %s\n    range:   %s\n    scope:   %s\n", s->name, s->help,
           *s->default_value ? s->default_value : "(empty)", range, scope);
    const char *name;
    for (size_t i = 0; (name = sally_setting_choice_at(s->name, i)) != NULL; i++)
        printf("%s%s", i ? "," : "    names:   ", name);
    printf("%s\n", sally_setting_choice_at(s->name, 0) ? "\n" : "");
}

/* A word of mdoc(7), where a backslash begins an escape, and a dot or quote at the start of a line
 * a macro. */
static void print_word(const char *word, size_t size, bool starts_line)
{
    if (starts_line && (*word == '.' || *word == '\''))
        fputs("\\&", stdout);
    for (; size; size--, word++) {
        if (*word == '\\')
            fputs("\\e", stdout);
        else
            putchar(*word);
    }
}

/* In lines of less than 80 characters. */
static void print_words(const char *text)
{
    size_t column = 0;
    while (*text) {
        size_t size = strcspn(text, " ");
        if (column && column + 1 + size > 76) {
            putchar('\n');
            column = 0;
        } else if (column) {
            putchar(' ');
            column++;
        }
        print_word(text, size, column == 0);
        column += size;
        text += size + (text[size] == ' ');
    }
    putchar('\n');
}

static void print_sentence(char *text)
{
    if (*text >= 'a' && *text <= 'z')
        *text = (char)(*text - 'a' + 'A');
    print_words(text);
}

/* Long lists of algorithms may be broken at their commas. */
static void print_list(const char *text)
{
    for (; *text; text++) {
        putchar(*text);
        if (*text == ',')
            fputs("\\:", stdout);
    }
}

static void print_mdoc(const sally_setting *s)
{
    char text[512] = "";
    printf(".It Cm %s\n", s->name);
    append(text, sizeof text, "%s.", s->help);
    print_sentence(text);
    if (*s->default_value) {
        fputs("Default:\n.Ql ", stdout);
        print_list(s->default_value);
        fputs(" ;\n", stdout);
        text[0] = '\0';
    } else {
        snprintf(text, sizeof text, "Empty by default; ");
    }
    append_range(text, sizeof text, s);
    append(text, sizeof text, "; ");
    append_scope(text, sizeof text, s->scope);
    append(text, sizeof text, ".");
    print_words(text);
}

static const char *name_at(size_t index)
{
    const sally_setting *s = sally_setting_at(index);
    return s ? s->name : NULL;
}

static bool wanted(const char *name, int argc, char **argv)
{
    bool any = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-')
            continue;
        any = true;
        if (strncmp(name, argv[i], strlen(argv[i])) == 0)
            return true;
    }
    return !any;
}

/* Every name given must match a setting. */
static int check(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name;
        size_t k = 0;
        if (strcmp(argv[i], "--mdoc") == 0)
            continue;
        if (argv[i][0] == '-')
            return report_usage("settings", "unknown option \"%s\"; the only option is --mdoc",
                                argv[i]);
        while ((name = name_at(k)) != NULL && strncmp(name, argv[i], strlen(argv[i])) != 0)
            k++;
        if (name)
            continue;
        const char *near = nearest_name(argv[i], name_at);
        return report_usage("settings", "no setting begins with \"%s\"%s%s%s", argv[i],
                            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    return EXIT_OK;
}

int settings_run(int argc, char **argv)
{
    int status = check(argc, argv);
    if (status)
        return status;
    bool mdoc = false;
    for (int i = 1; i < argc; i++)
        mdoc = mdoc || strcmp(argv[i], "--mdoc") == 0;
    if (mdoc)
        printf(".Bl -tag -width Ds\n");
    const sally_setting *s;
    for (size_t i = 0; (s = sally_setting_at(i)) != NULL; i++) {
        if (wanted(s->name, argc, argv))
            mdoc ? print_mdoc(s) : print_plain(s);
    }
    if (mdoc)
        printf(".El\n");
    return EXIT_OK;
}
