#include "options.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <unistd.h>

#include "common/say.h"
#include "journal.h"
#include "sallyport/sftp.h"

static void print_usage(FILE *out)
{
    fputs("usage: sallyport-sftp-server [-ehR] [-d start_directory] [-f log_facility]\n"
          "                             [-l log_level] [-P denied_requests]\n"
          "                             [-p allowed_requests] [-u umask]\n"
          "       sallyport-sftp-server -Q protocol_feature\n",
          out);
}

static int mistake(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int mistake(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("sallyport-sftp-server: ", format, arguments);
    va_end(arguments);
    print_usage(stderr);
    return EXIT_USAGE;
}

struct word {
    const char *text;
    int value;
};

static const struct word facilities[] = {
    {"DAEMON", LOG_DAEMON}, {"USER", LOG_USER},     {"AUTH", LOG_AUTH},     {"LOCAL0", LOG_LOCAL0},
    {"LOCAL1", LOG_LOCAL1}, {"LOCAL2", LOG_LOCAL2}, {"LOCAL3", LOG_LOCAL3}, {"LOCAL4", LOG_LOCAL4},
    {"LOCAL5", LOG_LOCAL5}, {"LOCAL6", LOG_LOCAL6}, {"LOCAL7", LOG_LOCAL7}, {NULL, 0},
};

static const struct word levels[] = {
    {"QUIET", LEVEL_QUIET},     {"FATAL", LEVEL_FATAL},
    {"ERROR", LEVEL_ERROR},     {"INFO", LEVEL_INFO},
    {"VERBOSE", LEVEL_VERBOSE}, {"DEBUG", LEVEL_DEBUG1},
    {"DEBUG1", LEVEL_DEBUG1},   {"DEBUG2", LEVEL_DEBUG2},
    {"DEBUG3", LEVEL_DEBUG3},   {NULL, 0},
};

static bool find(const struct word *words, const char *text, int *value)
{
    for (; words->text; words++) {
        if (strcasecmp(words->text, text) == 0) {
            *value = words->value;
            return true;
        }
    }
    return false;
}

/* Checks the names to deny or allow; a misspelt one would silently deny nothing. */
static int check_names(char option, const char *list)
{
    while (*list) {
        size_t length = strcspn(list, ",");
        const char *name;
        size_t i = 0;
        while ((name = sally_sftp_request_name(i)) != NULL &&
               (strlen(name) != length || strncmp(name, list, length) != 0))
            i++;
        if (!name)
            return mistake("-%c: unknown request \"%.*s\"; -Q requests lists them all", option,
                           (int)length, list);
        list += length + (list[length] == ',');
    }
    return EXIT_OK;
}

/* A leading "~" or "~name" becomes a home directory. */
static char *expand_tilde(const char *text, const struct os_account *account)
{
    if (*text != '~')
        return strdup(text);
    size_t length = strcspn(text + 1, "/");
    char *name = strndup(text + 1, length), *out = NULL;
    if (!name)
        return NULL;
    const struct passwd *other = length ? getpwnam(name) : NULL;
    const char *home = length ? (other ? other->pw_dir : NULL) : account->home;
    free(name);
    if (!home)
        return strdup("");
    return asprintf(&out, "%s%s", home, text + 1 + length) < 0 ? NULL : out;
}

/* %d: the home directory; %u: the name; %%: one of these. NULL: another token, or out of memory. */
static char *expand_tokens(const char *text, const struct os_account *account)
{
    char *out = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&out, &size);
    if (!stream)
        return NULL;
    bool ok = true;
    for (; *text && ok; text++) {
        if (*text != '%') {
            fputc(*text, stream);
            continue;
        }
        text++;
        if (*text == 'd')
            fputs(account->home, stream);
        else if (*text == 'u')
            fputs(account->name, stream);
        else if (*text == '%')
            fputc('%', stream);
        else
            ok = false;
        if (!ok)
            break;
    }
    if (fclose(stream) == 0 && ok)
        return out;
    free(out);
    return NULL;
}

static int set_directory(struct options *options, const struct os_account *account)
{
    char *plain = expand_tilde(optarg, account);
    free(options->start_directory);
    options->start_directory = plain ? expand_tokens(plain, account) : NULL;
    bool unknown_user = plain && !*plain;
    free(plain);
    if (!*optarg || unknown_user || !options->start_directory)
        return mistake(
            "-d \"%s\": give a folder; %%d stands for the home directory, %%u for the user's name, "
            "%%%% for %%",
            optarg);
    return EXIT_OK;
}

static int set_umask(struct options *options)
{
    char *end;
    errno = 0;
    long mask = strtol(optarg, &end, 8);
    if (errno || *end || end == optarg || mask < 0 || mask > 0777 || *optarg == '+')
        return mistake("-u \"%s\": give an octal number from 0 to 777, such as 022", optarg);
    options->umask = (mode_t)mask;
    options->has_umask = true;
    return EXIT_OK;
}

static int answer_query(struct options *options)
{
    if (strcasecmp(optarg, "requests") != 0)
        return mistake("-Q \"%s\": the only feature is requests", optarg);
    const char *name;
    for (size_t i = 0; (name = sally_sftp_request_name(i)) != NULL; i++)
        printf("%s\n", name);
    options->done = true;
    return EXIT_OK;
}

static int apply_option(struct options *options, int option, const struct os_account *account)
{
    switch (option) {
    case 'd':
        return set_directory(options, account);
    case 'e':
        options->to_stderr = true;
        return EXIT_OK;
    case 'f':
        return find(facilities, optarg, &options->facility)
                   ? EXIT_OK
                   : mistake("-f \"%s\": give DAEMON, USER, AUTH, or LOCAL0 to LOCAL7", optarg);
    case 'h':
        print_usage(stdout);
        options->done = true;
        return EXIT_OK;
    case 'l':
        return find(levels, optarg, &options->level)
                   ? EXIT_OK
                   : mistake("-l \"%s\": give QUIET, FATAL, ERROR, INFO, VERBOSE, DEBUG, or DEBUG1 "
                             "to DEBUG3",
                             optarg);
    case 'P':
        if (options->denied)
            return mistake("-P \"%s\": -P was already given", optarg);
        options->denied = optarg;
        return check_names('P', optarg);
    case 'p':
        if (options->allowed)
            return mistake("-p \"%s\": -p was already given", optarg);
        options->allowed = optarg;
        return check_names('p', optarg);
    case 'Q':
        return answer_query(options);
    case 'R':
        options->read_only = true;
        return EXIT_OK;
    case 'u':
        return set_umask(options);
    case ':':
        return mistake("-%c: needs a value", optopt);
    default:
        return mistake("unknown option \"-%c\"", optopt);
    }
}

int options_parse(struct options *options, int argc, char **argv, const struct os_account *account)
{
    memset(options, 0, sizeof *options);
    options->facility = LOG_AUTH;
    options->level = LEVEL_ERROR;
    opterr = 0;
    int option;
    while ((option = getopt(argc, argv, ":d:ef:hl:P:p:Q:Ru:")) != -1) {
        int status = apply_option(options, option, account);
        if (status || options->done)
            return status;
    }
    if (optind < argc)
        return mistake("unexpected argument \"%s\"", argv[optind]);
    return EXIT_OK;
}

void options_clear(struct options *options)
{
    free(options->start_directory);
}
