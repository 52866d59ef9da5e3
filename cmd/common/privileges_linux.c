#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Capabilities with which root serves its own files and those of others. */
#define FOR_FILES                                                                                  \
    (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) |         \
     BIT(CAP_FSETID))
#define BIT(capability) (UINT64_C(1) << (capability))

bool privileges_are_roots(void)
{
    return geteuid() == 0;
}

/* ---- Looking up the user ---- */

static bool parse_number(const char *text, uint32_t *out)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end || *text < '0' || *text > '9' || value >= UINT32_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool find_group(struct identity *out, const char *text, char *why, size_t why_size)
{
    const struct group *group = getgrnam(text);
    uint32_t number;
    if (group) {
        out->gid = group->gr_gid;
    } else if (parse_number(text, &number)) {
        out->gid = number;
    } else {
        snprintf(why, why_size, "unknown group \"%s\"", text);
        return false;
    }
    return true;
}

/* The user's groups except the first, which setresgid() sets. */
static bool find_groups(struct identity *out)
{
    int count = 0;
    (void)getgrouplist(out->name, out->gid, NULL, &count);
    out->groups = calloc((size_t)count + 1, sizeof *out->groups);
    if (!out->groups || getgrouplist(out->name, out->gid, out->groups, &count) < 0)
        return false;
    for (int i = 0; i < count; i++) {
        if (out->groups[i] != out->gid)
            out->groups[out->group_count++] = out->groups[i];
    }
    return true;
}

static bool find_user(struct identity *out, bool with_group, char *why, size_t why_size)
{
    const struct passwd *user = getpwnam(out->name);
    uint32_t number;
    if (!user && parse_number(out->name, &number)) {
        out->uid = number;
        user = getpwuid(number);
        if (!user && with_group)
            return true;
        if (!user) {
            snprintf(why, why_size, "no user has this number, so a group is required: %s:%s",
                     out->name, out->name);
            return false;
        }
    }
    if (!user) {
        snprintf(why, why_size, "unknown user \"%s\"", out->name);
        return false;
    }
    out->uid = user->pw_uid;
    out->gid = user->pw_gid;
    snprintf(out->name, sizeof out->name, "%s", user->pw_name);
    return true;
}

bool privileges_find(struct identity *out, const char *text, char *why, size_t why_size)
{
    memset(out, 0, sizeof *out);
    size_t length = strcspn(text, ":");
    const char *group = text[length] ? text + length + 1 : NULL;
    if (length == 0 || length >= sizeof out->name || (group && !*group)) {
        snprintf(why, why_size, "give USER or USER:GROUP");
        return false;
    }
    memcpy(out->name, text, length);
    if (!find_user(out, group != NULL, why, why_size) ||
        (group && !find_group(out, group, why, why_size)))
        return false;
    if (out->uid == 0) {
        snprintf(why, why_size, "this is root; give an unprivileged user");
        return false;
    }
    if (!group && !find_groups(out)) {
        snprintf(why, why_size, "out of memory");
        return false;
    }
    return true;
}

/* ---- Capabilities ---- */

struct capabilities {
    uint64_t effective, permitted, inheritable;
};

static bool get_capabilities(struct capabilities *out)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0)
        return false;
    out->effective = data[0].effective | (uint64_t)data[1].effective << 32;
    out->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    out->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
    return true;
}

/* Running another program does not regain capabilities outside of `mask`, either. This needs a
 * capability itself; without it, no_new_privs has the same effect. */
static void bound_capabilities(uint64_t mask)
{
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
        if (!(mask & BIT(i)))
            (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    }
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* Keeps those in `mask`, and passes none on to other programs. */
static bool keep_capabilities(uint64_t mask)
{
    struct capabilities now;
    if (!get_capabilities(&now))
        return false;
    uint64_t kept = now.permitted & mask;
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    const struct __user_cap_data_struct data[2] = {
        {.effective = (uint32_t)(now.effective & kept), .permitted = (uint32_t)kept},
        {.effective = (uint32_t)((now.effective & kept) >> 32),
         .permitted = (uint32_t)(kept >> 32)},
    };
    return syscall(SYS_capset, &header, data) == 0;
}

bool privileges_drop_capabilities(void)
{
    bound_capabilities(FOR_FILES);
    return keep_capabilities(FOR_FILES);
}

/* ---- Switching users ---- */

static bool has_groups(const struct identity *user)
{
    int count = getgroups(0, NULL);
    if (count < 0 || (size_t)count != user->group_count)
        return false;
    gid_t *now = calloc((size_t)count + 1, sizeof *now);
    bool same = now && getgroups(count, now) == count;
    for (int i = 0; same && i < count; i++) { /* the kernel has sorted them */
        bool found = false;
        for (size_t k = 0; k < user->group_count; k++)
            found = found || user->groups[k] == now[i];
        same = found;
    }
    free(now);
    return same;
}

/* If there were a way back, an attacker who takes over the process could use it. */
static bool is_for_good(const struct identity *user)
{
    uid_t uids[3];
    gid_t gids[3];
    struct capabilities left;
    if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 ||
        getresgid(&gids[0], &gids[1], &gids[2]) != 0 || !get_capabilities(&left))
        return false;
    for (int i = 0; i < 3; i++) {
        if (uids[i] != user->uid || gids[i] != user->gid)
            return false;
    }
    if (!has_groups(user) || left.effective || left.permitted || left.inheritable)
        return false;
    return setresuid((uid_t)-1, 0, (uid_t)-1) != 0 && setuid(0) != 0 &&
           (user->gid == 0 || setresgid((gid_t)-1, 0, (gid_t)-1) != 0) && setgroups(0, NULL) != 0;
}

bool privileges_become(const struct identity *user, char *why, size_t why_size)
{
    const char *step = "setgroups";
    bound_capabilities(0);
    bool ok = setgroups(user->group_count, user->groups) == 0;
    if (ok) {
        step = "setresgid";
        ok = setresgid(user->gid, user->gid, user->gid) == 0;
    }
    if (ok) {
        step = "setresuid";
        ok = setresuid(user->uid, user->uid, user->uid) == 0;
    }
    if (ok) {
        step = "capset";
        ok = keep_capabilities(0);
    }
    if (!ok) {
        snprintf(why, why_size, "%s: %s", step, strerror(errno));
        return false;
    }
    if (is_for_good(user))
        return true;
    snprintf(why, why_size, "root privileges could be regained");
    return false;
}
