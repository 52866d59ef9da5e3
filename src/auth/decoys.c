#include "auth/decoys.h"

void decoys_clear(struct decoys *d)
{
    for (size_t i = 0; i < d->password_count; i++)
        listed_user_unref(d->password[i]);
    listed_user_unref(d->keys);
    listed_user_unref(d->keys_files);
    *d = (struct decoys){0};
}

void decoys_copy(struct decoys *to, const struct decoys *from)
{
    *to = *from;
    for (size_t i = 0; i < to->password_count; i++)
        listed_user_ref(to->password[i]);
    listed_user_ref(to->keys);
    listed_user_ref(to->keys_files);
}

size_t decoys_keys_file_count(const struct decoys *d)
{
    return d->keys_files ? d->keys_files->keys_file_count : 0;
}

static void offer_password(struct decoys *d, struct listed_user *a)
{
    size_t cheapest = 0;
    for (size_t i = 0; i < d->password_count; i++) {
        if (password_same_cost(&d->password[i]->password, &a->password))
            return;
        if (password_cost(&d->password[i]->password) <
            password_cost(&d->password[cheapest]->password))
            cheapest = i;
    }
    if (d->password_count < DECOYS_MAX_COSTS) {
        d->password[d->password_count++] = listed_user_ref(a);
    } else if (password_cost(&a->password) > password_cost(&d->password[cheapest]->password)) {
        listed_user_unref(d->password[cheapest]);
        d->password[cheapest] = listed_user_ref(a);
    }
}

void decoys_offer(struct decoys *d, struct listed_user *a)
{
    if (a->password.set)
        offer_password(d, a);
    if (!d->keys && a->keys)
        d->keys = listed_user_ref(a);
    if (a->keys_file_count > decoys_keys_file_count(d)) {
        listed_user_unref(d->keys_files);
        d->keys_files = listed_user_ref(a);
    }
}

bool decoys_have(const struct decoys *d, const struct listed_user *a)
{
    bool is = a == d->keys || a == d->keys_files;
    for (size_t i = 0; i < d->password_count; i++)
        is = is || a == d->password[i];
    return is;
}
