#include "server/finger_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/login_query.h"
#include "base/mem.h"
#include "server/conn_session.h"
#include "server/login.h"

#define LINE_MAX_BYTES 256u

struct finger {
    struct line line;
    struct conn *conn;
    char in[LINE_MAX_BYTES], out[LINE_MAX_BYTES];
    size_t in_size, out_size;
    bool is_asked, is_over;
    struct finger_query *query;     /* at the authenticator; NULL: none */
    struct finger_session *session; /* NULL: none */
};

struct finger_query {
    struct login_query login;
    struct finger *finger; /* NULL: gone */
    char text[LINE_MAX_BYTES];
    const char *path; /* in it */
};

struct finger_session {
    struct conn_session session;
    struct finger *finger; /* NULL: gone */
};

static struct finger *finger_of(const struct line *line)
{
    return (struct finger *)(uintptr_t)line;
}

static void answer(struct finger *f, const char *text)
{
    f->out_size = (size_t)snprintf(f->out, sizeof f->out, "%.200s\n", text);
    f->is_over = true;
    conn_line_ended(f->conn, SALLY_END_BY_SERVER, "answered");
    conn_make_ready(f->conn);
}

/* ---- The session ---- */

static void on_done(struct op *op)
{
    struct finger_session *s = op->owner;
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, op->pub.u.stat.attrs.size);
    if (s->finger)
        answer(s->finger, op->pub.status == SALLY_OK ? text : sally_status_text(op->pub.status));
    op_free(op);
    conn_session_finish(&s->session);
}

static void detach(struct conn_session *session)
{
    struct finger_session *s = CONTAINER_OF(session, struct finger_session, session);
    s->finger->session = NULL;
    s->finger = NULL;
}

static void end(struct conn_session *s, uint32_t reason, void (*on_closed)(void *user_data))
{
    session_close(s->session, reason, on_closed, s);
}

static void free_session(struct conn_session *s)
{
    mem_free(CONTAINER_OF(s, struct finger_session, session));
}

static void open_session(struct finger *f, const char *path)
{
    static const struct conn_session_methods methods = {
        .detach = detach, .end = end, .free = free_session};
    struct finger_session *s = mem_zalloc(sizeof *s);
    if (s)
        s->session.methods = &methods;
    if (!s || !conn_session_init(&s->session, f->conn, SALLY_MAY_STAT)) {
        mem_free(s);
        answer(f, "no session");
        return;
    }
    s->finger = f;
    f->session = s;
    conn_session_start(&s->session);
    struct op *op = op_new(s->session.session, SALLY_OP_STAT);
    if (!op || op_set_raw_path(op, slice_of(path)) != SALLY_OK) {
        answer(f, "no such path");
        return;
    }
    op->pub.u.stat.wanted = SALLY_ATTR_SIZE;
    op->owner = s;
    op->on_done = on_done;
    op_submit(op);
}

/* ---- The login ---- */

/* The query is answered: whose it was; NULL: gone. */
static struct finger *owner_of(struct finger_query *q)
{
    if (q->finger)
        q->finger->query = NULL;
    return q->finger;
}

static void accept_login(struct login_query *query)
{
    struct finger_query *q = CONTAINER_OF(query, struct finger_query, login);
    struct finger *f = owner_of(q);
    if (f) {
        conn_logged_in(f->conn);
        open_session(f, q->path);
    }
    mem_free(q);
}

static void reject_login(struct login_query *query, uint32_t methods)
{
    struct finger_query *q = CONTAINER_OF(query, struct finger_query, login);
    struct finger *f = owner_of(q);
    (void)methods;
    if (f)
        answer(f, "who are you?");
    mem_free(q);
}

static void log_in(struct finger *f)
{
    static const struct login_answers answers = {.accept = accept_login, .reject = reject_login};
    struct finger_query *q = mem_zalloc(sizeof *q);
    f->is_asked = true;
    if (q)
        memcpy(q->text, f->in, sizeof q->text);
    char *password = q ? strchr(q->text, ' ') : NULL;
    char *path = password ? strchr(password + 1, ' ') : NULL;
    if (!path) {
        mem_free(q);
        answer(f, "USER PASSWORD PATH");
        return;
    }
    *password = *path = '\0';
    f->query = q;
    q->finger = f;
    q->path = path + 1;
    q->login.answers = &answers;
    q->login.pub.method = SALLY_AUTH_PASSWORD;
    q->login.pub.attempt = 1;
    q->login.pub.user = q->text;
    q->login.pub.password = password + 1;
    conn_set_stage(f->conn, CONN_LOGIN);
    login_try(f->conn, &q->login);
}

/* ---- The line ---- */

static size_t input_room(struct line *line, uint8_t **room)
{
    struct finger *f = finger_of(line);
    *room = (uint8_t *)f->in + f->in_size;
    return f->is_asked ? 0 : sizeof f->in - 1 - f->in_size;
}

static void input(struct line *line, size_t size)
{
    finger_of(line)->in_size += size;
}

static void input_end(struct line *line)
{
    (void)line;
}

static bool run(struct line *line, uint64_t now_ns)
{
    struct finger *f = finger_of(line);
    char *newline = f->is_asked ? NULL : memchr(f->in, '\n', f->in_size);
    (void)now_ns;
    if (newline) {
        *newline = '\0';
        log_in(f);
    }
    conn_sessions_settle(f->conn);
    return false;
}

static struct slice output(struct line *line)
{
    struct finger *f = finger_of(line);
    return (struct slice){(const uint8_t *)f->out, f->out_size};
}

static void output_sent(struct line *line, size_t size)
{
    struct finger *f = finger_of(line);
    memmove(f->out, f->out + size, f->out_size -= size);
}

static bool is_over(const struct line *line)
{
    return finger_of(line)->is_over;
}

static void disconnect(struct line *line, const char *text)
{
    answer(finger_of(line), text);
}

static void free_line(struct line *line)
{
    struct finger *f = finger_of(line);
    if (f->query)
        f->query->finger = NULL;
    if (f->session) {
        struct conn_session *s = &f->session->session;
        detach(s);
        conn_session_detach(s);
    }
    mem_free(f);
}

static sally_error line_new(struct line **out, struct conn *c)
{
    static const struct line_methods methods = {
        .input_room = input_room,
        .input = input,
        .input_end = input_end,
        .run = run,
        .output = output,
        .output_sent = output_sent,
        .is_over = is_over,
        .disconnect = disconnect,
        .free = free_line,
    };
    struct finger *f = mem_zalloc(sizeof *f);
    if (!f)
        return SALLY_E_NO_MEMORY;
    f->line.methods = &methods;
    f->conn = c;
    *out = &f->line;
    return SALLY_E_OK;
}

const struct protocol protocol_finger = {"finger", 79, line_new};
