#include "loop/lanes.h"

#include "base/mem.h"

void lane_group_init(struct lane_group *group, void (*release)(struct lane_group *group))
{
    *group = (struct lane_group){.release = release};
    for (size_t i = 0; i < LANE_QUEUES; i++) {
        list_init(&group->queues[i].link);
        list_init(&group->queues[i].lanes);
    }
}

void lanes_init(struct lanes *lanes, uint32_t max_lane, uint32_t max_group, uint32_t max_group_long)
{
    for (size_t i = 0; i < LANE_QUEUES; i++)
        list_init(&lanes->ready[i]);
    lanes->max_lane = max_lane;
    lanes->max_group[false] = max_group;
    lanes->max_group[true] = max_group_long;
}

/* Operations queued behind others that do not end cannot end either, and use memory meanwhile. */
bool lanes_are_jammed(const struct lanes *lanes, const struct lane_group *group)
{
    bool is_full = false;
    for (size_t i = 0; i < LANE_QUEUES; i++)
        is_full = is_full || group->queues[i].running >= lanes->max_group[i];
    return is_full && group->abandoned >= lanes->max_group[false];
}

struct lane *lane_new(struct lane_group *group)
{
    struct lane *lane = mem_zalloc(sizeof *lane);
    if (!lane)
        return NULL;
    for (size_t i = 0; i < LANE_QUEUES; i++) {
        list_init(&lane->queues[i].link);
        list_init(&lane->queues[i].items);
        lane->queues[i].lane = lane;
    }
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
    if (!lane->is_closed || lane->queues[false].running + lane->queues[true].running > 0)
        return NULL;
    mem_free(lane);
    return group;
}

struct lane_group *lane_leave(struct lane *lane)
{
    lane->is_closed = true;
    lane->group->abandoned -= lane->is_abandoned;
    return free_if_unused(lane);
}

static void line_up(struct lanes *lanes, struct lane *lane, bool is_long)
{
    struct lane_queue *queue = &lane->queues[is_long];
    struct lane_group_queue *group = &lane->group->queues[is_long];
    bool may = !list_empty(&queue->items) && queue->running < lanes->max_lane;
    if (may && list_empty(&queue->link))
        list_append(&group->lanes, &queue->link);
    may = !list_empty(&group->lanes) && group->running < lanes->max_group[is_long];
    if (may && list_empty(&group->link))
        list_append(&lanes->ready[is_long], &group->link);
}

void lanes_add(struct lanes *lanes, struct lane *lane, bool is_long, struct list *item)
{
    list_append(&lane->queues[is_long].items, item);
    line_up(lanes, lane, is_long);
}

void lanes_resume(struct lanes *lanes, struct lane *lane, struct list *item)
{
    list_prepend(&lane->queues[true].items, item);
    line_up(lanes, lane, true);
}

bool lanes_are_ready(const struct lanes *lanes, bool is_long)
{
    return !list_empty(&lanes->ready[is_long]);
}

struct lane_turn lanes_pop(struct lanes *lanes, bool is_long)
{
    struct lane_group_queue *group =
        CONTAINER_OF(list_pop_first(&lanes->ready[is_long]), struct lane_group_queue, link);
    struct lane_queue *queue = CONTAINER_OF(list_pop_first(&group->lanes), struct lane_queue, link);
    struct lane_turn turn = {list_pop_first(&queue->items), queue->lane, is_long};
    queue->running++;
    group->running++;
    line_up(lanes, queue->lane, is_long);
    return turn;
}

struct lane_group *lanes_done(struct lanes *lanes, const struct lane_turn *turn)
{
    struct lane *lane = turn->lane;
    lane->queues[turn->is_long].running--;
    lane->group->queues[turn->is_long].running--;
    line_up(lanes, lane, turn->is_long);
    return free_if_unused(lane);
}
