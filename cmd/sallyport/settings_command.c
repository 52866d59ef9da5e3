/* `sallyport settings`: the library's one table, for people and for the manual page. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "nearest.h"
#include "report.h"
#include "sallyport/settings.h"

static const char *scope_text(uint32_t scope)
{
    switch (scope) {
    case SALLY_SCOPE_SERVER:
        return "set at the start";
    case SALLY_SCOPE_RUNNING:
        return "may change while the server runs";
    default:
        return "may change while the server runs, and for one connection";
    }
}

static void print_range(const sally_setting *s)
{
    static const char *const kinds[] = {
        [SALLY_SETTING_NUMBER] = "number", [SALLY_SETTING_BYTES] = "bytes",
        [SALLY_SETTING_DURATION] = "time", [SALLY_SETTING_BOOL] = "yes or no",
        [SALLY_SETTING_TEXT] = "text",     [SALLY_SETTING_LIST] = "list of names",
    };
    fputs(kinds[s->type], stdout);
    if (*s->minimum && *s->maximum)
        printf(" from %s to %s", s->minimum, s->maximum);
    else if (*s->minimum)
        printf(", at least %s", s->minimum);
    else if (*s->maximum)
        printf(", at most %s", s->maximum);
}

static void print_plain(const sally_setting *s)
{
    printf("%s\n    %s\n    default: %s\n    range:   ", s->name, s->help,
           *s->default_value ? s->default_value : "(empty)");
    print_range(s);
    printf("\n    scope:   %s\n\n", scope_text(s->scope));
}

/* Words of one line of mdoc(7): a backslash begins an escape, a dot or quote at the start a macro,
 * and each sentence a line. */
static void print_escaped(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
    }
}

/* Long lists of algorithms are broken at their commas. */
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
    printf(".It Cm %s\n", s->name);
    print_escaped(s->help);
    printf(".\n");
    if (*s->default_value) {
        printf("Default:\n.Ql ");
        print_list(s->default_value);
        printf(" ;\n");
    } else {
        printf("Empty by default;\n");
    }
    print_range(s);
    printf(";\n%s.\n", scope_text(s->scope));
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

/* Every name must fit something. */
static int check(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name;
        size_t k = 0;
        if (strcmp(argv[i], "--mdoc") == 0)
            continue;
        if (argv[i][0] == '-')
            return report_usage("settings", "unknown option \"%s\"; there is --mdoc", argv[i]);
        while ((name = name_at(k)) != NULL && strncmp(name, argv[i], strlen(argv[i])) != 0)
            k++;
        if (name)
            continue;
        const char *near = nearest_name(argv[i], name_at);
        return report_usage("settings", "no setting begins with \"%s\"%s%s%s", argv[i],
                            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    return EXIT_FINE;
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
    return EXIT_FINE;
}
