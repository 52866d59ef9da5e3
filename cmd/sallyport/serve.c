/* `sallyport serve`: from the command line to a running server. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "banner.h"
#include "command.h"
#include "private_file.h"
#include "report.h"
#include "running.h"
#include "sallyport/server.h"
#include "sallyport/settings.h"
#include "sallyport/storages.h"
#include "screen.h"
#include "serve_as.h"
#include "serve_options.h"
#include "serve_private.h"
#include "serve_sandbox.h"
#include "serve_users.h"
#include "state_dir.h"
#include "wipe.h"

#define DEFAULT_LISTENER "sftp://*:2222"

struct serving {
    const struct serve_options *options;
    sally_server *server;
    sally_fs *local; /* the storage of the folder, */
    sally_fs *fs;    /* and the storage that clients get */
    struct screen *screen;
    struct identity as; /* of --as */
    char *directory;    /* absolute path */
    char *state;        /* the state directory; NULL: not opened, or not available */
    bool state_tried;
    char password[STATE_PASSWORD_SIZE]; /* generated; "": none */
    bool password_kept;
};

/* The state directory is only created when there is something to save. */
static const char *state_directory(struct serving *s)
{
    char why[PATH_MAX + 256];
    if (!s->state_tried) {
        s->state_tried = true;
        s->state = state_dir_open(why, sizeof why);
        if (!s->state)
            report_warning("the host key and password will not be saved: %s", why);
    }
    return s->state;
}

static const char *own_name(const struct serving *s)
{
    if (s->options->as)
        return s->as.name;
    const struct passwd *user = getpwuid(getuid());
    if (user && *user->pw_name)
        return user->pw_name;
    const char *name = getenv("USER");
    return name && *name ? name : "sally";
}

/* The default user: the one who started the program, with the keys given or else a generated
 * password. */
static int add_default_user(struct serving *s, struct serve_options *o)
{
    if (o->user_count)
        return EXIT_OK;
    for (size_t i = 0; i < o->keys_count; i++) {
        const char *name = o->keys[i].user ? o->keys[i].user : own_name(s);
        bool known = false;
        for (size_t k = 0; k < o->user_count; k++)
            known = known || strcmp(o->users[k].name, name) == 0;
        if (!known && !serve_options_add_user(o, name, NULL))
            return report_failure("out of memory");
    }
    if (o->user_count)
        return EXIT_OK;
    char why[PATH_MAX + 256];
    const char *directory = state_directory(s);
    if (state_dir_password(s->password, directory, why, sizeof why) != SALLY_E_OK)
        return report_failure("%s", why);
    if (*why)
        report_warning("%s", why);
    s->password_kept = directory && !*why;
    return serve_options_add_user(o, own_name(s), s->password) ? EXIT_OK
                                                               : report_failure("out of memory");
}

static int apply_settings(struct serving *s)
{
    const struct texts *settings = &s->options->settings;
    /* Only a program, which owns the heap, can decide to trim it. */
    if (sally_server_set(s->server, "server.trim_heap", "10s") != SALLY_E_OK)
        return report_failure("out of memory");
    for (size_t i = 0; i < settings->count; i++) {
        const char *equals = strchr(settings->at[i], '=');
        char *name = strndup(settings->at[i], (size_t)(equals - settings->at[i]));
        sally_error e = name ? sally_server_set(s->server, name, equals + 1) : SALLY_E_NO_MEMORY;
        free(name);
        if (e == SALLY_E_NO_MEMORY)
            return report_failure("out of memory");
        if (e)
            return report_usage("serve", "--set \"%s\": %s", settings->at[i],
                                sally_server_error(s->server));
    }
    return EXIT_OK;
}

static int unserved_folder(const char *given, sally_error e)
{
    if (e == SALLY_E_SYSTEM && errno == EOPNOTSUPP)
        return report_failure("the folder \"%s\" cannot be served: it is a view of the kernel or "
                              "of processes, like /proc and /sys; choose another",
                              given);
    return report_failure("the folder \"%s\" cannot be served: %s", given,
                          e == SALLY_E_SYSTEM ? strerror(errno) : sally_strerror(e));
}

static int open_folder(struct serving *s)
{
    const char *given = s->options->directory;
    struct stat st;
    if (stat(given, &st) < 0)
        return report_failure("the folder \"%s\" cannot be served: %s%s", given, strerror(errno),
                              errno == ENOENT ? "; create it, or choose another" : "");
    if (!S_ISDIR(st.st_mode))
        return report_failure("\"%s\" is not a folder; give the folder it is in", given);
    s->directory = realpath(given, NULL);
    sally_error e = sally_fs_local(&s->local, given, 0, 0); /* the system applies the umask */
    if (e || !s->directory)
        return unserved_folder(given, s->directory ? e : SALLY_E_SYSTEM);
    e = sally_fs_local_set_policy(s->local, s->options->ignored, SALLY_POLICY_IGNORE);
    if (!e)
        e = sally_fs_local_set_policy(s->local, s->options->refused, SALLY_POLICY_FAIL);
    if (!e && s->options->read_only)
        e = sally_fs_readonly(&s->fs, s->local);
    else if (!e)
        s->fs = sally_fs_ref(s->local);
    return e ? report_failure("%s", sally_strerror(e)) : EXIT_OK;
}

static int set_users(struct serving *s)
{
    sally_auth *auth = NULL;
    char strict[8];
    if (sally_server_get(s->server, "auth.strict_modes", strict, sizeof strict) != SALLY_E_OK)
        return report_failure("%s", sally_server_error(s->server));
    int status = serve_users_new(&auth, s->options, s->fs, strcmp(strict, "yes") == 0);
    if (!status && sally_server_set_auth(s->server, auth) != SALLY_E_OK)
        status = report_failure("%s", sally_server_error(s->server));
    sally_auth_unref(auth);
    return status;
}

static int add_host_key(struct serving *s, sally_key *key)
{
    sally_error e = sally_server_add_host_key(s->server, key);
    sally_key_unref(key);
    return e ? report_failure("%s", sally_server_error(s->server)) : EXIT_OK;
}

static bool is_public_half(const char *file)
{
    size_t length = strlen(file);
    return length > 4 && strcmp(file + length - 4, ".pub") == 0;
}

/* Whatever the mode of another file is, it is not to be changed. Read without stdio, whose buffer
 * would keep the key. */
static bool holds_private_key(const char *file)
{
    char start[64] = "";
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool holds = fd >= 0 && read(fd, start, sizeof start - 1) > 0 && strstr(start, "PRIVATE KEY");
    if (fd >= 0)
        close(fd);
    explicit_bzero(start, sizeof start);
    return holds;
}

static int insecure_host_key(const char *file)
{
    struct stat st;
    char why[PATH_MAX + 256];
    if (!holds_private_key(file))
        return report_failure("--host-key \"%s\": is not a private key%s", file,
                              is_public_half(file) ? "; give the file without .pub" : "");
    if (stat(file, &st) == 0 && !private_file_check(&st, file, why, sizeof why))
        return report_failure("--host-key \"%s\": %s", file, why);
    return report_failure("--host-key \"%s\": %s", file, sally_strerror(SALLY_E_INSECURE));
}

static int load_host_key(struct serving *s, const char *file)
{
    sally_key *key = NULL;
    sally_error e = sally_key_load(&key, file, NULL);
    switch (e) {
    case SALLY_E_OK:
        return add_host_key(s, key);
    case SALLY_E_SYSTEM:
        return report_failure(
            "--host-key \"%s\": cannot be read: %s%s", file, strerror(errno),
            errno == ENOENT ? "; create one with ssh-keygen -t ed25519 -N '' -f FILE" : "");
    case SALLY_E_PASSPHRASE:
        return report_failure(
            "--host-key \"%s\": is encrypted; remove the passphrase with ssh-keygen -p -f "
            "\"%s\"",
            file, file);
    case SALLY_E_INSECURE:
        return insecure_host_key(file);
    case SALLY_E_LIMIT:
        return report_failure(
            "--host-key \"%s\": would take minutes to decrypt: it uses more than 4096 "
            "rounds of bcrypt, 10,000,000 of PBKDF2, or 2^24 as N * r * p of scrypt; remove "
            "the passphrase with ssh-keygen -p -f \"%s\"",
            file, file);
    default:
        return report_failure("--host-key \"%s\": is not a usable private key (%s); create one "
                              "with ssh-keygen -t ed25519",
                              file, sally_strerror(e));
    }
}

static int add_host_keys(struct serving *s)
{
    const struct texts *files = &s->options->host_keys;
    int status = EXIT_OK;
    for (size_t i = 0; i < files->count && !status; i++)
        status = load_host_key(s, files->at[i]);
    if (files->count || status)
        return status;
    for (size_t i = 0; i < STATE_HOST_KEYS && !status; i++) {
        char why[PATH_MAX + 256];
        sally_key *key;
        if (state_dir_host_key(&key, state_directory(s), i, why, sizeof why) != SALLY_E_OK)
            return report_failure("%s", *why ? why : "cannot generate a host key");
        if (*why)
            report_warning("%s", why);
        status = add_host_key(s, key);
    }
    return status;
}

static int listen_at(struct serving *s, const char *url, bool given)
{
    sally_error e = sally_server_add_listener(s->server, url);
    const char *option = given ? "--listen " : "";
    switch (e) {
    case SALLY_E_OK:
        return EXIT_OK;
    case SALLY_E_PARSE:
    case SALLY_E_UNSUPPORTED:
    case SALLY_E_INVALID:
        return report_usage(
            "serve",
            "%s\"%s\": %s; give sftp://ADDRESS:PORT, such as sftp://127.0.0.1:2222 or "
            "sftp://[::1]:2222, or sftp://:2222 for every address",
            option, url, sally_server_error(s->server));
    case SALLY_E_RANGE: /* a setting, not the address */
        return report_failure("%s\"%s\": %s", option, url, sally_server_error(s->server));
    default:
        return report_failure(
            "%s\"%s\": %s; give another address or port with --listen, or port 0 for any free port",
            option, url, sally_server_error(s->server));
    }
}

static int add_listeners(struct serving *s)
{
    const struct texts *urls = &s->options->listen;
    int status = EXIT_OK;
    sally_error handed_over = 0;
    if (getenv("LISTEN_FDS")) {
        handed_over = sally_server_add_systemd_listeners(s->server);
        if (handed_over < 0)
            return report_failure("LISTEN_FDS: %s", sally_server_error(s->server));
    }
    for (size_t i = 0; i < urls->count && !status; i++)
        status = listen_at(s, urls->at[i], true);
    if (urls->count == 0 && handed_over == 0)
        status = listen_at(s, DEFAULT_LISTENER, false);
    return status;
}

static int start_logging(struct serving *s)
{
    const struct serve_options *o = s->options;
    uint32_t level = SALLY_LOG_INFO;
    if (o->quiet)
        level = SALLY_LOG_ERROR;
    else if (o->verbose)
        level = o->verbose > 1 ? SALLY_LOG_DEBUG : SALLY_LOG_VERBOSE;
    s->screen = screen_new(o->json);
    if (s->screen)
        screen_hold(s->screen);
    if (!s->screen || sally_server_set_log(s->server, screen_log, s->screen, level) != SALLY_E_OK)
        return report_failure("out of memory");
    return EXIT_OK;
}

/* Printed before the server starts: readers of these lines may connect at once. */
static int announce(const struct serving *s)
{
    const char *url;
    for (size_t i = 0; (url = sally_server_listener(s->server, i)) != NULL; i++)
        printf("listening on %s\n", url);
    return report_written(EXIT_OK);
}

static void introduce(const struct serving *s)
{
    const struct serve_options *o = s->options;
    char *file = NULL;
    if (s->password_kept && asprintf(&file, "%s/password", s->state) < 0)
        file = NULL;
    const struct banner banner = {
        .server = s->server,
        .directory = s->directory,
        .user = o->users[0].name,
        .user_count = o->user_count,
        .password = *s->password ? s->password : NULL,
        .password_file = file,
        .password_given = o->users[0].password != NULL,
        .given_in = o->users[0].file,
        .read_only = o->read_only,
    };
    if (o->json)
        banner_log(&banner, s->screen);
    else
        banner_show(&banner, s->screen);
    free(file);
}

/* The usual soft limit of 1,024 descriptors protects programs that use select(); we need one for
 * each connection and open file. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE,
                        &limit); /* if it fails, fewer clients fit, and the log says so */
    }
}

/* Does everything that needs the privileges of the user who started the server, then drops them. */
static int prepare(struct serving *s, struct serve_options *o)
{
    if (sally_server_new(&s->server) != SALLY_E_OK)
        return report_failure("out of memory");
    int status = o->as ? serve_as_find(&s->as, o) : EXIT_OK;
    if (!status)
        status = start_logging(s);
    if (!status)
        status = apply_settings(s);
    if (!status)
        status = open_folder(s);
    if (!status)
        status = add_default_user(s, o);
    if (!status)
        status = set_users(s);
    if (!status)
        status = add_host_keys(s);
    if (!status)
        status = serve_private_hide(s->local, o, s->directory);
    if (!status) /* last, when nothing else can fail */
        status = add_listeners(s);
    if (!status && o->as)
        status = serve_as_become(&s->as, o, s->directory);
    return status;
}

int serve_run(int argc, char **argv)
{
    struct serve_options options;
    struct serving s = {.options = &options};
    int status = serve_options_parse(&options, argc, argv);
    if (!status) {
        running_block_signals();
        raise_descriptor_limit();
        status = prepare(&s, &options);
    }
    if (!status)
        status = announce(&s);
    bool serves = !status && !ferror(stdout); /* without a reader, the address would stay unknown */
    if (serves && !options.quiet)
        introduce(&s);
    if (serves) {
        screen_release(s.screen);
        status = serve_sandbox_enter(&options, s.directory, s.screen);
    }
    if (serves && !status)
        status =
            running_serve(s.server, s.screen,
                          !options.quiet && !options.json && is_terminal(stderr), options.quiet);
    (void)sally_server_free(s.server);
    screen_free(s.screen);
    sally_fs_unref(s.fs);
    sally_fs_unref(s.local);
    wipe(s.password, sizeof s.password);
    free(s.as.groups);
    free(s.directory);
    free(s.state);
    serve_options_clear(&options);
    return status;
}
