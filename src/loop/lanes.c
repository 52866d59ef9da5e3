#include "loop/lanes.h"

#include "base/mem.h"

void lane_group_init(struct lane_group *group, void (*release)(struct lane_group *group))
{
    *group = (struct lane_group){.release = release};
    list_init(&group->link);
    list_init(&group->lanes);
}

void lanes_init(struct lanes *lanes, uint32_t max_lane, uint32_t max_group)
{
    list_init(&lanes->ready);
    lanes->max_lane = max_lane;
    lanes->max_group = max_group;
}

/* What waits behind operations that do not end cannot end either, and takes memory until then. */
bool lanes_are_jammed(const struct lanes *lanes, const struct lane_group *group)
{
    return group->running >= lanes->max_group && group->abandoned >= lanes->max_group;
}

struct lane *lane_new(struct lane_group *group)
{
    struct lane *lane = mem_zalloc(sizeof *lane);
    if (!lane)
        return NULL;
    list_init(&lane->link);
    list_init(&lane->items);
    lane->group = group;
    return lane;
}

void lane_abandon(struct lane *lane)
{
    if (lane->is_abandoned)
        return;
    lane->is_abandoned = true;
    lane->group->abandoned++;
}

static struct lane_group *free_if_unused(struct lane *lane)
{
    struct lane_group *group = lane->group;
    if (!lane->is_left || lane->running > 0)
        return NULL;
    mem_free(lane);
    return group;
}

struct lane_group *lane_leave(struct lane *lane)
{
    lane->is_left = true;
    lane->group->abandoned -= lane->is_abandoned;
    return free_if_unused(lane);
}

static void line_up(struct lanes *lanes, struct lane *lane)
{
    struct lane_group *group = lane->group;
    bool may = !list_empty(&lane->items) && lane->running < lanes->max_lane;
    if (may && list_empty(&lane->link))
        list_append(&group->lanes, &lane->link);
    may = !list_empty(&group->lanes) && group->running < lanes->max_group;
    if (may && list_empty(&group->link))
        list_append(&lanes->ready, &group->link);
}

void lanes_add(struct lanes *lanes, struct lane *lane, struct list *item)
{
    list_append(&lane->items, item);
    line_up(lanes, lane);
}

bool lanes_are_ready(const struct lanes *lanes)
{
    return !list_empty(&lanes->ready);
}

struct lane_turn lanes_pop(struct lanes *lanes)
{
    struct lane_group *group =
        CONTAINER_OF(list_take_first(&lanes->ready), struct lane_group, link);
    struct lane *lane = CONTAINER_OF(list_take_first(&group->lanes), struct lane, link);
    struct lane_turn turn = {list_take_first(&lane->items), lane};
    lane->running++;
    group->running++;
    line_up(lanes, lane);
    return turn;
}

struct lane_group *lanes_done(struct lanes *lanes, const struct lane_turn *turn)
{
    turn->lane->running--;
    turn->lane->group->running--;
    line_up(lanes, turn->lane);
    return free_if_unused(turn->lane);
}
