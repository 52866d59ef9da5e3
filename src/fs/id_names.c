#include "fs/id_names.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#define ASK_BYTES     1024
#define ASK_BYTES_MAX (256 * 1024) /* groups list their members */

bool id_names_init(struct id_names *names, enum id_scope scope)
{
    memset(names, 0, sizeof(*names));
    names->scope = scope;
    return pthread_mutex_init(&names->lock, NULL) == 0;
}

void id_names_clear(struct id_names *names)
{
    mem_free(names->places[ID_USER]);
    mem_free(names->places[ID_GROUP]);
    pthread_mutex_destroy(&names->lock);
}

/* One question to the user database: by `name`, or by `*id` when that is NULL. ERANGE: more room.
 */
static int ask(enum id_kind kind, const char *name, uint32_t *id, char *room, size_t size,
               const char **answer)
{
    int error;
    *answer = NULL;
    if (kind == ID_USER) {
        struct passwd entry, *found = NULL;
        error = name ? getpwnam_r(name, &entry, room, size, &found)
                     : getpwuid_r(*id, &entry, room, size, &found);
        if (error == 0 && found) {
            *answer = found->pw_name;
            *id = found->pw_uid;
        }
    } else {
        struct group entry, *found = NULL;
        error = name ? getgrnam_r(name, &entry, room, size, &found)
                     : getgrgid_r(*id, &entry, room, size, &found);
        if (error == 0 && found) {
            *answer = found->gr_name;
            *id = found->gr_gid;
        }
    }
    return error;
}

/* False: there is no such entry. `out` may be NULL. */
static bool ask_patiently(enum id_kind kind, const char *name, uint32_t *id, char *out)
{
    for (size_t size = ASK_BYTES; size <= ASK_BYTES_MAX; size *= 4) {
        const char *answer;
        char *room = mem_alloc(size);
        if (!room)
            return false;
        int error = ask(kind, name, id, room, size, &answer);
        bool fits = answer && strlen(answer) < ID_NAME_SIZE;
        if (fits && out)
            memcpy(out, answer, strlen(answer) + 1);
        mem_free(room);
        if (error != ERANGE)
            return out ? fits : answer != NULL;
    }
    return false;
}

/* A coarse clock suffices: this is called for every STAT. */
static int64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec;
}

/* Under the lock. */
static bool find_kept(const struct id_names *names, enum id_kind kind, uint32_t id, int64_t now,
                      char out[ID_NAME_SIZE], bool *known)
{
    const struct id_name *kept =
        names->places[kind] ? &names->places[kind][id % ID_NAMES_PLACES] : NULL;
    if (!kept || !kept->used || kept->id != id || now - kept->asked_s >= ID_NAMES_KEEP_S)
        return false;
    memcpy(out, kept->name, strlen(kept->name) + 1);
    *known = kept->known;
    return true;
}

static uint32_t own_id(enum id_kind kind)
{
    return kind == ID_USER ? geteuid() : getegid();
}

bool id_names_kept(struct id_names *names, uint32_t uid, uint32_t gid, char user[ID_NAME_SIZE],
                   char group[ID_NAME_SIZE])
{
    bool known;
    int64_t now = now_s();
    pthread_mutex_lock(&names->lock);
    bool hit = find_kept(names, ID_USER, uid, now, user, &known) &&
               find_kept(names, ID_GROUP, gid, now, group, &known);
    pthread_mutex_unlock(&names->lock);
    return hit;
}

bool id_names_get(struct id_names *names, enum id_kind kind, uint32_t id, char out[ID_NAME_SIZE])
{
    int64_t now = now_s();
    bool known;
    pthread_mutex_lock(&names->lock);
    bool hit = find_kept(names, kind, id, now, out, &known);
    pthread_mutex_unlock(&names->lock);
    if (hit)
        return known;

    known = (names->scope == ID_ALL || id == own_id(kind)) && ask_patiently(kind, NULL, &id, out);
    if (!known)
        snprintf(out, ID_NAME_SIZE, "%lu", (unsigned long)id);

    pthread_mutex_lock(&names->lock);
    if (!names->places[kind])
        names->places[kind] = mem_zalloc(ID_NAMES_PLACES * sizeof(struct id_name));
    if (names->places[kind]) { /* otherwise it is looked up again next time */
        struct id_name *keep = &names->places[kind][id % ID_NAMES_PLACES];
        keep->used = true;
        keep->known = known;
        keep->id = id;
        keep->asked_s = now;
        memcpy(keep->name, out, strlen(out) + 1);
    }
    pthread_mutex_unlock(&names->lock);
    return known;
}

bool id_of_number(const char *text, uint32_t *id)
{
    uint64_t value = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
        if (value >= UINT32_MAX)
            return false;
    }
    *id = (uint32_t)value;
    return true;
}

static bool is_own_name(struct id_names *names, enum id_kind kind, const char *name, uint32_t *id)
{
    char own[ID_NAME_SIZE];
    *id = own_id(kind);
    return id_names_get(names, kind, *id, own) && strcmp(own, name) == 0;
}

bool id_of_name(struct id_names *names, enum id_kind kind, const char *name, uint32_t *id)
{
    uint32_t found = 0;
    bool known = names->scope == ID_ALL ? ask_patiently(kind, name, &found, NULL)
                                        : is_own_name(names, kind, name, &found);
    if (!known && !id_of_number(name, &found))
        return false;
    *id = found;
    return true;
}

sally_status id_of_principal(sally_op *op, struct id_names *names, enum id_kind kind,
                             const char *name, uint32_t *id)
{
    if (names ? id_of_name(names, kind, name, id) : id_of_number(name, id))
        return SALLY_OK;
    if (name[strspn(name, "0123456789")] == 0)
        return kind == ID_USER ? SALLY_OWNER_INVALID : SALLY_GROUP_INVALID;
    sally_error error = sally_op_add_unknown_name(op, name);
    (void)error; /* then only the status is returned */
    return SALLY_UNKNOWN_PRINCIPAL;
}
