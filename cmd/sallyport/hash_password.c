#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "command.h"
#include "report.h"
#include "sallyport/auth.h"
#include "wipe.h"

#define MAX_LINE 1024

enum answer { ANSWERED, ENDED, TOO_LONG };

#define CTRL_C 3

/* Reads one line without its line break, byte by byte, so that the rest of the input is left for
 * other readers. On a terminal, Ctrl-C ends the line and is its last byte. */
static enum answer read_line(char *out, size_t size, bool typed)
{
    size_t used = 0;
    for (;;) {
        char c;
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 && used == 0)
            return ENDED;
        if (n <= 0 || c == '\n')
            break;
        if (used + 1 == size || c == '\0')
            return TOO_LONG;
        out[used++] = c;
        if (typed && c == CTRL_C)
            break;
    }
    if (used && out[used - 1] == '\r')
        used--;
    out[used] = '\0';
    return ANSWERED;
}

static enum answer ask(const char *question, char *out, size_t size)
{
    fputs(question, stderr);
    enum answer answer = read_line(out, size, true);
    fputc('\n', stderr);
    return answer;
}

/* With echo off. Signals are blocked until the terminal settings are restored. */
static enum answer ask_twice(char *first, char *second, size_t size)
{
    struct termios before, silent;
    sigset_t wait, old;
    sigemptyset(&wait);
    sigaddset(&wait, SIGTERM);
    sigaddset(&wait, SIGHUP);
    sigaddset(&wait, SIGTSTP);
    sigprocmask(SIG_BLOCK, &wait, &old);
    tcgetattr(STDIN_FILENO, &before);
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG); /* Ctrl-C is read as a byte, immediately */
    silent.c_cc[VEOL] = CTRL_C;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    enum answer answer = ask("Password: ", first, size);
    if (answer == ANSWERED && !strchr(first, CTRL_C))
        answer = ask("Again: ", second, size);
    if (strchr(first, CTRL_C) || strchr(second, CTRL_C))
        answer = ENDED;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return answer;
}

static int hash(const char *password)
{
    char text[512];
    sally_error e = sally_hash_password(password, text, sizeof text);
    if (e == SALLY_E_INVALID)
        return report_failure("the password is too long; the maximum is 511 bytes");
    if (e)
        return report_failure("the password cannot be hashed: %s", sally_strerror(e));
    printf("%s\n", text);
    return EXIT_OK;
}

int hash_password_run(int argc, char **argv)
{
    if (argc > 1)
        return report_usage(
            "hash-password",
            "takes no arguments (not \"%s\"): the password is read from standard input", argv[1]);
    char first[MAX_LINE] = "", second[MAX_LINE] = "";
    bool asks = isatty(STDIN_FILENO) == 1;
    enum answer answer =
        asks ? ask_twice(first, second, sizeof first) : read_line(first, sizeof first, false);
    int status;
    if (answer == ENDED)
        status = report_failure("no password on standard input");
    else if (answer == TOO_LONG)
        status = report_failure("the password is longer than 511 bytes, or contains a NUL byte");
    else if (!*first)
        status = report_failure("the password is empty");
    else if (asks && strcmp(first, second) != 0)
        status = report_failure("the passwords do not match");
    else
        status = hash(first);
    wipe(first, sizeof first);
    wipe(second, sizeof second);
    return status;
}
