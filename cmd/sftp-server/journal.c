#include "journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "sallyport/file.h"
#include "sallyport/op.h"

#define MAX_LINE 4096

void journal_open(struct journal *journal, int level, int facility, bool to_stderr)
{
    journal->level = level;
    journal->to_stderr = to_stderr;
    if (!to_stderr)
        openlog("sftp-server", LOG_PID, facility);
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

/* Names are the client's: no byte of theirs may begin a line of its own or move a cursor. As vis(3)
 * does it, in octal. */
static void escape(const char *text, char *out, size_t size)
{
    size_t used = 0;
    for (; *text && used + 5 < size; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c != 0x7f && c != '\\')
            out[used++] = (char)c;
        else
            used += (size_t)snprintf(out + used, size - used, "\\%03o", c);
    }
    out[used] = '\0';
}

void journal_write(const struct journal *journal, int level, const char *format, ...)
{
    if (level > journal->level)
        return;
    char raw[MAX_LINE], line[MAX_LINE * 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    escape(raw, line, sizeof line);
    if (journal->to_stderr)
        fprintf(stderr, "%s\r\n", line); /* it may be a terminal in raw mode, behind ssh */
    else
        syslog(priority_of(level), "%s", line);
}

uint32_t journal_log_level(const struct journal *journal)
{
    if (journal->level <= LEVEL_QUIET)
        return 0;
    if (journal->level < LEVEL_DEBUG1) /* the hooks below say the rest */
        return SALLY_LOG_WARNING;
    return SALLY_LOG_DEBUG;
}

void journal_log(void *user_data, const sally_log_line *line)
{
    const struct journal *journal = user_data;
    int level = line->level <= SALLY_LOG_WARNING ? LEVEL_ERROR : LEVEL_DEBUG1;
    char fields[1024] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < line->field_count && used < sizeof fields; i++)
        used += (size_t)snprintf(fields + used, sizeof fields - used, " %s=%s",
                                 line->fields[i].name, line->fields[i].value);
    journal_write(journal, level, "%s%s", line->message, fields);
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

static void write_close(const struct journal *j, const sally_op *op)
{
    sally_file_facts facts;
    sally_file_get_facts(op->file, &facts);
    journal_write(j, LEVEL_INFO, "close%s \"%s\" bytes read %" PRIu64 " written %" PRIu64,
                  facts.close_reason == SALLY_CLOSED_LOST ? " forced" : "",
                  sally_file_path(op->file), facts.bytes_read, facts.bytes_written);
}

static void write_open(const struct journal *j, const sally_op *op)
{
    char flags[64];
    const sally_attrs *attrs = op->u.open.attrs;
    open_flags(op->u.open.flags, flags, sizeof flags);
    journal_write(j, LEVEL_INFO, "open \"%s\" flags %s mode %04o", op->path, flags,
                  attrs->valid & SALLY_ATTR_PERMISSIONS ? (unsigned)attrs->permissions : 0666u);
}

static void write_request(const struct journal *j, const sally_op *op)
{
    switch (op->kind) {
    case SALLY_OP_OPEN:
        write_open(j, op);
        break;
    case SALLY_OP_CLOSE:
        write_close(j, op);
        break;
    case SALLY_OP_OPENDIR:
        journal_write(j, LEVEL_INFO, "opendir \"%s\"", op->path);
        break;
    case SALLY_OP_CLOSEDIR:
        journal_write(j, LEVEL_INFO, "closedir \"%s\"", sally_file_path(op->file));
        break;
    case SALLY_OP_SETSTAT:
    case SALLY_OP_FSETSTAT:
        write_attributes(j, op->path, op->u.setstat.attrs, "set");
        break;
    case SALLY_OP_MKDIR:
        journal_write(j, LEVEL_INFO, "mkdir name \"%s\" mode 0%o", op->path,
                      op->u.setstat.attrs->valid & SALLY_ATTR_PERMISSIONS
                          ? (unsigned)op->u.setstat.attrs->permissions
                          : 0777u);
        break;
    case SALLY_OP_REMOVE:
        journal_write(j, LEVEL_INFO, "remove name \"%s\"", op->path);
        break;
    case SALLY_OP_RMDIR:
        journal_write(j, LEVEL_INFO, "rmdir name \"%s\"", op->path);
        break;
    case SALLY_OP_RENAME:
        journal_write(j, LEVEL_INFO, "rename old \"%s\" new \"%s\"", op->path, op->u.rename.to);
        break;
    case SALLY_OP_LINK:
        journal_write(j, LEVEL_INFO, "hardlink old \"%s\" new \"%s\"", op->path, op->u.rename.to);
        break;
    case SALLY_OP_SYMLINK:
        journal_write(j, LEVEL_INFO, "symlink old \"%s\" new \"%s\"", op->u.symlink.target,
                      op->path);
        break;
    case SALLY_OP_COPY:
        journal_write(j, LEVEL_INFO, "copy \"%s\"", op->path ? op->path : "");
        break;
    case SALLY_OP_STAT:
    case SALLY_OP_FSTAT:
    case SALLY_OP_LOOKUP_IDS:
        journal_write(j, LEVEL_DEBUG1, "%s \"%s\"", sally_op_kind_name(op->kind),
                      op->path ? op->path : "");
        break;
    default:
        journal_write(j, LEVEL_VERBOSE, "%s \"%s\"", sally_op_kind_name(op->kind),
                      op->path ? op->path : "");
    }
}

static sally_status after(void *user_data, sally_op *op)
{
    const struct journal *j = user_data;
    write_request(j, op);
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
                              SALLY_OP_BIT(SALLY_OP_READDIR) | SALLY_OP_BIT(SALLY_OP_LEND_FD) |
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
