#include "auth/answer.h"

#include "base/mem.h"
#include "sallyport/fs.h"

void auth_answer_init(struct auth_answer *a)
{
    *a = (struct auth_answer){.permissions = SALLY_MAY_ALL};
}

void auth_answer_free_data(struct auth_answer *a)
{
    void *data = a->data;
    void (*free_data)(void *data) = a->free_data;
    a->data = NULL;
    a->free_data = NULL;
    if (free_data)
        free_data(data);
}

void auth_answer_clear(struct auth_answer *a)
{
    auth_answer_free_data(a);
    sally_fs_unref(a->fs);
    mem_free(a->root);
    mem_free(a->home);
    while (a->settings) {
        struct auth_setting *setting = a->settings;
        a->settings = setting->next;
        mem_free(setting->name);
        mem_free(setting->value);
        mem_free(setting);
    }
    mem_free(a->message);
    auth_answer_init(a);
}

void auth_answer_move(struct auth_answer *to, struct auth_answer *from)
{
    auth_answer_clear(to);
    *to = *from;
    auth_answer_init(from);
}
