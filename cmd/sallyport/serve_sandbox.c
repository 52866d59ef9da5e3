#include "serve_sandbox.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "common/privileges.h"
#include "common/sandbox.h"
#include "report.h"

/* Files that the C and crypto libraries may open late: modules for user lookups and charsets, time
 * zones, the number of processors. */
static const struct sandbox_path of_system[] = {
    {"/usr", SANDBOX_READ},
    {"/lib", SANDBOX_READ},
    {"/lib64", SANDBOX_READ},
    {"/dev/null", SANDBOX_WRITE},
    {"/sys/devices/system/cpu", SANDBOX_READ},
#if SANDBOX_SANITIZED /* to label messages */
    {"/proc", SANDBOX_READ},
#endif
};

/* User names. Programs that change these files replace them, so access must be granted to the
 * directory. For root, that access would include passwords and keys. */
static const struct sandbox_path of_users[] = {{"/etc", SANDBOX_READ},
                                               {"/var/lib/sss", SANDBOX_READ}};
static const struct sandbox_path of_users_for_root[] = {
    {"/etc/passwd", SANDBOX_READ},        {"/etc/group", SANDBOX_READ},
    {"/etc/nsswitch.conf", SANDBOX_READ}, {"/etc/localtime", SANDBOX_READ},
    {"/etc/ld.so.cache", SANDBOX_READ},
};

#define MOST_FIXED 32

struct path_list {
    struct sandbox_path *at;
    size_t count;
};

static void add(struct path_list *list, const struct sandbox_path *paths, size_t count)
{
    memcpy(list->at + list->count, paths, count * sizeof *paths);
    list->count += count;
}
#define ADD(list, paths) add(list, paths, sizeof(paths) / sizeof *(paths))

/* Programs that change a file often replace it, so access is granted to its directory. NULL: out of
 * memory, or no such file. */
static char *directory_of(const char *file)
{
    char *path = realpath(file, NULL);
    char *slash = path ? strrchr(path, '/') : NULL;
    if (slash)
        slash[slash == path] = '\0';
    return path;
}

static void log_line(struct screen *screen, uint32_t level, const char *event, const char *message,
                     const sally_log_field *fields, size_t count)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const sally_log_line line = {
        .level = level,
        .field_count = (uint32_t)count,
        .time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
        .event = event,
        .message = message,
        .fields = fields,
    };
    screen_log(screen, &line);
}

static void log_paths(struct screen *screen, const struct path_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const sally_log_field fields[] = {
            {"path", list->at[i].path},
            {"access", list->at[i].access == SANDBOX_WRITE ? "write" : "read"}};
        log_line(screen, SALLY_LOG_VERBOSE, "serve.sandbox_path", "Reachable", fields, 2);
    }
}

static void log_sandbox(struct screen *screen, const struct sandbox_report *report)
{
    char landlock[16], user[64];
    const struct passwd *account = getpwuid(geteuid());
    snprintf(landlock, sizeof landlock, "%d", report->landlock);
    snprintf(user, sizeof user, "%lu", (unsigned long)geteuid());
    const sally_log_field fields[] = {
        {"runs_as", account ? account->pw_name : user},
        {"landlock", report->landlock ? landlock : "no"},
        {"seccomp", report->filter ? "yes" : "no"},
        {"missing", report->missing},
    };
    bool whole = !*report->missing;
    log_line(screen, whole ? SALLY_LOG_INFO : SALLY_LOG_WARNING, "serve.sandbox",
             whole ? "Sandboxed" : "Partly sandboxed: the kernel lacks some features", fields,
             whole ? 3 : 4);
}

static void enter(const struct serve_options *o, const char *directory, struct path_list *list,
                  struct screen *screen)
{
    const struct sandbox_path served = {directory, o->read_only ? SANDBOX_READ : SANDBOX_WRITE};
    add(list, &served, 1);
    ADD(list, of_system);
    if (privileges_are_roots())
        ADD(list, of_users_for_root);
    else
        ADD(list, of_users);
    struct sandbox_report report;
    const struct sandbox sandbox = {.paths = list->at, .path_count = list->count};
    sandbox_enter(&sandbox, &report);
    if (!o->quiet)
        log_sandbox(screen, &report);
    if (o->verbose)
        log_paths(screen, list);
}

static void warn_of_root(struct screen *screen)
{
    log_line(
        screen, SALLY_LOG_WARNING, "serve.root",
        "Serving as root: an attacker who takes over the server owns the machine; use --as USER, "
        "or start it as another user",
        NULL, 0);
}

int serve_sandbox_enter(const struct serve_options *options, const char *directory,
                        struct screen *screen)
{
    if (privileges_are_roots() && !options->quiet)
        warn_of_root(screen);
    if (options->no_sandbox) {
        if (!options->quiet)
            log_line(screen, SALLY_LOG_WARNING, "serve.sandbox",
                     "The sandbox is off (--no-sandbox)", NULL, 0);
        return EXIT_OK;
    }
    if (!privileges_drop_capabilities())
        return report_failure("capabilities cannot be dropped: %s; --no-sandbox keeps them",
                              strerror(errno));
    struct path_list list = {calloc(MOST_FIXED + options->keys_count, sizeof *list.at), 0};
    char **directories = calloc(options->keys_count + 1, sizeof *directories);
    int status = list.at && directories ? EXIT_OK : report_failure("out of memory");
    for (size_t i = 0; !status && i < options->keys_count; i++) {
        directories[i] = directory_of(options->keys[i].file);
        const struct sandbox_path keys = {directories[i], SANDBOX_READ};
        if (directories[i])
            add(&list, &keys, 1);
    }
    if (!status)
        enter(options, directory, &list, screen);
    for (size_t i = 0; directories && i < options->keys_count; i++)
        free(directories[i]);
    free(directories);
    free(list.at);
    return status;
}
