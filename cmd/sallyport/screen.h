/* Standard error, shared by the log, which comes from many threads, and the status lines at the
 * bottom of a terminal: they are erased before a log line is written, and redrawn below it. Callers
 * never block: a thread writes. If standard error is not read, lines are dropped, and the log
 * reports how many. */
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
/* Waits up to a second for queued lines to be written. */
void screen_flush(struct screen *screen);
void screen_free(struct screen *screen);

/* Log lines other than warnings and errors are held back until the banner is shown. If startup
 * fails they are dropped: the error message says more. */
void screen_hold(struct screen *screen);
void screen_release(struct screen *screen);

/* For sally_server_set_log(); user_data is the screen. */
void screen_log(void *user_data, const sally_log_line *line);

/* Lines for people, written unchanged. */
void screen_show(struct screen *screen, const char *text);
/* A line for people; in JSON mode, a log line with this event name. */
void screen_tell(struct screen *screen, const char *event, const char *text);

/* The lines at the bottom, each ending in a line break, at most as wide as the terminal; "" for
 * none. Copied. */
void screen_set_bottom(struct screen *screen, const char *text);
/* Columns and rows of the terminal; false if there is none. */
bool screen_size(size_t *columns, size_t *rows);

#endif
