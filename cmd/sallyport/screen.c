#include "screen.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "common/line_queue.h"
#include "common/write_all.h"
#include "report.h"

#define QUEUE_BYTES ((size_t)1 << 20)
#define FLUSH_MS    1000

enum colour { PLAIN, YELLOW, RED };

struct screen {
    bool json, colour;
    struct line_queue *queue;

    char *wanted; /* the current bottom; used by the thread that sets it */
    pthread_mutex_t bottom_lock;
    char *bottom; /* the next bottom; NULL: none */
    bool bottom_changed;

    pthread_mutex_t log_lock;
    char *line; /* room for one log line */
    size_t line_size;
    bool holds;
    char *held; /* lines; NULL: none */

    /* Used by the writing thread: */
    char *shown;        /* the bottom last copied from `bottom`, */
    size_t shown_lines; /* and how many of its lines are shown */
    size_t used;
    char out[16 * 1024];
};

/* ---- Writing ---- */

static void send_out(struct screen *s)
{
    (void)write_all(STDERR_FILENO, s->out, s->used, -1);
    s->used = 0;
}

static void add(struct screen *s, const char *text)
{
    for (size_t left = strlen(text); left;) {
        if (s->used == sizeof s->out)
            send_out(s);
        size_t room = sizeof s->out - s->used, part = left < room ? left : room;
        memcpy(s->out + s->used, text, part);
        s->used += part;
        text += part;
        left -= part;
    }
}

/* The cursor is below the lines, at the start of a row. */
static void clear_bottom(struct screen *s)
{
    if (s->shown_lines)
        add(s, "\r\033[2K"); /* erases what the user has typed */
    for (; s->shown_lines; s->shown_lines--)
        add(s, "\033[A\033[2K");
}

static void write_line(void *user_data, int kind, const char *text)
{
    struct screen *s = user_data;
    clear_bottom(s);
    add(s, kind == RED ? "\033[31m" : kind == YELLOW ? "\033[33m" : "");
    add(s, text);
    add(s, kind == PLAIN ? "\n" : "\033[0m\n");
}

static void claim_bottom(struct screen *s)
{
    pthread_mutex_lock(&s->bottom_lock);
    bool changed = s->bottom_changed;
    char *bottom = changed ? s->bottom : NULL;
    if (changed)
        s->bottom = NULL;
    s->bottom_changed = false;
    pthread_mutex_unlock(&s->bottom_lock);
    if (!changed)
        return;
    clear_bottom(s);
    free(s->shown);
    s->shown = bottom;
}

static void write_bottom(void *user_data)
{
    struct screen *s = user_data;
    claim_bottom(s);
    if (s->shown && !s->shown_lines) {
        add(s, s->shown);
        for (const char *c = s->shown; (c = strchr(c, '\n')) != NULL; c++)
            s->shown_lines++;
    }
    send_out(s);
}

static void fill_in(sally_log_line *line, uint32_t level, const char *event, const char *text)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *line = (sally_log_line){
        .level = level,
        .time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
        .event = event,
        .message = text,
    };
}

static void write_lost(void *user_data, uint64_t count)
{
    struct screen *s = user_data;
    char text[512], number[24];
    snprintf(number, sizeof number, "%" PRIu64, count);
    const sally_log_field field = {"lines", number};
    sally_log_line line;
    fill_in(&line, SALLY_LOG_WARNING, "log.lost",
            "Log lines were dropped: standard error was not read");
    line.fields = &field;
    line.field_count = 1;
    sally_log_format(&line, s->json, text, sizeof text);
    write_line(s, s->colour ? YELLOW : PLAIN, text);
}

/* ---- Life ---- */

struct screen *screen_new(bool json)
{
    static const struct line_sink sink = {write_line, write_lost, write_bottom};
    struct screen *s = calloc(1, sizeof *s);
    if (s)
        s->queue = line_queue_new(&sink, s, QUEUE_BYTES);
    if (!s || !s->queue) {
        free(s);
        return NULL;
    }
    pthread_mutex_init(&s->bottom_lock, NULL);
    pthread_mutex_init(&s->log_lock, NULL);
    s->json = json;
    s->colour = wants_colour(stderr) && !json;
    return s;
}

bool screen_start(struct screen *s)
{
    return line_queue_start(s->queue);
}

void screen_flush(struct screen *s)
{
    (void)line_queue_flush(s->queue, FLUSH_MS);
}

void screen_free(struct screen *s)
{
    if (!s)
        return;
    screen_set_bottom(s, "");
    if (!line_queue_free(s->queue, FLUSH_MS))
        return; /* its thread still uses it */
    free(s->wanted);
    free(s->bottom);
    free(s->shown);
    free(s->line);
    free(s->held);
    pthread_mutex_destroy(&s->log_lock);
    pthread_mutex_destroy(&s->bottom_lock);
    free(s);
}

/* ---- Lines ---- */

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
    return s->line; /* truncated if out of memory */
}

void screen_hold(struct screen *s)
{
    pthread_mutex_lock(&s->log_lock);
    s->holds = !s->json; /* in JSON, the banner is an ordinary line */
    pthread_mutex_unlock(&s->log_lock);
}

void screen_release(struct screen *s)
{
    pthread_mutex_lock(&s->log_lock);
    s->holds = false;
    if (s->held)
        line_queue_put(s->queue, PLAIN, s->held);
    free(s->held);
    s->held = NULL;
    pthread_mutex_unlock(&s->log_lock);
}

/* False: no memory. */
static bool hold(struct screen *s, const char *text)
{
    size_t before = s->held ? strlen(s->held) : 0, size = strlen(text);
    char *longer = realloc(s->held, before + size + 2);
    if (!longer)
        return false;
    if (before)
        longer[before++] = '\n';
    memcpy(longer + before, text, size + 1);
    s->held = longer;
    return true;
}

void screen_log(void *user_data, const sally_log_line *line)
{
    struct screen *s = user_data;
    pthread_mutex_lock(&s->log_lock);
    const char *text = format(s, line);
    enum colour colour = PLAIN;
    if (s->colour && line->level <= SALLY_LOG_WARNING)
        colour = line->level == SALLY_LOG_ERROR ? RED : YELLOW;
    bool waits = s->holds && line->level > SALLY_LOG_WARNING;
    if (text && !(waits && hold(s, text)))
        line_queue_put(s->queue, (int)colour, text);
    pthread_mutex_unlock(&s->log_lock);
}

void screen_show(struct screen *s, const char *text)
{
    line_queue_put(s->queue, PLAIN, text);
}

void screen_tell(struct screen *s, const char *event, const char *text)
{
    if (!s->json) {
        screen_show(s, text);
        return;
    }
    sally_log_line line;
    fill_in(&line, SALLY_LOG_INFO, event, text);
    screen_log(s, &line);
}

/* ---- The bottom ---- */

void screen_set_bottom(struct screen *s, const char *text)
{
    if (strcmp(text, s->wanted ? s->wanted : "") == 0)
        return;
    free(s->wanted);
    s->wanted = *text ? strdup(text) : NULL;
    pthread_mutex_lock(&s->bottom_lock);
    free(s->bottom);
    s->bottom = *text ? strdup(text) : NULL;
    s->bottom_changed = true;
    pthread_mutex_unlock(&s->bottom_lock);
    line_queue_wake(s->queue);
}

bool screen_size(size_t *columns, size_t *rows)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
        return false;
    *columns = size.ws_col ? size.ws_col : 80; /* serial lines report no size */
    *rows = size.ws_row ? size.ws_row : 24;
    return true;
}
