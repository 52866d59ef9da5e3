#include "serve_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "did_you_mean.h"
#include "password_file.h"
#include "report.h"
#include "sallyport/settings.h"
#include "serve_attributes.h"
#include "wipe.h"

const char serve_help[] =
    "Serves the files below DIR (default: the current folder) over SFTP. Without options, the "
    "server listens\n"
    "on port 2222 of every address, and one user can log in: your own user name, with a generated "
    "password.\n"
    "The password and the host keys are kept in $XDG_STATE_HOME/sallyport or "
    "~/.local/state/sallyport.\n"
    "\n"
    "  --listen URL               address to listen on: sftp://ADDRESS:PORT, or sftp://:PORT for "
    "every address;\n"
    "                             port 0 picks a free one. May be repeated.\n"
    "  --user NAME[:PASSWORD]     user who may log in; PASSWORD is plain text, or a hash from "
    "\"sallyport\n"
    "                             hash-password\". Without a password, only key login works. May "
    "be repeated.\n"
    "  --password-file FILE       file of users, NAME[:PASSWORD] on each line, readable only by "
    "you (mode 0600).\n"
    "                             May be repeated.\n"
    "  --authorized-keys [NAME:]FILE\n"
    "                             keys that may log in as NAME (without NAME: as any user), one on "
    "each line\n"
    "                             as in OpenSSH's authorized_keys; changes take effect at once. "
    "May be repeated.\n"
    "  --host-key FILE            private key of the server, one of each type. May be repeated.\n"
    "  --read-only                clients cannot change anything\n"
    "  --as USER[:GROUP]          for root: switch to USER once ports are bound and keys are read\n"
    "  --no-sandbox               turn the sandbox off, for debugging\n"
    "  --attributes NAMES=ignore|refuse\n"
    "                             attributes that clients cannot change, of "
    "size,owner,permissions,times,acl,bits:\n"
    "                             ignore the change silently, or refuse it. May be repeated.\n"
    "  --set NAME=VALUE           change a setting; \"sallyport settings\" lists them all. May be "
    "repeated.\n"
    "  --log-format text|json     format of the log on standard error\n"
    "  -v, --verbose              log more; -vv: even more\n"
    "  -q, --quiet                log errors only, and print nothing else\n"
    "\n"
    "Ctrl-C stops the server: it accepts no new clients, and running transfers have 5 minutes to "
    "finish.\n"
    "Pressing it again stops the server at once. Sockets passed by systemd (LISTEN_FDS) are served "
    "too.\n";

enum long_option {
    OPTION_LISTEN = 256,
    OPTION_USER,
    OPTION_PASSWORD_FILE,
    OPTION_AUTHORIZED_KEYS,
    OPTION_HOST_KEY,
    OPTION_READ_ONLY,
    OPTION_AS,
    OPTION_NO_SANDBOX,
    OPTION_ATTRIBUTES,
    OPTION_SET,
    OPTION_LOG_FORMAT
};

static const struct option long_options[] = {
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"user", required_argument, NULL, OPTION_USER},
    {"password-file", required_argument, NULL, OPTION_PASSWORD_FILE},
    {"authorized-keys", required_argument, NULL, OPTION_AUTHORIZED_KEYS},
    {"host-key", required_argument, NULL, OPTION_HOST_KEY},
    {"read-only", no_argument, NULL, OPTION_READ_ONLY},
    {"as", required_argument, NULL, OPTION_AS},
    {"no-sandbox", no_argument, NULL, OPTION_NO_SANDBOX},
    {"attributes", required_argument, NULL, OPTION_ATTRIBUTES},
    {"set", required_argument, NULL, OPTION_SET},
    {"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {NULL, 0, NULL, 0},
};

static const char *option_name_at(size_t index)
{
    return index < sizeof long_options / sizeof *long_options ? long_options[index].name : NULL;
}

static const char *setting_name_at(size_t index)
{
    const sally_setting *s = sally_setting_at(index);
    return s ? s->name : NULL;
}

static int no_memory(void)
{
    return report_failure("out of memory");
}

bool serve_options_add_user(struct serve_options *options, const char *name, const char *password)
{
    if (options->user_count == options->user_room) {
        size_t room = options->user_room ? 2 * options->user_room : 8;
        struct serve_user *more = reallocarray(options->users, room, sizeof *more);
        if (!more)
            return false;
        options->users = more;
        options->user_room = room;
    }
    struct serve_user *user = &options->users[options->user_count];
    *user = (struct serve_user){strdup(name), password ? strdup(password) : NULL, NULL, 0};
    options->user_count++;
    return user->name && (user->password || !password);
}

static bool is_listed(const struct serve_options *options, const char *name)
{
    for (size_t i = 0; i < options->user_count; i++) {
        if (strcmp(options->users[i].name, name) == 0)
            return true;
    }
    return false;
}

static int set_directory(struct serve_options *options, const char *value)
{
    if (options->directory)
        return report_usage("serve",
                            "\"%s\": only one folder can be served; \"%s\" was already given",
                            value, options->directory);
    if (!*value)
        return report_usage("serve", "the folder name is empty");
    options->directory = value;
    return EXIT_OK;
}

static int add_user(struct serve_options *options, char *value)
{
    char *colon = strchr(value, ':');
    size_t length = colon ? (size_t)(colon - value) : strlen(value);
    int status = EXIT_OK;
    char *name = strndup(value, length);
    if (!name)
        return no_memory();
    if (length == 0)
        status =
            report_usage("serve", "--user \"\": the name is missing; give NAME or NAME:PASSWORD");
    else if (colon && !colon[1])
        status = report_usage(
            "serve",
            "--user \"%s:\": the password is empty; give %s:PASSWORD, or %s alone for a "
            "user with keys only",
            name, name, name);
    else if (!serve_options_add_user(options, name, colon ? colon + 1 : NULL))
        status = no_memory();
    if (colon) { /* other users can see the command line */
        for (char *c = colon + 1; *c; c++)
            *c = 'x';
    }
    free(name);
    return status;
}

/* A colon after a slash belongs to the file name. */
static int add_keys(struct serve_options *options, const char *value)
{
    const char *colon = strchr(value, ':'), *slash = strchr(value, '/');
    if (slash && colon && slash < colon)
        colon = NULL;
    const char *file = colon ? colon + 1 : value;
    if (!*file || colon == value)
        return report_usage(
            "serve", "--authorized-keys \"%s\": %s; give FILE, or NAME:FILE for one user", value,
            *file ? "the name before \":\" is missing" : "the file is missing");
    struct serve_keys *keys = &options->keys[options->keys_count++];
    keys->file = file;
    keys->user = colon ? strndup(value, (size_t)(colon - value)) : NULL;
    return colon && !keys->user ? no_memory() : EXIT_OK;
}

static int set_setting(struct serve_options *options, const char *value)
{
    const char *equals = strchr(value, '=');
    if (!equals || equals == value)
        return report_usage("serve",
                            "--set \"%s\": give NAME=VALUE, such as limits.connections=100", value);
    char name[128];
    snprintf(name, sizeof name, "%.*s", (int)(equals - value), value);
    if (sally_setting_find(name)) {
        options->settings.at[options->settings.count++] = value;
        return EXIT_OK;
    }
    const char *near = nearest_name(name, setting_name_at);
    return report_usage("serve", "--set \"%s\": unknown setting \"%s\"; %s%s%s", value, name,
                        near ? "did you mean \"" : "",
                        near ? near : "\"sallyport settings\" lists them all", near ? "\"?" : "");
}

/* Whether the port, if there is one, is valid. The library checks the whole URL, but only when it
 * listens, and by then other listeners may already be open. */
static bool has_good_port(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    const char *end = *host == '[' ? strchr(host, ']') : NULL;
    const char *colon = strchr(end ? end : host, ':');
    if (!colon)
        return *host != '[' || end;
    char *rest = NULL;
    bool is_number = colon[1] >= '0' && colon[1] <= '9';
    return is_number && strtoul(colon + 1, &rest, 10) <= 65535 &&
           (*rest == '\0' || strcmp(rest, "/") == 0);
}

static int add_listener(struct serve_options *options, const char *value)
{
    if (strncmp(value, "sftp://", 7) != 0 && strncmp(value, "sftp+fd://", 10) != 0) {
        /* If only the scheme is missing, the message can show the complete URL. */
        const char *rest = strstr(value, "://") ? strstr(value, "://") + 3 : value;
        const char *colon = strrchr(rest, ':');
        return report_usage(
            "serve",
            "--listen \"%s\": give a URL such as sftp://%s%s, or sftp://:2222 for every address",
            value, *rest ? rest : "127.0.0.1", colon ? "" : ":2222");
    }
    if (!has_good_port(value))
        return report_usage("serve",
                            "--listen \"%s\": invalid port (0 to 65535); give "
                            "sftp://ADDRESS:PORT, such as sftp://127.0.0.1:2222 or "
                            "sftp://[::1]:2222",
                            value);
    options->listen.at[options->listen.count++] = value;
    return EXIT_OK;
}

static int set_format(struct serve_options *options, const char *value)
{
    options->json = strcmp(value, "json") == 0;
    if (options->json || strcmp(value, "text") == 0)
        return EXIT_OK;
    return report_usage("serve", "--log-format \"%s\": give text or json", value);
}

static int unknown_option(char **argv, int index)
{
    if (optopt && optopt < 256)
        return report_usage("serve", "unknown option \"-%c\" in \"%s\"; short ones are -v and -q",
                            optopt, argv[index]);
    const char *given = argv[index];
    if (optopt) /* a known option */
        return report_usage("serve", "\"%s\": this option takes no value", given);
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(given + 2, "="), given + 2);
    const char *near = nearest_name(name, option_name_at);
    return report_usage("serve", "unknown option \"--%s\"%s%s%s", name,
                        near ? "; did you mean \"--" : "", near ? near : "", near ? "\"?" : "");
}

static int apply_option(struct serve_options *options, int option, char **argv, int index)
{
    switch (option) {
    case OPTION_LISTEN:
        return add_listener(options, optarg);
    case OPTION_USER:
        return add_user(options, optarg);
    case OPTION_PASSWORD_FILE:
        /* Who writes --password gives a password, which must not be taken for a file's name. */
        if (strncmp(argv[index], "--password-file", strlen("--password-file")) != 0)
            return report_usage("serve", "unknown option --password; give --user NAME:PASSWORD, or "
                                         "--password-file FILE to keep it out of the command line");
        if (!*optarg)
            return report_usage(
                "serve", "--password-file \"\": give a file with NAME:PASSWORD on each line");
        options->password_files.at[options->password_files.count++] = optarg;
        return password_file_load(options, optarg);
    case OPTION_AUTHORIZED_KEYS:
        return add_keys(options, optarg);
    case OPTION_SET:
        return set_setting(options, optarg);
    case OPTION_LOG_FORMAT:
        return set_format(options, optarg);
    case OPTION_HOST_KEY:
        if (!*optarg)
            return report_usage("serve", "--host-key \"\": give the file of a private key");
        options->host_keys.at[options->host_keys.count++] = optarg;
        return EXIT_OK;
    case OPTION_READ_ONLY:
        options->read_only = true;
        return EXIT_OK;
    case OPTION_AS:
        options->as = optarg;
        return EXIT_OK;
    case OPTION_NO_SANDBOX:
        options->no_sandbox = true;
        return EXIT_OK;
    case OPTION_ATTRIBUTES:
        return serve_attributes_set(options, optarg);
    case 'v':
        options->verbose++;
        return EXIT_OK;
    case 'q':
        options->quiet = true;
        return EXIT_OK;
    case ':':
        return report_usage("serve", "\"%s\": this option needs a value", argv[index]);
    default:
        return unknown_option(argv, index);
    }
}

static int by_name(const void *left, const void *right)
{
    const struct serve_user *a = *(const struct serve_user *const *)left,
                            *b = *(const struct serve_user *const *)right;
    int order = strcmp(a->name, b->name);
    if (order)
        return order;
    return a < b ? -1 : a > b; /* in the order in which they were given */
}

/* Files may list many users, so sort them to find duplicates. */
static int check_names(const struct serve_options *options)
{
    size_t count = options->user_count;
    const struct serve_user **sorted = calloc(count + 1, sizeof(struct serve_user *));
    if (!sorted)
        return no_memory();
    for (size_t i = 0; i < count; i++)
        sorted[i] = &options->users[i];
    qsort(sorted, count, sizeof(struct serve_user *), by_name);
    int status = EXIT_OK;
    for (size_t i = 1; i < count && !status; i++) {
        const struct serve_user *user = sorted[i];
        if (strcmp(sorted[i - 1]->name, user->name) != 0)
            continue;
        if (user->file)
            status = report_usage("serve",
                                  "--password-file \"%s\", line %zu: the user \"%s\" was already "
                                  "given; give each user once",
                                  user->file, user->line, user->name);
        else
            status = report_usage("serve",
                                  "--user \"%s\": this user was already given; give each user once",
                                  user->name);
    }
    free(sorted);
    return status;
}

/* Checks that need the whole command line. */
static int check(const struct serve_options *options)
{
    if (options->quiet && options->verbose)
        return report_usage("serve", "-q and -v contradict each other; use one");
    int status = check_names(options);
    if (status)
        return status;
    for (size_t i = 0; i < options->keys_count && options->user_count; i++) {
        const struct serve_keys *keys = &options->keys[i];
        if (keys->user && !is_listed(options, keys->user))
            return report_usage("serve",
                                "--authorized-keys \"%s:%s\": unknown user \"%s\"; add --user %s, "
                                "or use one of the users given",
                                keys->user, keys->file, keys->user, keys->user);
    }
    return EXIT_OK;
}

int serve_options_parse(struct serve_options *options, int argc, char **argv)
{
    memset(options, 0, sizeof *options);
    size_t most = (size_t)argc + 1; /* of any option */
    options->listen.at = calloc(most, sizeof(char *));
    options->host_keys.at = calloc(most, sizeof(char *));
    options->password_files.at = calloc(most, sizeof(char *));
    options->settings.at = calloc(most, sizeof(char *));
    options->keys = calloc(most, sizeof *options->keys);
    if (!options->listen.at || !options->host_keys.at || !options->password_files.at ||
        !options->settings.at || !options->keys)
        return no_memory();
    opterr = 0;
    for (;;) {
        int index = optind; /* index of the current argument, for messages */
        optopt = 0;
        int option = getopt_long(argc, argv, "-:vq", long_options, NULL);
        if (option == -1)
            break;
        int status = option == 1 ? set_directory(options, optarg)
                                 : apply_option(options, option, argv, index);
        if (status)
            return status;
    }
    for (; optind < argc; optind++) { /* after "--" */
        int status = set_directory(options, argv[optind]);
        if (status)
            return status;
    }
    if (!options->directory)
        options->directory = ".";
    return check(options);
}

void serve_options_clear(struct serve_options *options)
{
    for (size_t i = 0; options->users && i < options->user_count; i++) {
        if (options->users[i].password)
            wipe(options->users[i].password, strlen(options->users[i].password));
        free(options->users[i].password);
        free(options->users[i].name);
    }
    for (size_t i = 0; options->keys && i < options->keys_count; i++)
        free(options->keys[i].user);
    free(options->users);
    free(options->keys);
    free(options->listen.at);
    free(options->host_keys.at);
    free(options->password_files.at);
    free(options->settings.at);
}
