#include "server/hook_question.h"

#include "server/conn.h"
#include "server/server.h"

/* A late answer and the return of its hook may race: both change the state by compare and exchange,
 * and the second one continues. */
enum phase {
    PHASE_NONE,
    PHASE_ASKING,   /* a hook is running */
    PHASE_AWAITED,  /* it has returned SALLY_PENDING */
    PHASE_VOID,     /* likewise, and the connection has ended */
    PHASE_ANSWERED, /* late; the state has the answer */
};

static uint64_t state_of(enum phase phase, sally_status status)
{
    return (uint64_t)phase << 32 | (uint32_t)status;
}

static enum phase phase_of(uint64_t state)
{
    return (enum phase)(state >> 32);
}

static sally_status status_of(uint64_t state)
{
    return (sally_status)(uint32_t)state;
}

static bool change(struct hook_question *q, enum phase from, enum phase to)
{
    uint64_t expected = state_of(from, 0);
    return atomic_compare_exchange_strong(&q->state, &expected, state_of(to, 0));
}

/* ---- At home ---- */

static void on_answer(struct task *task);

static sally_status ask_on(struct conn *c)
{
    struct hook_question *q = &c->question;
    const struct hook_stack *hooks = &c->server->hooks;
    sally_status status = SALLY_CONTINUE;
    while (status == SALLY_CONTINUE && q->next < hooks->count) {
        atomic_store(&q->state, state_of(PHASE_ASKING, 0));
        status = q->kind->ask(&hooks->sets[q->next++], c, q->argument);
        if (status == SALLY_PENDING && change(q, PHASE_ASKING, PHASE_AWAITED)) {
            conn_pin(c);
            return SALLY_PENDING;
        }
        if (status == SALLY_PENDING)
            status = status_of(atomic_load(&q->state));
    }
    atomic_store(&q->state, state_of(PHASE_NONE, 0));
    return status;
}

sally_status hook_question_ask(struct conn *c, const struct hook_question_kind *kind,
                               void *argument)
{
    struct hook_question *q = &c->question;
    q->kind = kind;
    q->argument = argument;
    q->next = 0;
    q->task = (struct task){.loop = &c->loop->loop, .home = on_answer};
    list_init(&q->task.link);
    return ask_on(c);
}

/* Its end may still be on its way to the client. */
static bool is_over(const struct conn *c)
{
    return atomic_load_explicit(&c->stage, memory_order_relaxed) >= CONN_CLOSING;
}

static void on_answer(struct task *task)
{
    struct hook_question *q = CONTAINER_OF(task, struct hook_question, task);
    struct conn *c = CONTAINER_OF(q, struct conn, question);
    sally_status status = status_of(atomic_load(&q->state));
    atomic_store(&q->state, state_of(PHASE_NONE, 0));
    if (status == SALLY_CONTINUE && !is_over(c))
        status = ask_on(c);
    if (status != SALLY_PENDING)
        q->kind->answered(c, q->argument, status);
    conn_unpin(c);
}

void hook_question_void(struct conn *c)
{
    (void)change(&c->question, PHASE_AWAITED, PHASE_VOID);
}

bool hook_question_is_open(const struct conn *c)
{
    enum phase phase = phase_of(atomic_load(&c->question.state));
    return phase != PHASE_NONE && phase != PHASE_ASKING;
}

/* ---- Any thread ---- */

static bool may_answer(sally_status status)
{
    return status == SALLY_CONTINUE ||
           (status >= SALLY_OK && status <= SALLY_NO_MATCHING_BYTE_RANGE_LOCK);
}

sally_error sally_connection_answer(sally_connection *connection, sally_status status)
{
    struct conn *c = CONTAINER_OF(connection, struct conn, pub);
    struct hook_question *q = &c->question;
    if (!may_answer(status))
        return server_fail(c->server, SALLY_E_INVALID, "a hook cannot be answered by %d",
                           (int)status);
    uint64_t before = atomic_load(&q->state);
    do {
        if (phase_of(before) == PHASE_NONE || phase_of(before) == PHASE_ANSWERED)
            return server_fail(c->server, SALLY_E_STATE, "no hook awaits an answer");
    } while (!atomic_compare_exchange_weak(&q->state, &before, state_of(PHASE_ANSWERED, status)));
    if (phase_of(before) == PHASE_ASKING) /* the caller of the hook continues */
        return SALLY_E_OK;
    sally_server *server = c->server;
    loop_give_task(&q->task); /* the connection may be freed after that */
    return phase_of(before) == PHASE_VOID
               ? server_fail(server, SALLY_E_CLOSED, "the connection has ended")
               : SALLY_E_OK;
}
