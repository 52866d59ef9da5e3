#include "screen.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

struct screen {
    pthread_mutex_t lock;
    bool json, colour;
    char *bottom; /* what stands there now; NULL: nothing */
    size_t bottom_lines;
    char *line; /* room for one log line */
    size_t line_size;
    bool holds;
    char *held; /* whole lines; NULL: none */
};

struct screen *screen_new(bool json)
{
    struct screen *s = calloc(1, sizeof *s);
    if (!s || pthread_mutex_init(&s->lock, NULL) != 0) {
        free(s);
        return NULL;
    }
    s->json = json;
    s->colour = wants_colour(stderr) && !json;
    return s;
}

/* The cursor stands below the lines, at the start of a row. */
static void take_bottom_away(struct screen *s)
{
    if (s->bottom_lines)
        fputs("\r\033[2K", stderr); /* what somebody has typed */
    for (; s->bottom_lines; s->bottom_lines--)
        fputs("\033[A\033[2K", stderr);
}

static void draw_bottom(struct screen *s)
{
    if (!s->bottom)
        return;
    fputs(s->bottom, stderr);
    for (const char *c = s->bottom; (c = strchr(c, '\n')) != NULL; c++)
        s->bottom_lines++;
}

void screen_free(struct screen *s)
{
    if (!s)
        return;
    take_bottom_away(s);
    fflush(stderr);
    free(s->bottom);
    free(s->line);
    free(s->held);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static const char *format(struct screen *s, const sally_log_line *line)
{
    size_t length = sally_log_format(line, s->json, s->line, s->line_size);
    if (length < s->line_size)
        return s->line;
    char *bigger = realloc(s->line, length + 1);
    if (bigger) {
        s->line = bigger;
        s->line_size = length + 1;
        sally_log_format(line, s->json, s->line, s->line_size);
    }
    return s->line; /* cut short, when memory is */
}

static void put_line(struct screen *s, const char *before, const char *text, const char *after)
{
    flockfile(stderr);
    take_bottom_away(s);
    fprintf(stderr, "%s%s%s\n", before, text, after);
    draw_bottom(s);
    fflush(stderr);
    funlockfile(stderr);
}

void screen_hold(struct screen *s)
{
    pthread_mutex_lock(&s->lock);
    s->holds = !s->json; /* there, the banner is a line like others */
    pthread_mutex_unlock(&s->lock);
}

void screen_release(struct screen *s)
{
    pthread_mutex_lock(&s->lock);
    s->holds = false;
    if (s->held)
        fputs(s->held, stderr);
    fflush(stderr);
    free(s->held);
    s->held = NULL;
    pthread_mutex_unlock(&s->lock);
}

/* False: no memory. */
static bool hold(struct screen *s, const char *text)
{
    size_t before = s->held ? strlen(s->held) : 0, size = strlen(text);
    char *longer = realloc(s->held, before + size + 2);
    if (!longer)
        return false;
    memcpy(longer + before, text, size);
    memcpy(longer + before + size, "\n", 2);
    s->held = longer;
    return true;
}

void screen_log(void *user_data, const sally_log_line *line)
{
    struct screen *s = user_data;
    pthread_mutex_lock(&s->lock);
    const char *text = format(s, line);
    const char *colour = "";
    if (s->colour && line->level <= SALLY_LOG_WARNING)
        colour = line->level == SALLY_LOG_ERROR ? "\033[31m" : "\033[33m";
    bool waits = s->holds && line->level > SALLY_LOG_WARNING;
    if (text && !(waits && hold(s, text)))
        put_line(s, colour, text, *colour ? "\033[0m" : "");
    pthread_mutex_unlock(&s->lock);
}

static void tell_log(struct screen *s, const char *event, const char *text)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const sally_log_line line = {
        .level = SALLY_LOG_INFO,
        .time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
        .event = event,
        .message = text,
    };
    screen_log(s, &line);
}

void screen_tell(struct screen *s, const char *event, const char *text)
{
    if (s->json) {
        tell_log(s, event, text);
        return;
    }
    pthread_mutex_lock(&s->lock);
    put_line(s, "", text, "");
    pthread_mutex_unlock(&s->lock);
}

void screen_set_bottom(struct screen *s, const char *text)
{
    pthread_mutex_lock(&s->lock);
    if (strcmp(text, s->bottom ? s->bottom : "") != 0) {
        flockfile(stderr);
        take_bottom_away(s);
        free(s->bottom);
        s->bottom = *text ? strdup(text) : NULL;
        draw_bottom(s);
        fflush(stderr);
        funlockfile(stderr);
    }
    pthread_mutex_unlock(&s->lock);
}

bool screen_size(size_t *columns, size_t *rows)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
        return false;
    *columns = size.ws_col ? size.ws_col : 80; /* a serial line knows no size */
    *rows = size.ws_row ? size.ws_row : 24;
    return true;
}
