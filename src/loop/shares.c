#include "loop/shares.h"

#include "base/mem.h"

void share_init(struct share *share)
{
    list_init(&share->link);
    list_init(&share->tasks);
}

void shares_init(struct share_queue *queue)
{
    list_init(&queue->shares);
}

void shares_add(struct share_queue *queue, struct share *share, struct task *task)
{
    list_append(&share->tasks, &task->link);
    if (list_empty(&share->link))
        list_append(&queue->shares, &share->link);
}

bool shares_are_empty(const struct share_queue *queue)
{
    return list_empty(&queue->shares);
}

struct task *shares_pop(struct share_queue *queue)
{
    struct share *share = CONTAINER_OF(list_pop_first(&queue->shares), struct share, link);
    struct task *task = CONTAINER_OF(list_pop_first(&share->tasks), struct task, link);
    if (!list_empty(&share->tasks))
        list_append(&queue->shares, &share->link);
    return task;
}
