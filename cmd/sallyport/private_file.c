#include "private_file.h"

#include <stdio.h>
#include <unistd.h>

bool private_file_check(const struct stat *st, const char *file, char *why, size_t why_size)
{
    uid_t self = geteuid();
    bool by_group = st->st_uid == 0 && self != 0;
    mode_t others = by_group ? S_IWGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    *why = '\0';
    if (st->st_uid != self && st->st_uid != 0)
        snprintf(why, why_size,
                 "it belongs to user %lu, who could read or change it; run chown %lu \"%s\"",
                 (unsigned long)st->st_uid, (unsigned long)self, file);
    else if (st->st_mode & others)
        snprintf(why, why_size,
                 "other users could read or change it (mode %04o); run chmod %s \"%s\"",
                 (unsigned)st->st_mode & 07777, by_group ? "640" : "600", file);
    return *why == '\0';
}
