#include "loop/turn_queue.h"

#include "base/mem.h"
#include "loop/member.h"

void turn_queue_init(struct turn_queue *queue, uint64_t (*now_ns)(void))
{
    *queue = (struct turn_queue){.turn = {.now_ns = now_ns}};
    list_init(&queue->places);
    turn_begin(&queue->turn);
}

/* ---- Turns ---- */

static void enqueue(struct turn_queue *queue, struct turn_place *place)
{
    if (list_empty(&place->link))
        list_append(&queue->places, &place->link);
}

/* Members that have not run come before those that want another turn already. */
static void put_back(struct turn_queue *queue, struct list *left)
{
    struct list *first = list_first(left);
    if (!first) /* the place may have been freed with its members */
        return;
    struct turn_place *place = CONTAINER_OF(first, struct loop_member, ready)->place;
    list_move_all(left, &place->ready);
    list_move_all(&place->ready, left);
    enqueue(queue, place);
}

static void give_turn(struct turn_queue *queue, struct turn_place *place)
{
    struct list now, *item;
    list_init(&now);
    list_move_all(&now, &place->ready);
    turn_begin(&queue->turn);
    while (!turn_is_over(&queue->turn) && (item = list_pop_first(&now)) != NULL) {
        struct loop_member *m = CONTAINER_OF(item, struct loop_member, ready);
        turn_spend(&queue->turn, TURN_PACKET);
        m->methods->turn(m); /* may free it */
    }
    put_back(queue, &now);
}

bool turn_queue_run(struct turn_queue *queue, bool *was_cut)
{
    struct list now, *item;
    list_init(&now);
    list_move_all(&now, &queue->places);
    bool any = !list_empty(&now);
    while ((item = list_pop_first(&now)) != NULL) {
        give_turn(queue, CONTAINER_OF(item, struct turn_place, link));
        *was_cut |= turn_is_over(&queue->turn);
    }
    return any;
}

/* ---- Places ---- */

void turn_place_init(struct turn_place *place)
{
    *place = (struct turn_place){.owner = NULL};
    list_init(&place->link);
    list_init(&place->ready);
}

void turn_queue_add(struct turn_queue *queue, struct loop_member *m)
{
    if (!list_empty(&m->ready))
        return;
    list_append(&m->place->ready, &m->ready);
    enqueue(queue, m->place);
}

static struct turn_place **find(struct turn_queue *queue, const void *owner)
{
    uintptr_t number = (uintptr_t)owner;
    struct turn_place **at = &queue->owned[(number >> 6 ^ number >> 14) % TURN_QUEUE_BUCKETS];
    while (*at && (*at)->owner != owner)
        at = &(*at)->next;
    return at;
}

static struct turn_place *get(struct turn_queue *queue, const void *owner)
{
    struct turn_place **at = find(queue, owner);
    if (*at)
        return *at;
    struct turn_place *place = mem_alloc(sizeof *place);
    if (!place)
        return NULL;
    turn_place_init(place);
    place->owner = owner;
    *at = place;
    return place;
}

void turn_queue_remove(struct turn_queue *queue, struct loop_member *m)
{
    struct turn_place *place = m->place;
    list_remove(&m->ready);
    if (list_empty(&place->ready))
        list_remove(&place->link);
    m->place = &m->own_place;
    if (!place->owner || --place->members > 0)
        return;
    *find(queue, place->owner) = place->next;
    mem_free(place);
}

void turn_queue_set_owner(struct turn_queue *queue, struct loop_member *m, const void *owner)
{
    bool was_ready = !list_empty(&m->ready);
    turn_queue_remove(queue, m);
    struct turn_place *place = owner ? get(queue, owner) : NULL;
    if (place) {
        place->members++;
        m->place = place;
    }
    if (was_ready)
        turn_queue_add(queue, m);
}
