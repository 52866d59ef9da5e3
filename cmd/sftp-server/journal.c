#include "journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/line_queue.h"
#include "common/write_all.h"
#include "sallyport/file.h"
#include "sallyport/op.h"

#define QUEUE_BYTES ((size_t)256 * 1024)
#define FLUSH_MS    1000

/* ---- Where lines go ---- */

struct journal {
    int level;
    bool to_stderr;
    struct line_queue *queue;
};

static void write_line(void *user_data, int priority, const char *text)
{
    const struct journal *journal = user_data;
    if (!journal->to_stderr) {
        syslog(priority, "%s", text);
        return;
    }
    char *line = NULL; /* it may be a terminal in raw mode, through ssh */
    int size = asprintf(&line, "%s\r\n", text);
    if (size < 0)
        return;
    (void)write_all(STDERR_FILENO, line, (size_t)size, -1);
    free(line);
}

static void write_lost(void *user_data, uint64_t count)
{
    char text[64];
    snprintf(text, sizeof text, "%" PRIu64 " log lines were dropped", count);
    write_line(user_data, LOG_ERR, text);
}

struct journal *journal_open(int level, int facility, bool to_stderr)
{
    static const struct line_sink sink = {.line = write_line, .lost = write_lost};
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal)
        journal->queue = line_queue_new(&sink, journal, QUEUE_BYTES);
    if (!journal || !journal->queue) {
        free(journal);
        return NULL;
    }
    journal->level = level;
    journal->to_stderr = to_stderr;
    if (!to_stderr)
        openlog("sftp-server", LOG_PID, facility);
    return journal;
}

void journal_start(struct journal *journal)
{
    if (journal->level > LEVEL_QUIET)
        (void)line_queue_start(journal->queue);
}

void journal_close(struct journal *journal)
{
    if (line_queue_free(journal->queue, FLUSH_MS))
        free(journal);
}

static int priority_of(int level)
{
    switch (level) {
    case LEVEL_FATAL:
        return LOG_CRIT;
    case LEVEL_ERROR:
        return LOG_ERR;
    case LEVEL_INFO:
    case LEVEL_VERBOSE:
        return LOG_INFO;
    default:
        return LOG_DEBUG;
    }
}

/* Escapes a name from the client, so that nothing in it can end the quotes, begin a line or move
 * the cursor. NULL: no memory. */
static char *quoted(const char *name)
{
    size_t size = sally_log_escape(name, 1, NULL, 0);
    char *out = malloc(size + 1);
    if (out)
        sally_log_escape(name, 1, out, size + 1);
    return out;
}

void journal_write(const struct journal *journal, int level, const char *format, ...)
{
    char *raw = NULL;
    va_list arguments;
    if (level > journal->level)
        return;
    va_start(arguments, format);
    int size = vasprintf(&raw, format, arguments);
    va_end(arguments);
    if (size < 0)
        return;
    size_t length = sally_log_escape(raw, 0, NULL, 0);
    char *line = malloc(length + 1);
    if (line) {
        sally_log_escape(raw, 0, line, length + 1);
        line_queue_put(journal->queue, priority_of(level), line);
    }
    free(line);
    free(raw);
}

uint32_t journal_log_level(const struct journal *journal)
{
    if (journal->level <= LEVEL_QUIET)
        return 0;
    if (journal->level < LEVEL_DEBUG1) /* the hooks below log the rest */
        return SALLY_LOG_WARNING;
    return SALLY_LOG_DEBUG;
}

void journal_log(void *user_data, const sally_log_line *line)
{
    const struct journal *journal = user_data;
    int level = line->level <= SALLY_LOG_WARNING ? LEVEL_ERROR : LEVEL_DEBUG1;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return;
    fputs(line->event, out);
    for (uint32_t i = 0; i < line->field_count; i++) {
        char *value = quoted(line->fields[i].value);
        fprintf(out, " %s=\"%s\"", line->fields[i].name, value ? value : "");
        free(value);
    }
    char *message = quoted(line->message);
    fprintf(out, " message=\"%s\"", message ? message : "");
    free(message);
    if (fclose(out) == 0)
        journal_write(journal, level, "%s", text);
    free(text);
}

static void open_flags(uint32_t flags, char *out, size_t size)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
        {SALLY_OPEN_READ, "READ"},     {SALLY_OPEN_WRITE, "WRITE"},
        {SALLY_OPEN_CREATE, "CREATE"}, {SALLY_OPEN_TRUNCATE, "TRUNCATE"},
        {SALLY_OPEN_APPEND, "APPEND"}, {SALLY_OPEN_EXCLUSIVE, "EXCL"},
    };
    out[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (flags & names[i].bit)
            snprintf(out + strlen(out), size - strlen(out), "%s%s", *out ? "," : "", names[i].name);
    }
}

static void write_attributes(const struct journal *j, const char *path, const sally_attrs *a,
                             const char *verb)
{
    if (a->valid & SALLY_ATTR_SIZE)
        journal_write(j, LEVEL_INFO, "%s \"%s\" size %" PRIu64, verb, path, a->size);
    if (a->valid & SALLY_ATTR_PERMISSIONS)
        journal_write(j, LEVEL_INFO, "%s \"%s\" mode %04o", verb, path, (unsigned)a->permissions);
    if (a->valid & SALLY_ATTR_MTIME)
        journal_write(j, LEVEL_INFO, "%s \"%s\" modtime %" PRId64, verb, path, a->mtime.seconds);
    if (a->valid & SALLY_ATTR_IDS)
        journal_write(j, LEVEL_INFO, "%s \"%s\" owner %lu group %lu", verb, path,
                      (unsigned long)a->uid, (unsigned long)a->gid);
}

static void write_close(const struct journal *j, const sally_op *op, const char *path)
{
    sally_file_facts facts;
    sally_file_get_facts(op->file, &facts);
    journal_write(j, LEVEL_INFO, "close%s \"%s\" bytes read %" PRIu64 " written %" PRIu64,
                  facts.close_reason == SALLY_CLOSED_LOST ? " forced" : "", path, facts.bytes_read,
                  facts.bytes_written);
}

static void write_open(const struct journal *j, const sally_op *op, const char *path)
{
    char flags[64];
    const sally_attrs *attrs = op->u.open.attrs;
    open_flags(op->u.open.flags, flags, sizeof flags);
    journal_write(j, LEVEL_INFO, "open \"%s\" flags %s mode %04o", path, flags,
                  attrs->valid & SALLY_ATTR_PERMISSIONS ? (unsigned)attrs->permissions : 0666u);
}

/* `path` and `other`: its names, quoted. */
static void write_request(const struct journal *j, const sally_op *op, const char *path,
                          const char *other)
{
    switch (op->kind) {
    case SALLY_OP_OPEN:
        write_open(j, op, path);
        break;
    case SALLY_OP_CLOSE:
        write_close(j, op, path);
        break;
    case SALLY_OP_OPENDIR:
        journal_write(j, LEVEL_INFO, "opendir \"%s\"", path);
        break;
    case SALLY_OP_CLOSEDIR:
        journal_write(j, LEVEL_INFO, "closedir \"%s\"", path);
        break;
    case SALLY_OP_SETSTAT:
    case SALLY_OP_FSETSTAT:
        write_attributes(j, path, op->u.setstat.attrs, "set");
        break;
    case SALLY_OP_MKDIR:
        journal_write(j, LEVEL_INFO, "mkdir name \"%s\" mode 0%o", path,
                      op->u.setstat.attrs->valid & SALLY_ATTR_PERMISSIONS
                          ? (unsigned)op->u.setstat.attrs->permissions
                          : 0777u);
        break;
    case SALLY_OP_REMOVE:
        journal_write(j, LEVEL_INFO, "remove name \"%s\"", path);
        break;
    case SALLY_OP_RMDIR:
        journal_write(j, LEVEL_INFO, "rmdir name \"%s\"", path);
        break;
    case SALLY_OP_RENAME:
        journal_write(j, LEVEL_INFO, "rename old \"%s\" new \"%s\"", path, other);
        break;
    case SALLY_OP_LINK:
        journal_write(j, LEVEL_INFO, "hardlink old \"%s\" new \"%s\"", path, other);
        break;
    case SALLY_OP_SYMLINK:
        journal_write(j, LEVEL_INFO, "symlink old \"%s\" new \"%s\"", other, path);
        break;
    case SALLY_OP_COPY:
        journal_write(j, LEVEL_INFO, "copy \"%s\"", path);
        break;
    case SALLY_OP_STAT:
    case SALLY_OP_FSTAT:
    case SALLY_OP_LOOKUP_IDS:
        journal_write(j, LEVEL_DEBUG1, "%s \"%s\"", sally_op_kind_name(op->kind), path);
        break;
    default:
        journal_write(j, LEVEL_VERBOSE, "%s \"%s\"", sally_op_kind_name(op->kind), path);
    }
}

static const char *path_of(const sally_op *op)
{
    bool closes = op->kind == SALLY_OP_CLOSE || op->kind == SALLY_OP_CLOSEDIR;
    const char *path = closes ? sally_file_path(op->file) : op->path;
    return path ? path : "";
}

static const char *other_name_of(const sally_op *op)
{
    switch (op->kind) {
    case SALLY_OP_RENAME:
    case SALLY_OP_LINK:
        return op->u.rename.to;
    case SALLY_OP_SYMLINK:
        return op->u.symlink.target;
    default:
        return "";
    }
}

static sally_status after(void *user_data, sally_op *op)
{
    const struct journal *j = user_data;
    char *path = quoted(path_of(op)), *other = quoted(other_name_of(op));
    if (path && other)
        write_request(j, op, path, other);
    free(path);
    free(other);
    if (op->status != SALLY_OK && op->status != SALLY_EOF)
        journal_write(j, LEVEL_INFO, "sent status %s", sally_status_text(op->status));
    else
        journal_write(j, LEVEL_DEBUG1, "request %" PRIu64 ": sent status %s", op->id,
                      sally_status_text(op->status));
    return op->status;
}

void journal_hooks(sally_hooks *hooks, struct journal *journal)
{
    const uint64_t frequent = SALLY_OP_BIT(SALLY_OP_READ) | SALLY_OP_BIT(SALLY_OP_WRITE) |
                              SALLY_OP_BIT(SALLY_OP_READDIR) |
                              SALLY_OP_BIT(SALLY_OP_SESSION_START) |
                              SALLY_OP_BIT(SALLY_OP_SESSION_END);
    *hooks = (sally_hooks){
        .struct_size = sizeof *hooks,
        .flags = SALLY_HOOKS_NONBLOCKING,
        .after_mask = journal->level >= LEVEL_INFO ? SALLY_OP_ALL & ~frequent : 0,
        .after = after,
        .user_data = journal,
    };
}
