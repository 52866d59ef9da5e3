#include "live.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "report.h"

#define MAX_SHOWN 16
#define MAX_TEXT  1024 /* bytes per line */
#define PAUSE_NS  UINT64_C(2000000000)

struct transfer {
    uint64_t connection;
    uint64_t done;
    uint64_t at_ns;
    double rate;       /* bytes per second, smoothed */
    char activity[64]; /* its first characters, to recognise it */
};

struct live {
    sally_server *server;
    struct screen *screen;
    bool colour;
    uint64_t now_ns;
    struct transfer shown[MAX_SHOWN], before[MAX_SHOWN];
    size_t shown_count, before_count;
    size_t connections, hidden;
    size_t columns, rows;
    char text[(MAX_SHOWN + 2) * (MAX_TEXT + 32)];
    size_t used;
};

struct live *live_new(sally_server *server, struct screen *screen)
{
    struct live *l = calloc(1, sizeof *l);
    if (l) {
        l->server = server;
        l->screen = screen;
        l->colour = wants_colour(stderr);
    }
    return l;
}

void live_free(struct live *l)
{
    if (l)
        screen_set_bottom(l->screen, "");
    free(l);
}

static void bytes_text(double bytes, char *out, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (; bytes >= 1024 && unit < 4; unit++)
        bytes /= 1024;
    snprintf(out, size, unit && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

/* Adds as much of `text` as fits into `columns`. Names come from clients, so only visible
 * characters are kept. */
static size_t add_cut(struct live *l, const char *text, size_t columns)
{
    char safe[MAX_TEXT];
    size_t whole = sally_log_escape(text, 0, safe, sizeof safe);
    mbstate_t state = {0};
    size_t used = 0, left = whole < sizeof safe ? whole : sizeof safe - 1;
    text = safe;
    while (left && l->used + MB_LEN_MAX < sizeof l->text) {
        wchar_t wide;
        size_t size = mbrtowc(&wide, text, left, &state);
        int width = size != 0 && size != (size_t)-1 && size != (size_t)-2 ? wcwidth(wide) : -1;
        bool is_shown = width >= 0;
        if (!is_shown) { /* not a character in the terminal's charset */
            memset(&state, 0, sizeof state);
            size = 1;
            width = 1;
        }
        if (used + (size_t)width > columns)
            break;
        if (is_shown)
            memcpy(l->text + l->used, text, size);
        else
            l->text[l->used] = '?';
        l->used += size;
        used += (size_t)width;
        text += size;
        left -= size;
    }
    return used;
}

static void add(struct live *l, const char *text)
{
    size_t size = strlen(text);
    if (l->used + size < sizeof l->text) {
        memcpy(l->text + l->used, text, size);
        l->used += size;
    }
}

static void update_rate(struct live *l, struct transfer *t)
{
    for (size_t i = 0; i < l->before_count; i++) {
        const struct transfer *b = &l->before[i];
        if (b->connection != t->connection || strcmp(b->activity, t->activity) != 0 ||
            b->done > t->done || b->at_ns >= t->at_ns)
            continue;
        double now = (double)(t->done - b->done) * 1e9 / (double)(t->at_ns - b->at_ns);
        t->rate = b->rate > 0 ? b->rate * 0.7 + now * 0.3 : now;
        return;
    }
}

/* 100 only when complete. */
static unsigned percent(const sally_connection_info *info)
{
    if (info->activity_done >= info->activity_size)
        return 100;
    double part = 100.0 * (double)info->activity_done / (double)info->activity_size;
    return part < 99 ? (unsigned)part : 99;
}

static void add_transfer(struct live *l, const sally_connection_info *info,
                         const struct transfer *t)
{
    char done[32], rate[32], numbers[96];
    bytes_text((double)info->activity_done, done, sizeof done);
    bytes_text(t->rate, rate, sizeof rate);
    if (info->activity_size)
        snprintf(numbers, sizeof numbers, " %3u%%  %10s  %10s/s", percent(info), done, rate);
    else
        snprintf(numbers, sizeof numbers, "       %10s  %10s/s", done, rate);
    size_t numbers_width = strlen(numbers);
    size_t room = l->columns > numbers_width + 2 ? l->columns - numbers_width - 1 : 1;
    char who[512];
    snprintf(who, sizeof who, "%s@%s  %s", info->user, info->peer->address, info->activity);
    size_t width = add_cut(l, who, room);
    while (width++ < room && l->used + 1 < sizeof l->text)
        l->text[l->used++] = ' ';
    add(l, l->colour ? "\033[36m" : "");
    add(l, numbers);
    add(l, l->colour ? "\033[0m\n" : "\n");
}

static bool show(void *user_data, const sally_connection_info *info)
{
    struct live *l = user_data;
    l->connections++;
    if (!*info->activity)
        return true;
    if (l->shown_count == MAX_SHOWN || l->shown_count + 3 > l->rows) {
        l->hidden++;
        return true;
    }
    struct transfer *t = &l->shown[l->shown_count++];
    memset(t, 0, sizeof *t);
    t->connection = info->id;
    t->done = info->activity_done;
    t->at_ns = l->now_ns;
    snprintf(t->activity, sizeof t->activity, "%s", info->activity);
    update_rate(l, t);
    add_transfer(l, info, t);
    return true;
}

void live_update(struct live *l, uint64_t now_ns)
{
    if (!screen_size(&l->columns, &l->rows))
        return;
    l->now_ns = now_ns;
    memcpy(l->before, l->shown, sizeof l->shown);
    l->before_count = l->shown_count;
    l->shown_count = l->connections = l->hidden = l->used = 0;
    if (sally_server_each_connection(l->server, show, l) != SALLY_E_OK)
        return;
    char last[128] = "";
    if (l->hidden)
        snprintf(last, sizeof last, "and %zu more transfers; %zu connections\n", l->hidden,
                 l->connections);
    else if (l->connections)
        snprintf(last, sizeof last, "%zu connection%s\n", l->connections,
                 l->connections == 1 ? "" : "s");
    add(l, last);
    l->text[l->used] = '\0';
    screen_set_bottom(l->screen, l->text);
}

/* Between two requests of a transfer none is in flight, but its file stays open; between two files
 * of a transfer there is a pause of a few round trips. */
static bool count(void *user_data, const sally_connection_info *info)
{
    bool works = *info->activity || info->operations || info->open_files;
    bool pauses = info->sessions && info->idle_ns < PAUSE_NS;
    *(size_t *)user_data += works || pauses ? 1 : 0;
    return true;
}

/* The number of clients that are transferring files. */
size_t live_transfers(sally_server *server)
{
    size_t transfers = 0;
    return sally_server_each_connection(server, count, &transfers) == SALLY_E_OK ? transfers : 0;
}
