/* sallyport-sftp-server: SFTP over standard input and output, for sshd's Subsystem line. A
 * replacement for OpenSSH's sftp-server. Built on the library's public headers alone. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/privileges.h"
#include "common/sandbox.h"
#include "journal.h"
#include "options.h"
#include "pump.h"
#include "sallyport/sftp.h"
#include "sallyport/storages.h"

/* The first word of SSH_CONNECTION, as sshd sets it. */
static void client_address(char *out, size_t size)
{
    const char *text = getenv("SSH_CONNECTION");
    if (!text)
        text = "UNKNOWN";
    snprintf(out, size, "%.*s", (int)strcspn(text, " "), text);
}

static int find_account(struct os_account *account)
{
    const struct passwd *user = getpwuid(getuid());
    if (!user) {
        fprintf(stderr, "sallyport-sftp-server: no user has the number %lu\n",
                (unsigned long)getuid());
        return EXIT_FAILED;
    }
    account->name = strdup(user->pw_name);
    account->home = strdup(user->pw_dir);
    return account->name && account->home ? EXIT_OK : EXIT_FAILED;
}

/* Where relative paths start: the directory in which sshd started us, or that of -d. */
static char *home_directory(const struct options *options, const struct journal *journal)
{
    if (options->start_directory && chdir(options->start_directory) != 0)
        journal_write(journal, LEVEL_ERROR, "chdir to \"%s\" failed: %s", options->start_directory,
                      strerror(errno));
    char *home = getcwd(NULL, 0);
    return home ? home : strdup("/");
}

/* With -u the storage applies the umask, in every protocol version; otherwise the system applies
 * the process's. */
static mode_t set_umask(const struct options *options)
{
    if (!options->has_umask)
        return 0;
    umask(options->umask);
    return options->umask;
}

static int64_t wall_seconds(void *user_data)
{
    (void)user_data;
    return (int64_t)time(NULL);
}

static int report_end(const struct journal *journal, enum pump_end end)
{
    switch (end) {
    case PUMP_DONE:
        return EXIT_OK;
    case PUMP_PROTOCOL:
        journal_write(journal, LEVEL_ERROR, "bad message from the client");
        return EXIT_FAILED;
    case PUMP_GONE:
        if (errno == EPIPE) /* the client has left */
            return EXIT_OK;
        journal_write(journal, LEVEL_ERROR, "write error: %s", strerror(errno));
        return EXIT_FAILED;
    default:
        journal_write(journal, LEVEL_ERROR, "read error: %s", strerror(errno));
        return EXIT_FAILED;
    }
}

static int serve(const struct options *options, const struct os_account *account,
                 struct journal *journal)
{
    char address[128];
    client_address(address, sizeof address);
    char *home = home_directory(options, journal);
    sally_fs *fs = NULL;
    /* Each client has its own process, which the reservations and locks of the others would not
     * bind. */
    uint32_t flags = SALLY_LOCAL_UNCONFINED | SALLY_LOCAL_NO_LOCKS;
    sally_error e = sally_fs_local(&fs, "/", flags, (uint32_t)set_umask(options));
    struct pump *pump = e ? NULL : pump_new();
    sally_sftp *sftp = NULL;
    int status = EXIT_FAILED;
    sally_hooks hooks;
    journal_hooks(&hooks, journal);
    const sally_peer peer = {.address = address, .protocol = "sftp"};
    const sally_sftp_options engine = {
        .struct_size = sizeof engine,
        .user = account->name,
        .home = home,
        .permissions = options->read_only ? SALLY_MAY_VIEW : SALLY_MAY_ALL,
        .allow_requests = options->allowed,
        .deny_requests = options->denied,
        .peer = &peer,
        .hooks = &hooks,
        .hook_count = hooks.after_mask ? 1 : 0,
        .log = journal_log_level(journal) ? journal_log : NULL,
        .log_user_data = journal,
        .log_level = journal_log_level(journal),
        .on_wake = pump_wake,
        .user_data = pump,
        .wall_seconds = wall_seconds,
        .session_id = (uint64_t)getpid(),
    };
    if (!e && pump && home)
        e = sally_sftp_new(&sftp, fs, &engine);
    if (sftp) {
        journal_write(journal, LEVEL_INFO, "session opened for local user %s from [%s]",
                      account->name, address);
        status = report_end(journal, pump_run(pump, sftp));
        sally_sftp_free(sftp);
        journal_write(journal, LEVEL_INFO, "session closed for local user %s from [%s]",
                      account->name, address);
    } else {
        journal_write(journal, LEVEL_FATAL, "cannot start the session: %s",
                      e ? sally_strerror(e) : strerror(errno));
    }
    pump_free(pump);
    sally_fs_unref(fs);
    free(home);
    return status;
}

/* A reader that has exited, such as head(1), is not a failure. */
static int finish_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_OK;
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)))
        return EXIT_OK;
    fputs("sallyport-sftp-server: cannot write to standard output\n", stderr);
    return EXIT_FAILED;
}

/* Only the user's permissions limit access to files, as with OpenSSH's sftp-server. */
static void enter_sandbox(const struct journal *journal)
{
    const struct sandbox sandbox = {.path_count = 0};
    struct sandbox_report report;
    if (!privileges_drop_capabilities())
        journal_write(journal, LEVEL_ERROR, "capabilities cannot be dropped: %s", strerror(errno));
    sandbox_enter(&sandbox, &report);
    if (*report.missing)
        journal_write(journal, LEVEL_VERBOSE, "not sandboxed by %s", report.missing);
}

static int run(const struct options *options, const struct os_account *account)
{
    struct journal *journal = journal_open(options->level, options->facility, options->to_stderr);
    if (!journal) {
        fputs("sallyport-sftp-server: out of memory\n", stderr);
        return EXIT_FAILED;
    }
    enter_sandbox(journal);
    journal_start(journal);
    int status = serve(options, account, journal);
    journal_close(journal);
    return status;
}

int main(int argc, char **argv)
{
    struct os_account account = {NULL, NULL};
    struct options options;
    signal(SIGPIPE, SIG_IGN); /* writing to a closed pipe fails with EPIPE instead */
    int status = find_account(&account);
    if (!status)
        status = options_parse(&options, argc, argv, &account);
    else
        memset(&options, 0, sizeof options);
    if (!status && options.done) {
        status = finish_output();
    } else if (!status) {
        status = run(&options, &account);
    }
    options_clear(&options);
    free(account.name);
    free(account.home);
    return status;
}
