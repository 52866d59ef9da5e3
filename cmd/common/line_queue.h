/* Lines for outputs that may block: a terminal or pipe that is not being read, or the syslog(3)
 * socket. A thread writes them, so callers never wait. When the queue is full, lines are dropped
 * and counted. */
#ifndef COMMON_LINE_QUEUE_H
#define COMMON_LINE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the lines go. Calls never overlap, and may block. */
struct line_sink {
    void (*line)(void *user_data, int kind, const char *text);
    /* Reports that this many lines were dropped at this point. */
    void (*lost)(void *user_data, uint64_t count);
    /* The queue is empty, or line_queue_wake() was called. Optional. */
    void (*rest)(void *user_data);
};

struct line_queue;

/* `max_bytes` limits the queued lines in total. NULL: out of memory. */
struct line_queue *line_queue_new(const struct line_sink *sink, void *user_data, size_t max_bytes);

/* Starts the thread that writes the lines; until then line_queue_put() writes them itself. False:
 * no thread can be created, and it continues to. */
bool line_queue_start(struct line_queue *q);

/* Any thread. `kind` is for the sink. */
void line_queue_put(struct line_queue *q, int kind, const char *text);
void line_queue_wake(struct line_queue *q);

/* Waits until everything is written, at most `patience_ms`. False: timed out. */
bool line_queue_flush(struct line_queue *q, unsigned patience_ms);

/* Flushes the queue, ends the thread and frees the queue. False: not everything was written in
 * time; what the sink uses must not be freed, since the thread keeps running until the process
 * ends. */
bool line_queue_free(struct line_queue *q, unsigned patience_ms);

#endif
