#include "server/login.h"

#include <stdio.h>
#include <string.h>

#include "auth/request.h"
#include "base/login_methods.h"
#include "base/mem.h"
#include "loop/workers.h"
#include "sallyport/storages.h"
#include "server/conn_hooks.h"
#include "server/server.h"

/* A login attempt, on its way through the authenticator. */
struct attempt {
    struct task task;
    struct conn *conn;     /* pinned */
    struct usage *address; /* held: whose share the task waits in; NULL: none */
    struct share *share;
    struct login_query *query;
    struct auth_request *request;
    /* SALLY_AUTH_ bits: */
    uint32_t methods; /* that may be tried after a rejection */
    bool knows_methods;
    uint32_t next;      /* that must follow what has succeeded; 0: any */
    bool may_take_long; /* it is given to workers */
};

static enum work kind_of(uint32_t method)
{
    const uint32_t passwords = SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE;
    return method & passwords ? WORK_PASSWORDS : WORK_KEYS;
}

static void give_attempt(struct attempt *a)
{
    workers_give_task(a->conn->server->workers, kind_of(a->request->pub.method), a->share,
                      &a->task);
}

/* ---- On a worker ---- */

/* The methods to offer after a rejection are determined first: when the answer comes, this thread
 * may not be allowed to wait. */
static void ask_methods(struct attempt *a)
{
    sally_auth_request *pub = &a->request->pub;
    uint32_t method = pub->method, offered = a->next;
    if (!offered) {
        pub->method = 0;
        offered = auth_request_offered(a->request);
        pub->method = method;
    }
    a->methods = offered;
    a->knows_methods = true;
}

/* A client may sign at once, without asking whether it may try the key. Once that is allowed, the
 * rest is done in one go; on the loop it is not, since there verifying has a budget. */
static bool try_allowed_key(struct attempt *a)
{
    struct auth_request *r = a->request;
    if (!a->may_take_long || !r->may_try || !a->query->is_signed ||
        r->result != SALLY_AUTH_ACCEPT || conn_is_ended(a->conn))
        return true;
    if (!a->query->answers->prove(a->query)) {
        r->result = SALLY_AUTH_REJECT;
        auth_request_set_reason(&r->pub, a->query->refusal);
        return true;
    }
    r->may_try = false;
    return auth_request_run(r);
}

static bool ask(struct attempt *a)
{
    return auth_request_run(a->request) && try_allowed_key(a);
}

static bool run_attempt(struct task *task)
{
    struct attempt *a = CONTAINER_OF(task, struct attempt, task);
    if (a->request->resumes) /* the authenticator that asked another one gets its answer */
        return ask(a);
    if (conn_is_ended(a->conn)) /* the client has disconnected */
        return true;
    if (a->query->refusal) {
        auth_request_set_reason(&a->request->pub, a->query->refusal);
        return true;
    }
    if (!a->knows_methods)
        ask_methods(a);
    if (a->next && !(a->next & a->request->pub.method)) {
        a->request->result = SALLY_AUTH_REJECT;
        auth_request_set_reason(&a->request->pub, "another method must follow");
        return true;
    }
    return ask(a);
}

static void wake_attempt(struct auth_request *request)
{
    struct attempt *a = request->owner;
    loop_give_task(&a->task);
}

static void offload_attempt(struct auth_request *request)
{
    give_attempt(request->owner);
}

static bool is_cancelled(const struct auth_request *request)
{
    const struct attempt *a = request->owner;
    return conn_is_ended(a->conn);
}

/* ---- At home ---- */

static const char *reason_of(const struct attempt *a)
{
    const struct auth_request *r = a->request;
    return r->own_reason ? r->own_reason : r->reason ? r->reason : "";
}

static void announce(struct conn *c, const struct attempt *a, sally_auth_result result)
{
    const sally_auth_request *pub = &a->query->pub;
    const char *method = a->query->refusal ? a->query->method_name : login_method_name(pub->method);
    const char *reason = result == SALLY_AUTH_REJECT ? reason_of(a) : "";
    sally_log_field fields[5] = {
        {"user", pub->user}, {"method", method}, {"address", c->peer.address}};
    size_t count = 3;
    if (pub->key_fingerprint)
        fields[count++] = (sally_log_field){"key", pub->key_fingerprint};
    if (*reason)
        fields[count++] = (sally_log_field){"reason", reason};
    bool is_none = pub->method == SALLY_AUTH_NONE && !a->query->refusal;
    bool is_question = a->query->may_try && !a->query->is_signed;
    if (is_question || (is_none && result == SALLY_AUTH_REJECT)) {
        /* A known key that cannot be used: its administrator needs to know why. */
        bool is_refused = is_question && result == SALLY_AUTH_REJECT && *reason;
        log_line(&c->log, conn_log_ids(c), is_refused ? SALLY_LOG_INFO : SALLY_LOG_DEBUG,
                 "auth.asked", fields, count, "%s",
                 is_none      ? "Asked for the methods"
                 : is_refused ? "Key refused"
                              : "Asked about a key");
        return;
    }
    const char *event = "auth.rejected", *text = "Login rejected";
    if (result == SALLY_AUTH_ACCEPT) {
        event = "auth.accepted";
        text = "Logged in";
    } else if (result == SALLY_AUTH_PARTIAL) {
        event = "auth.partial";
        text = "One factor accepted";
    } else {
        counter_add(&c->server->counters.logins_rejected, 1);
    }
    /* Successes are always logged, however many failures there are. */
    const struct log_sink *log = result == SALLY_AUTH_REJECT ? &c->log : &c->server->log;
    log_line(log, conn_log_ids(c), SALLY_LOG_INFO, event, fields, count, "%s", text);
    const sally_auth_event attempt = {.struct_size = sizeof attempt,
                                      .user = pub->user,
                                      .method = method,
                                      .fingerprint =
                                          pub->key_fingerprint ? pub->key_fingerprint : "",
                                      .attempt = pub->attempt,
                                      .result = result,
                                      .reason = reason};
    conn_hooks_authenticated(c, &attempt);
}

static bool open_root(struct conn *c, struct auth_request *r)
{
    const struct auth_answer *given = &r->answer;
    if (!given->root || strcmp(given->root, "/") == 0) {
        c->login.fs = sally_fs_ref(given->fs);
        return true;
    }
    return sally_fs_chroot(&c->login.fs, given->fs, given->root) == SALLY_E_OK;
}

/* What the user's connections share of the workers is counted in the usage object of the user,
 * which the lane holds, too. */
static const char *enter_workers(struct conn *c)
{
    struct user_usage *usage = c->login.usage;
    const char *obstacle = NULL;
    if (!c->server->workers)
        return NULL;
    usage_ref(&usage->usage);
    c->login.lane = workers_enter(c->server->workers, &usage->lanes, &obstacle);
    if (!c->login.lane)
        usage_unref(&usage->usage);
    return obstacle;
}

/* Logs in an accepted user, unless something prevents it: then the text says what. */
static const char *set_up_login(struct conn *c, struct attempt *a)
{
    struct auth_request *r = a->request;
    struct auth_answer *given = &r->answer;
    if (!given->fs)
        return "no storage";
    c->login.user = mem_strdup(a->query->pub.user);
    c->login.home = mem_strdup(given->home ? given->home : "/");
    c->login.permissions = given->permissions;
    sally_error error = conn_set_user_settings(c, given->settings);
    if (error == SALLY_E_RANGE)
        return "settings that leave a list empty";
    if (error || !c->login.user || !c->login.home || !open_root(c, r))
        return "out of memory";
    /* Counted only here: of any number of concurrent logins, exactly as many succeed as are
     * allowed. */
    struct user_usage *usage = user_usage_get(&c->server->limits.users, c->login.user);
    if (!usage)
        return "out of memory";
    c->login.usage = usage;
    conn_memory_login(c, usage);
    c->login.is_counted = usage_increment(&usage->usage, &usage->connections,
                                          c->settings->limits.connections_per_user);
    if (!c->login.is_counted)
        return "too many connections of this user";
    const char *obstacle = enter_workers(c);
    if (obstacle)
        return obstacle;
    conn_set_text(c, &c->facts.user, c->login.user);
    c->login.data = given->data;
    c->login.free_data = given->free_data;
    given->data = NULL;
    given->free_data = NULL;
    return NULL;
}

static void drop_login(struct conn *c)
{
    login_clear(c);
    if (c->login.lane)
        workers_leave(c->server->workers, c->login.lane);
    if (c->login.usage) {
        conn_memory_login(c, NULL);
        usage_unref(&c->login.usage->usage);
    }
    mem_free(c->login.user);
    mem_free(c->login.home);
    sally_fs_unref(c->login.fs);
    if (c->login.free_data)
        c->login.free_data(c->login.data);
    c->login = (struct login){0};
}

static void accept_login(struct conn *c, struct attempt *a)
{
    if (a->query->may_try) {
        a->query->answers->accept(a->query);
        return;
    }
    const char *obstacle = set_up_login(c, a);
    if (!obstacle) {
        announce(c, a, SALLY_AUTH_ACCEPT);
        if (a->request->answer.message)
            a->query->answers->banner(a->query, a->request->answer.message);
        a->query->answers->accept(a->query);
        return;
    }
    drop_login(c);
    auth_request_set_reason(&a->request->pub, obstacle);
    announce(c, a, SALLY_AUTH_REJECT);
    a->query->answers->reject(a->query, a->methods);
    conn_disconnect(c, SALLY_END_LIMIT, obstacle);
}

static void answer(struct conn *c, struct attempt *a)
{
    struct auth_request *r = a->request;
    const struct login_answers *answers = a->query->answers;
    if (r->banner)
        answers->banner(a->query, r->banner);
    switch (r->result) {
    case SALLY_AUTH_ACCEPT:
        accept_login(c, a);
        break;
    case SALLY_AUTH_PARTIAL:
        announce(c, a, SALLY_AUTH_PARTIAL);
        c->auth_next = r->methods_next;
        answers->partial(a->query, r->methods_next);
        break;
    case SALLY_AUTH_PROMPT:
        answers->prompt(a->query, r->prompt_name, r->prompt_instruction, r->prompts,
                        r->prompt_count);
        break;
    default:
        answers->reject(a->query, a->methods);
        break;
    }
}

/* Found during the query, for any client and any answer. */
static void tell_fault(struct conn *c, const struct attempt *a)
{
    sally_log_field fields[] = {{"user", a->query->pub.user}};
    if (a->request->fault)
        log_line(&c->server->log, conn_log_ids(c), SALLY_LOG_WARNING, "auth.untrusted_file", fields,
                 COUNT_OF(fields), "The authorized_keys file is ignored: %s", a->request->fault);
}

static void end_attempt(struct attempt *a)
{
    struct conn *c = a->conn;
    if (conn_is_ended(c)) {
        a->query->answers->reject(a->query,
                                  0); /* there is no client to answer, but the query is freed */
    } else {
        answer(c, a);
        conn_make_ready(c);
    }
    auth_request_free(a->request);
    usage_unref(a->address);
    mem_free(a);
    conn_unpin(c);
}

static bool is_rejected(const struct attempt *a)
{
    sally_auth_result result = a->request->result;
    return result != SALLY_AUTH_ACCEPT && result != SALLY_AUTH_PARTIAL &&
           result != SALLY_AUTH_PROMPT;
}

static void finish_attempt(struct task *task)
{
    struct attempt *a = CONTAINER_OF(task, struct attempt, task);
    struct conn *c = a->conn;
    uint64_t delay = 0;
    c->auth_state = a->request->asked;
    a->request->asked = NULL;
    c->asked_user = NULL;
    tell_fault(c, a);
    if (is_rejected(a) && !conn_is_ended(c)) {
        announce(c, a, SALLY_AUTH_REJECT); /* whether or not the client waits for the answer */
        delay = conn_penalty_rejected(c, a->query);
    }
    if (delay == 0) {
        end_attempt(a);
        return;
    }
    /* A client has one query at a time: the engine reads no further before this one is answered. */
    c->delayed_rejection = a;
    c->rejection_due_ns = loop_now_ns() + delay;
    conn_make_ready(c);
}

/* ---- Delayed answers ---- */

uint64_t login_deadline(const struct conn *c)
{
    return c->delayed_rejection ? c->rejection_due_ns : DEADLINE_NONE;
}

void login_stop_keeping(struct conn *c)
{
    struct attempt *a = c->delayed_rejection;
    c->delayed_rejection = NULL;
    if (a)
        end_attempt(a);
}

void login_tick(struct conn *c, uint64_t now_ns)
{
    if (login_deadline(c) <= now_ns)
        login_stop_keeping(c);
}

/* ---- A query ---- */

static sally_error check_setting(const char *name, const char *value)
{
    char why[SETTINGS_WHY_SIZE];
    return setting_check(SALLY_SCOPE_USER, name, value, why);
}

static struct attempt *new_attempt(struct conn *c, struct login_query *q)
{
    struct attempt *a = mem_zalloc(sizeof *a);
    struct auth_request *r = a ? auth_request_new(c->service->auth) : NULL;
    if (!r) {
        mem_free(a);
        return NULL;
    }
    a->task = (struct task){.loop = &c->loop->loop, .run = run_attempt, .home = finish_attempt};
    list_init(&a->task.link);
    a->conn = c;
    a->address = address_usage_share(c->address_usage, kind_of(q->pub.method), &a->share);
    a->query = q;
    a->next = c->auth_next;
    a->request = r;
    r->owner = a;
    r->wake = wake_attempt;
    r->offload = c->server->workers ? offload_attempt : NULL;
    r->check_setting = check_setting;
    r->may_try = q->may_try;
    r->strict_modes = c->settings->auth.strict_modes;
    r->pub = q->pub;
    r->pub.peer = &c->peer;
    r->is_cancelled = is_cancelled;
    r->asked = c->auth_state;
    c->auth_state = NULL;
    r->pub.connection = &c->pub;
    return a;
}

/* Every client begins with "none", often without asking the authenticator: that, and keys in
 * memory, are not worth a worker. */
static bool is_quick(const struct attempt *a)
{
    return a->query->refusal || auth_is_quick(a->request->auth, &a->request->pub);
}

void login_try(struct conn *c, struct login_query *q)
{
    c->has_asked_login = true;
    if (q->user_changed) {
        c->auth_next = 0;
        conn_penalty_user_changed(c);
    }
    if (q->user_changed) {
        asked_free(c->auth_state);
        c->auth_state = NULL;
    }
    struct attempt *a = c->service->auth ? new_attempt(c, q) : NULL;
    if (!a) {
        sally_log_field fields[] = {{"user", q->pub.user}, {"address", c->peer.address}};
        log_line(&c->log, conn_log_ids(c), SALLY_LOG_WARNING, "auth.impossible", fields,
                 COUNT_OF(fields), "%s",
                 c->service->auth ? "Out of memory" : "No one can log in: no users are configured");
        conn_hooks_problem(c, c->service->auth ? SALLY_E_NO_MEMORY : SALLY_E_STATE, 0,
                           c->service->auth ? "out of memory" : "no users are configured");
        q->answers->reject(q, 0);
        return;
    }
    conn_pin(c);
    c->asked_user = q->pub.user; /* valid until the query is answered */
    a->may_take_long = c->server->workers && !is_quick(a);
    if (a->may_take_long)
        give_attempt(a);
    else if (run_attempt(&a->task))
        loop_give_task(&a->task);
}

void login_clear(struct conn *c)
{
    if (c->login.is_counted)
        usage_decrement(&c->login.usage->usage, &c->login.usage->connections);
    c->login.is_counted = false;
    if (c->login.lane)
        workers_abandon(c->server->workers, c->login.lane);
}

void login_forget(struct conn *c)
{
    drop_login(c);
    asked_free(c->auth_state);
    c->auth_state = NULL;
}
