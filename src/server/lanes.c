#include "server/lanes.h"

#include <string.h>

#include "base/mem.h"

struct lane_user {
    struct lane_user *next; /* in its bucket */
    struct list link;       /* among those that may have a thread now */
    struct list lanes;      /* those of its lanes that may have a thread now */
    uint32_t running;
    uint32_t connections;
    uint32_t left; /* of these, abandoned ones */
    char name[];
};

void lane_init(struct lane *lane)
{
    list_init(&lane->link);
    list_init(&lane->items);
    lane->running = 0;
    lane->user = NULL;
    lane->is_left = false;
}

void lanes_init(struct lanes *lanes, uint32_t max_connection, uint32_t max_user)
{
    list_init(&lanes->ready);
    lanes->max_connection = max_connection;
    lanes->max_user = max_user;
    memset(lanes->buckets, 0, sizeof lanes->buckets);
}

void lanes_clear(struct lanes *lanes)
{
    for (size_t i = 0; i < LANES_BUCKETS; i++) {
        while (lanes->buckets[i]) {
            struct lane_user *user = lanes->buckets[i];
            lanes->buckets[i] = user->next;
            mem_free(user);
        }
    }
}

/* FNV-1a. Only those who are logged in have a place here. */
static struct lane_user **find(struct lanes *lanes, const char *name)
{
    uint32_t hash = 2166136261u;
    for (const unsigned char *s = (const unsigned char *)name; *s; s++)
        hash = (hash ^ *s) * 16777619u;
    struct lane_user **at = &lanes->buckets[hash % LANES_BUCKETS];
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

/* What waits behind operations that do not end cannot end either, and takes memory until then. */
static bool is_jammed(const struct lanes *lanes, const struct lane_user *user)
{
    return user->running >= lanes->max_user && user->left >= lanes->max_user;
}

const char *lanes_enter(struct lanes *lanes, struct lane *lane, const char *name)
{
    struct lane_user **at = find(lanes, name);
    if (!*at) {
        size_t size = strlen(name) + 1;
        struct lane_user *user = mem_zalloc(sizeof *user + size);
        if (!user)
            return "out of memory";
        list_init(&user->link);
        list_init(&user->lanes);
        memcpy(user->name, name, size);
        *at = user;
    }
    if (is_jammed(lanes, *at))
        return "too many unfinished operations of this user";
    (*at)->connections++;
    lane->user = *at;
    return NULL;
}

void lanes_abandon(struct lane *lane)
{
    if (!lane->user || lane->is_left)
        return;
    lane->is_left = true;
    lane->user->left++;
}

static void forget_idle(struct lanes *lanes, struct lane_user *user)
{
    if (user->connections || user->running)
        return;
    *find(lanes, user->name) = user->next;
    mem_free(user);
}

void lanes_leave(struct lanes *lanes, struct lane *lane)
{
    struct lane_user *user = lane->user;
    if (!user)
        return;
    lane->user = NULL;
    user->connections--;
    user->left -= lane->is_left ? 1 : 0;
    lane->is_left = false;
    forget_idle(lanes, user);
}

static void line_up(struct lanes *lanes, struct lane *lane, struct lane_user *user)
{
    bool may = !list_empty(&lane->items) && lane->running < lanes->max_connection;
    if (may && list_empty(&lane->link))
        list_append(&user->lanes, &lane->link);
    may = !list_empty(&user->lanes) && user->running < lanes->max_user;
    if (may && list_empty(&user->link))
        list_append(&lanes->ready, &user->link);
}

void lanes_add(struct lanes *lanes, struct lane *lane, struct list *item)
{
    list_append(&lane->items, item);
    line_up(lanes, lane, lane->user);
}

bool lanes_want(const struct lanes *lanes)
{
    return !list_empty(&lanes->ready);
}

struct lane_turn lanes_take(struct lanes *lanes)
{
    struct lane_user *user = CONTAINER_OF(list_take_first(&lanes->ready), struct lane_user, link);
    struct lane *lane = CONTAINER_OF(list_take_first(&user->lanes), struct lane, link);
    struct lane_turn turn = {list_take_first(&lane->items), lane, user};
    lane->running++;
    user->running++;
    line_up(lanes, lane, user);
    return turn;
}

void lanes_done(struct lanes *lanes, const struct lane_turn *turn)
{
    turn->lane->running--;
    turn->user->running--;
    line_up(lanes, turn->lane, turn->user);
    forget_idle(lanes, turn->user);
}
