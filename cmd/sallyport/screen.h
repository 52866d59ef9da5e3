/* Standard error, shared by the log, which comes from many threads, and by the lines at the bottom
 * of a terminal that show what is going on: they are taken away before a log line is written, and
 * written again below it. Callers never block: a thread writes, lines that it cannot
 * get rid of are lost, and the log says how many. */
#ifndef SALLYPORT_SCREEN_H
#define SALLYPORT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "sallyport/log.h"

struct screen;

struct screen *screen_new(bool json); /* NULL: no memory */
/* From now on a thread writes; until then, the caller does. False: no thread can be created.
 */
bool screen_start(struct screen *screen);
/* Gives what waits a second to be written. */
void screen_flush(struct screen *screen);
void screen_free(struct screen *screen);

/* What the log says before the banner is kept back until it stands there, but for what is urgent;
 * when it never comes, it is dropped: an error tells more. */
void screen_hold(struct screen *screen);
void screen_release(struct screen *screen);

/* For sally_server_set_log(); user_data is the screen. */
void screen_log(void *user_data, const sally_log_line *line);

/* Lines for people, as they are. */
void screen_show(struct screen *screen, const char *text);
/* A line for people; where every line is to be JSON, one of the log with this name. */
void screen_tell(struct screen *screen, const char *event, const char *text);

/* The lines at the bottom, each ending in a line break, at most as wide as the terminal; "" for
 * none. Copied. */
void screen_set_bottom(struct screen *screen, const char *text);
/* Columns and rows of the terminal; false when there is none. */
bool screen_size(size_t *columns, size_t *rows);

#endif
