/* Runs a session over an SFTP engine in three ways: directly in this thread; in one thread that
 * also acts as the workers and chooses every step at random, so that a seed reproduces the run; and
 * with real workers. */
#include "model.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "core/session.h"
#include "sftp/protocol.h"
#include "sftp/sftp.h"

#define WORKERS    3
#define PATIENCE_S 30

struct host {
    struct session_host host; /* first */
    enum { DIRECT, STEPPED, THREADS } way;
    struct dice dice;
    struct sftp *engine;
    struct held *held; /* NULL: none */
    struct buf *in;    /* replies */
    struct buf replies;
    bool gone;
    const char *broken;
    uint32_t feed_percent, whole_percent; /* how eagerly, and in how large pieces, input comes */

    pthread_mutex_t lock; /* for what follows; with threads alone */
    pthread_cond_t work_there, mail_there;
    struct list work, mail; /* operations */
    struct dice worker_dice;
    size_t work_count;
    bool stop;
    pthread_t threads[WORKERS];
};

static struct host *host_of(struct session_host *host)
{
    return CONTAINER_OF(host, struct host, host);
}

/* ---- What a session asks of its host ---- */

static void offload(struct session_host *host, struct op *op)
{
    struct host *h = host_of(host);
    pthread_mutex_lock(&h->lock);
    list_append(&h->work, &op->link);
    h->work_count++;
    pthread_cond_signal(&h->work_there);
    pthread_mutex_unlock(&h->lock);
}

static void wake(struct session_host *host, struct op *op)
{
    struct host *h = host_of(host);
    pthread_mutex_lock(&h->lock);
    list_append(&h->mail, &op->link);
    pthread_cond_signal(&h->mail_there);
    pthread_mutex_unlock(&h->lock);
}

static uint64_t now_ns(struct session_host *host)
{
    (void)host;
    return 1;
}

/* Takes any waiting operation: the first one queued may be the last one to be scheduled. */
static struct op *take_work(struct host *h, struct dice *dice)
{
    if (!h->work_count)
        return NULL;
    struct list *item = h->work.next;
    for (uint32_t i = dice_below(dice, (uint32_t)h->work_count); i; i--)
        item = item->next;
    list_remove(item);
    h->work_count--;
    return CONTAINER_OF(item, struct op, link);
}

static void *work(void *arg)
{
    struct host *h = arg;
    pthread_mutex_lock(&h->lock);
    for (;;) {
        struct op *op = take_work(h, &h->worker_dice);
        if (op) {
            pthread_mutex_unlock(&h->lock);
            session_run(op);
            pthread_mutex_lock(&h->lock);
        } else if (h->stop) {
            break;
        } else {
            pthread_cond_wait(&h->work_there, &h->lock);
        }
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

/* ---- What an engine tells its owner ---- */

static void on_send(void *user_data, struct chunk *c)
{
    struct host *h = user_data;
    put_bytes(&h->replies, c->data, c->size);
    c->release(c);
}

static void on_credit(void *user_data, size_t size)
{
    (void)user_data;
    (void)size;
}

static void on_broken(void *user_data, const char *detail)
{
    struct host *h = user_data;
    h->broken = detail;
}

static void on_finished(void *user_data)
{
    (void)user_data;
}

static void on_closed(void *user_data)
{
    struct host *h = user_data;
    h->gone = true;
}

/* ---- Steps ---- */

static bool deliver(struct host *h)
{
    pthread_mutex_lock(&h->lock);
    struct list *item = list_pop_first(&h->mail);
    pthread_mutex_unlock(&h->lock);
    if (item)
        session_deliver(CONTAINER_OF(item, struct op, link));
    return item != NULL;
}

static bool run_one(struct host *h)
{
    struct op *op = take_work(h, &h->dice);
    if (op)
        session_run(op);
    return op != NULL;
}

static bool let_go(struct host *h)
{
    if (!h->held || !held_count(h->held))
        return false;
    held_let_go(h->held, dice_below(&h->dice, (uint32_t)held_count(h->held)));
    return true;
}

static bool feed(struct host *h, struct cursor *input)
{
    size_t size = cursor_left(input);
    if (!size)
        return false;
    if (!dice_percent(&h->dice, h->whole_percent))
        size = 1 + dice_below(&h->dice, (uint32_t)size);
    sftp_input(h->engine, cursor_read(input, size), size);
    return true;
}

/* Does one step chosen at random, or else any step that is possible. False: none is. */
static bool step(struct host *h, struct cursor *input)
{
    if (dice_percent(&h->dice, h->feed_percent) && feed(h, input))
        return true;
    switch (dice_below(&h->dice, 4)) {
    case 0:
        if (run_one(h))
            return true;
        break;
    case 1:
        if (let_go(h))
            return true;
        break;
    case 2:
        if (deliver(h))
            return true;
        break;
    default:
        if (h->engine)
            sftp_flush(h->engine);
        break;
    }
    return run_one(h) || deliver(h) || let_go(h) || feed(h, input);
}

static bool wait_for_mail(struct host *h)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_S;
    int result = 0;
    pthread_mutex_lock(&h->lock);
    while (list_empty(&h->mail) && result == 0)
        result = pthread_cond_timedwait(&h->mail_there, &h->lock, &end);
    pthread_mutex_unlock(&h->lock);
    return result == 0;
}

static bool threads_step(struct host *h, struct cursor *input)
{
    if (dice_percent(&h->dice, h->feed_percent) && feed(h, input))
        return true;
    if (deliver(h) || feed(h, input))
        return true;
    return wait_for_mail(h);
}

static bool go_on(struct host *h, struct cursor *input)
{
    return h->way == THREADS ? threads_step(h, input) : step(h, input);
}

static size_t count_packets(const struct buf *b)
{
    struct cursor c = cursor_of_slice(buf_slice(b));
    size_t count = 0;
    while (cursor_left(&c)) {
        get_string(&c);
        count += !c.bad;
    }
    return count;
}

const char *host_exchange(struct host *h, const struct buf *requests, size_t replies,
                          struct buf *in)
{
    struct cursor input = cursor_of_slice(buf_slice(requests));
    const struct cursor none = cursor_of(NULL, 0);
    size_t seen = 0;
    for (;;) {
        bool more = go_on(h, &input);
        if (h->broken)
            return h->broken;
        if (!more || h->way != STEPPED)
            sftp_flush(h->engine);
        if (h->replies.size != seen) {
            seen = h->replies.size;
            if (count_packets(&h->replies) >= replies && !cursor_left(&input))
                break;
        } else if (!more && !step(h, &(struct cursor){none.at, none.end, false})) {
            return "some requests were never answered";
        }
    }
    put_bytes(in, buf_head(&h->replies), h->replies.size);
    buf_reset(&h->replies);
    return NULL;
}

/* ---- Beginning and end ---- */

static void say_hello(struct host *h, uint32_t version)
{
    struct buf hello, in;
    buf_init(&hello, 64);
    buf_init(&in, 65536);
    put_u32(&hello, 5);
    put_u8(&hello, SSH_FXP_INIT);
    put_u32(&hello, version);
    if (host_exchange(h, &hello, 1, &in) != NULL)
        abort();
    buf_clear(&hello);
    buf_clear(&in);
}

void host_begin(struct host *h, sally_fs *fs, struct held *held, const struct sequence *q,
                uint64_t seed)
{
    const struct session_options session_options = {.user = "joe",
                                                    .home = "/",
                                                    .fs = fs,
                                                    .permissions = SALLY_MAY_ALL,
                                                    .id = 1,
                                                    .max_operations = 64,
                                                    .max_files = 1024,
                                                    .max_bytes = q->max_bytes};
    const struct sftp_options options = {.settings.max_version = 6,
                                         .settings.max_packet = 257u * 1024,
                                         .settings.max_read = 255u * 1024,
                                         .settings.max_write = 255u * 1024,
                                         .settings.max_names = q->max_names,
                                         .settings.filename_charset = "UTF-8"};
    static const struct sftp_events events = {
        .send = on_send, .credit = on_credit, .broken = on_broken, .finished = on_finished};
    static const uint32_t eagerness[] = {100, 60, 20};
    sally_session *session;
    dice_init(&h->dice, seed);
    h->held = NULL;
    h->gone = false;
    h->feed_percent = eagerness[dice_below(&h->dice, 3)];
    h->whole_percent = dice_percent(&h->dice, 50) ? 100 : 20;
    if (session_new(&session, &h->host, &session_options) != SALLY_E_OK ||
        sftp_new(&h->engine, session, &options, &events, h) != SALLY_E_OK)
        abort();
    say_hello(h, q->version);
    h->held = held;
    if (held)
        held_use(held, &h->dice, dice_below(&h->dice, 101), dice_below(&h->dice, 101));
}

void host_end(struct host *h)
{
    struct cursor none = cursor_of(NULL, 0);
    struct sftp *engine = h->engine;
    h->engine = NULL;
    sftp_close(engine, SALLY_CLOSED_BY_CLIENT, on_closed, h);
    while (!h->gone && go_on(h, &none)) {
    }
    if (!h->gone)
        abort();
    if (h->held)
        held_use(h->held, NULL, 0, 0);
    h->held = NULL;
    h->broken = NULL;
    buf_reset(&h->replies);
}

static struct host *make(void)
{
    struct host *h = calloc(1, sizeof *h);
    if (!h)
        abort();
    h->host = (struct session_host){.wake = wake, .now_ns = now_ns};
    list_init(&h->work);
    list_init(&h->mail);
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->work_there, NULL);
    pthread_cond_init(&h->mail_there, NULL);
    buf_init(&h->replies, SIZE_MAX / 2);
    return h;
}

struct host *host_direct(void)
{
    return make();
}

struct host *host_stepped(void)
{
    struct host *h = make();
    h->way = STEPPED;
    h->host.offload = offload;
    return h;
}

struct host *host_threads(void)
{
    struct host *h = make();
    h->way = THREADS;
    h->host.offload = offload;
    for (int i = 0; i < WORKERS; i++)
        if (pthread_create(&h->threads[i], NULL, work, h) != 0)
            abort();
    return h;
}

void host_free(struct host *h)
{
    pthread_mutex_lock(&h->lock);
    h->stop = true;
    pthread_cond_broadcast(&h->work_there);
    pthread_mutex_unlock(&h->lock);
    for (int i = 0; h->way == THREADS && i < WORKERS; i++)
        pthread_join(h->threads[i], NULL);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->work_there);
    pthread_cond_destroy(&h->mail_there);
    buf_clear(&h->replies);
    free(h);
}
