/* Finds the files that a command applies to: expands the patterns of its paths, and traverses
 * directories. One directory per level is open, and a limited number of its names is in memory. */
#include "base/glob.h"
#include "core/path.h"
#include "scp/engine.h"

#include "base/mem.h"

/* Names read at a time. One more always fits. */
#define NAMES_ENOUGH ((size_t)16 * 1024)
#define NAMES_MAX    (NAMES_ENOUGH + PATH_MAX_BYTES + 1)
/* Names and work processed in one go, so that others get their turn, and a lost client is noticed.
 */
#define NAMES_AT_ONCE 4096u
#define WORK_AT_ONCE  8192u
/* A few bytes of patterns can cause endless work, through links that lead back, without output to
 * slow it down. Looking at a name costs 1, and more when name and pattern are long; opening a
 * directory costs DIRECTORY_WORK. */
#define MAX_WORK       ((uint64_t)8 * 1024 * 1024)
#define DIRECTORY_WORK 256u

static struct walk_level *top(struct scp_walk *w)
{
    return &w->levels[w->count - 1];
}

static void level_clear(struct walk_level *l)
{
    buf_clear(&l->names);
}

static bool push(struct scp *s, const struct walk_level *level)
{
    struct scp_walk *w = &s->walk;
    if (w->count == w->capacity) {
        uint32_t capacity = w->capacity ? 2 * w->capacity : 4;
        struct walk_level *levels = mem_resize(w->levels, capacity, sizeof *levels);
        if (!levels) {
            scp_no_memory(s);
            return false;
        }
        w->levels = levels;
        w->capacity = capacity;
    }
    w->levels[w->count] = *level;
    w->levels[w->count].path_size = w->path.size;
    buf_init(&w->levels[w->count].names, NAMES_MAX);
    w->count++;
    return true;
}

void walk_enter(struct scp *s, sally_file *dir)
{
    const struct walk_level level = {.dir = dir, .is_tree = true};
    push(s, &level);
}

void walk_drop(struct scp *s)
{
    struct scp_walk *w = &s->walk;
    while (w->count)
        level_clear(&w->levels[--w->count]);
    mem_free(w->levels);
    w->levels = NULL;
    w->capacity = 0;
    buf_clear(&w->path);
}

bool walk_was_guess(struct scp *s, sally_status status)
{
    struct scp_walk *w = &s->walk;
    bool missing = status == SALLY_NO_SUCH_FILE || status == SALLY_NO_SUCH_PATH;
    if (!missing || !w->from_pattern || w->count == 0 || top(w)->is_tree)
        return false;
    w->visited--;
    return true;
}

/* ---- Bounded work ---- */

static void report(struct scp *s, struct slice path, const char *why)
{
    struct buf text = {.data = NULL};
    scp_put_failure(s, &text, path, why);
    if (s->command.kind == SCP_SOURCE) {
        scp_warn(s, buf_slice(&text));
    } else {
        s->errors++;
        scp_put_error(s, buf_slice(&text));
    }
    buf_clear(&text);
}

/* Ends the command if there was too much work. */
static void check_work(struct scp *s)
{
    if (s->walk.work < MAX_WORK || s->over)
        return;
    report(s, slice_of(s->walk.current), "the pattern is too complex");
    scp_finish(s, 1);
}

/* ---- Reading a directory ---- */

/* In the storage's thread. */
static bool on_entry(struct op *op, const char *name, const sally_attrs *attrs,
                     const char *longname)
{
    struct scp_listing *l = task_of(op)->listing;
    size_t size = strlen(name);
    (void)attrs, (void)longname;
    l->seen++;
    if (l->pattern.data)
        l->work += 1 + (uint64_t)size * l->pattern.size / 256;
    bool fits = size > 0 && size <= PATH_MAX_BYTES && !strchr(name, '/');
    if (fits && (!l->pattern.data || glob_matches(l->pattern, slice_of(name)))) {
        put_bytes(&l->names, name, size + 1);
        l->failed |= l->names.failed;
    }
    return l->names.size < NAMES_ENOUGH && l->seen < NAMES_AT_ONCE && l->work < WORK_AT_ONCE;
}

static void after_read(struct scp *s, struct op *op)
{
    struct walk_level *l = top(&s->walk);
    struct scp_listing *listing = task_of(op)->listing;
    sally_status status = op->pub.status;
    s->busy = false;
    if (listing->failed)
        status = SALLY_FAILURE;
    buf_clear(&l->names);
    l->names = listing->names;
    listing->names = (struct buf){.data = NULL};
    s->walk.work += listing->work;
    l->at_end = status != SALLY_OK;
    if (status != SALLY_OK && status != SALLY_EOF)
        s->walk.failed(s, op, status);
    else
        check_work(s);
}

static void read_names(struct scp *s, const struct walk_level *l)
{
    struct op *op = scp_file_op(s, SALLY_OP_READDIR, l->dir, after_read);
    if (!op)
        return;
    struct scp_listing *listing = sally_op_alloc(&op->pub, sizeof *listing);
    if (!listing) {
        op_free(op);
        scp_no_memory(s);
        return;
    }
    *listing = (struct scp_listing){.pattern = l->pattern};
    buf_init(&listing->names, NAMES_MAX);
    task_of(op)->listing = listing;
    op->entry = on_entry;
    op->reply_bytes = NAMES_ENOUGH;
    scp_submit_alone(s, op);
}

static void after_close(struct scp *s, struct op *op)
{
    struct scp_walk *w = &s->walk;
    bool is_tree = top(w)->is_tree;
    (void)op;
    s->busy = false;
    level_clear(top(w));
    w->count--;
    if (is_tree)
        w->leave_tree(s);
}

static void close_level(struct scp *s, const struct walk_level *l)
{
    struct op *op = scp_file_op(s, SALLY_OP_CLOSEDIR, l->dir, after_close);
    if (op)
        scp_submit_alone(s, op);
}

/* ---- Patterns ---- */

static struct slice component_of(const char *text)
{
    struct slice c = {(const uint8_t *)text, strcspn(text, "/")};
    return c;
}

static bool is_dotdot(struct slice c)
{
    return slice_is(c, "..") || slice_is(c, ".\\.") || slice_is(c, "\\.\\.") || slice_is(c, "\\..");
}

/* Going up after a pattern would multiply the work with every step. */
static bool goes_up_after_pattern(const char *path)
{
    bool pattern = false;
    for (;;) {
        struct slice c = component_of(path);
        if (pattern && is_dotdot(c))
            return true;
        pattern |= glob_is_pattern(c);
        path += c.size;
        if (*path == '\0')
            return false;
        path++;
    }
}

static void visit(struct scp *s, bool from_pattern)
{
    s->walk.from_pattern = from_pattern;
    s->walk.visited++;
    s->walk.visit(s);
}

static void after_opendir(struct scp *s, struct op *op)
{
    struct walk_level *l = top(&s->walk);
    s->busy = false;
    s->walk.work += DIRECTORY_WORK;
    if (op->pub.status == SALLY_OK) {
        l->dir = op->pub.file;
    } else {
        level_clear(l); /* anything but a directory contains no matches */
        s->walk.count--;
    }
    check_work(s);
}

static void opendir_failed(struct scp *s, const struct op *op, sally_status status)
{
    level_clear(top(&s->walk));
    s->walk.count--;
    s->walk.failed(s, op, status);
}

/* The path goes on with `rest`: up to the next pattern, or to its end. */
static void go_on(struct scp *s, const char *rest, bool from_pattern)
{
    struct scp_walk *w = &s->walk;
    struct walk_level level = {.is_tree = false};
    for (;;) {
        struct slice c = component_of(rest);
        if (glob_is_pattern(c)) {
            level.pattern = c;
            level.rest = rest + c.size;
            break;
        }
        glob_put_literal(&w->path, c);
        rest += c.size;
        if (*rest == '\0')
            break;
        put_u8(&w->path, '/');
        rest++;
    }
    if (w->path.failed) {
        w->path.failed = false;
        w->failed(s, NULL, SALLY_INVALID_FILENAME);
    } else if (!level.pattern.data) {
        visit(s, from_pattern);
    } else if (push(s, &level)) {
        struct slice dir = w->path.size ? buf_slice(&w->path) : slice_of(".");
        struct op *op = scp_path_op(s, SALLY_OP_OPENDIR, dir, after_opendir, opendir_failed);
        if (op)
            scp_submit_alone(s, op);
    }
}

/* ---- Steps ---- */

static void pop_name(struct scp *s, struct walk_level *l)
{
    struct scp_walk *w = &s->walk;
    const char *name = (const char *)buf_head(&l->names);
    size_t size = strlen(name);
    buf_truncate(&w->path, l->path_size);
    if (l->is_tree && !(w->path.size && buf_head(&w->path)[w->path.size - 1] == '/'))
        put_u8(&w->path, '/');
    put_bytes(&w->path, name, size);
    const char *rest = l->rest;
    bool is_tree = l->is_tree;
    buf_consume(&l->names, size + 1);
    if (w->path.failed) {
        w->path.failed = false;
        w->failed(s, NULL, SALLY_INVALID_FILENAME);
    } else if (is_tree) {
        visit(s, true);
    } else {
        go_on(s, rest, true);
    }
}

static void begin_path(struct scp *s)
{
    struct scp_walk *w = &s->walk;
    w->current = w->next;
    w->next += strlen(w->next) + 1;
    w->left--;
    w->visited = 0;
    buf_reset(&w->path);
    if (!goes_up_after_pattern(w->current)) {
        go_on(s, w->current, false);
        return;
    }
    put_bytes(&w->path, w->current, strlen(w->current));
    w->path.failed = false;
    w->failed(s, NULL, SALLY_INVALID_FILENAME);
    w->visited++;
}

/* As in a shell, a pattern without a match stands for itself. */
static void visit_unmatched(struct scp *s)
{
    struct scp_walk *w = &s->walk;
    buf_reset(&w->path);
    glob_put_literal(&w->path, slice_of(w->current));
    if (w->path.failed)
        w->failed(s, NULL, SALLY_INVALID_FILENAME);
    else
        visit(s, false);
    w->visited = 1;
}

bool walk_step(struct scp *s)
{
    struct scp_walk *w = &s->walk;
    if (w->count == 0) {
        if (w->current && !w->visited)
            visit_unmatched(s);
        else if (w->left)
            begin_path(s);
        else
            return false;
        return true;
    }
    struct walk_level *l = top(w);
    if (l->names.size)
        pop_name(s, l);
    else if (!l->at_end)
        read_names(s, l);
    else
        close_level(s, l);
    return true;
}

void walk_report(struct scp *s, const struct op *op, sally_status status)
{
    struct buf text = {.data = NULL};
    s->errors++;
    scp_put_status(s, &text, walk_path(s), op, status);
    scp_put_error(s, buf_slice(&text));
    buf_clear(&text);
}

bool walk_visit_all(struct scp *s, void (*visit_path)(struct scp *s))
{
    s->walk.visit = visit_path;
    s->walk.failed = walk_report;
    if (s->in.size) { /* there is no output to wait for */
        scp_use_input(s, s->in.size);
        return true;
    }
    if (!walk_step(s))
        scp_finish(s, s->errors ? 1 : 0);
    return true;
}
