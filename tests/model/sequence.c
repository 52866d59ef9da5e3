/* Random sequences. They begin with the same small tree and a few open files; behind that, all is
 * by the dice. */
#include "model.h"
#include "names.h"

#include "base/mem.h"
#include "sallyport/attrs.h"
#include "sftp/protocol.h"

#define LEAST_REQUESTS 10u
#define MOST_REQUESTS  40u
#define MOST_OFFSET    96u
#define MOST_LENGTH    64u

#define READ_WRITE_V6                                                                              \
    (ACE4_READ_DATA | ACE4_WRITE_DATA | ACE4_READ_ATTRIBUTES | ACE4_WRITE_ATTRIBUTES)

/* clang-format off */
static const uint32_t weights[ACT_COUNT][THEME_COUNT] = {
#define ACT_WEIGHT(name, ...) {__VA_ARGS__},
    ACT_MAP(ACT_WEIGHT)
#undef ACT_WEIGHT
};

/* Paths that are asked about, and those that are made, moved and removed. */
static const uint8_t any_names[] = {
    NAME_A, NAME_A, NAME_B, NAME_B, NAME_C, NAME_LINK, NAME_DIR, NAME_X, NAME_X, NAME_Y, NAME_DIR_LINK,
    NAME_X_BY_LINK, NAME_Y_BY_LINK, NAME_INNER_LINK, NAME_G, NAME_RELATIVE, NAME_DOTS, NAME_ROOT,
};
static const uint8_t file_names[] = {
    NAME_A, NAME_B, NAME_C, NAME_LINK, NAME_X, NAME_Y, NAME_X_BY_LINK, NAME_Y_BY_LINK, NAME_INNER_LINK, NAME_G,
};
static const uint8_t directory_names[] = {NAME_DIR, NAME_DIR_LINK, NAME_ROOT, NAME_G};

static const uint32_t open_flags_v3[] = {
    SSH_FXF_READ,
    SSH_FXF_WRITE,
    SSH_FXF_READ | SSH_FXF_WRITE,
    SSH_FXF_READ | SSH_FXF_WRITE,
    SSH_FXF_READ | SSH_FXF_WRITE | SSH_FXF_CREAT,
    SSH_FXF_READ | SSH_FXF_WRITE | SSH_FXF_CREAT,
    SSH_FXF_READ | SSH_FXF_WRITE | SSH_FXF_CREAT | SSH_FXF_TRUNC,
    SSH_FXF_READ | SSH_FXF_WRITE | SSH_FXF_CREAT | SSH_FXF_EXCL,
    SSH_FXF_WRITE | SSH_FXF_TRUNC,
    SSH_FXF_WRITE | SSH_FXF_APPEND,
    SSH_FXF_READ | SSH_FXF_WRITE | SSH_FXF_CREAT | SSH_FXF_APPEND,
    SSH_FXF_CREAT,
};
static const uint32_t open_extras_v6[] = {
    SSH_FXF_APPEND_DATA, SSH_FXF_APPEND_DATA_ATOMIC, SSH_FXF_NOFOLLOW, SSH_FXF_DELETE_ON_CLOSE,
    SSH_FXF_BLOCK_WRITE, SSH_FXF_BLOCK_READ | SSH_FXF_BLOCK_WRITE, SSH_FXF_BLOCK_WRITE | SSH_FXF_BLOCK_ADVISORY,
    SSH_FXF_BLOCK_DELETE,
};
static const uint32_t accesses_v6[] = {ACE4_READ_DATA, ACE4_WRITE_DATA, READ_WRITE_V6, READ_WRITE_V6, ACE4_APPEND_DATA};
/* Directories stay open to their owner, whatever is set of them. */
static const uint32_t modes[] = {0700, 0744, 0750, 0755, 0777};
static const uint32_t locks[] = {
    SSH_FXF_BLOCK_WRITE, SSH_FXF_BLOCK_READ | SSH_FXF_BLOCK_WRITE, SSH_FXF_BLOCK_WRITE | SSH_FXF_BLOCK_ADVISORY,
};
/* clang-format on */

#define PICK(d, table) ((table)[dice_below(d, COUNT_OF(table))])

/* How the rest of a sequence is picked. */
struct taste {
    struct dice *dice;
    uint32_t version;
    enum theme theme;
    uint32_t slots;        /* the first so many: few are often the same file's */
    uint32_t name_percent; /* of names that are the first file's */
};

static enum act pick_act(const struct taste *t)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < ACT_COUNT; i++)
        sum += weights[i][t->theme];
    uint32_t at = dice_below(t->dice, sum);
    size_t act = 0;
    while (at >= weights[act][t->theme])
        at -= weights[act++][t->theme];
    return (enum act)act;
}

static void pick_open(struct step *s, const struct taste *t)
{
    struct dice *d = t->dice;
    if (dice_percent(d, 5))
        s->name = PICK(d, any_names);
    if (t->version == 3) {
        s->flags = PICK(d, open_flags_v3);
        return;
    }
    s->access = PICK(d, accesses_v6);
    uint32_t usual = t->theme == THEME_HOLDS ? SSH_FXF_OPEN_EXISTING : SSH_FXF_OPEN_OR_CREATE;
    s->flags = dice_percent(d, 60) ? usual : dice_below(d, 5);
    if (dice_percent(d, t->theme == THEME_HOLDS ? 60 : 25))
        s->flags |= PICK(d, open_extras_v6);
}

static void pick_attrs(struct step *s, struct dice *d)
{
    static const uint32_t sets[] = {SALLY_ATTR_SIZE, SALLY_ATTR_SIZE, SALLY_ATTR_PERMISSIONS,
                                    SALLY_ATTR_ATIME | SALLY_ATTR_MTIME,
                                    SALLY_ATTR_SIZE | SALLY_ATTR_PERMISSIONS};
    s->flags = PICK(d, sets);
    s->length = dice_below(d, MOST_OFFSET + MOST_LENGTH);
    s->access = PICK(d, modes);
}

static void pick_paths(struct step *s, struct dice *d)
{
    s->to = PICK(d, file_names);
    if (dice_percent(d, 10)) {
        s->name = NAME_DIR;
        s->to = dice_percent(d, 50) ? NAME_G : NAME_DIR_LINK;
    }
}

static void pick_rest(struct step *s, const struct taste *t)
{
    struct dice *d = t->dice;
    switch (s->act) {
    case ACT_OPEN:
        pick_open(s, t);
        break;
    case ACT_OPENDIR:
        s->name = PICK(d, directory_names);
        break;
    case ACT_SETSTAT:
    case ACT_LSETSTAT:
    case ACT_FSETSTAT:
        pick_attrs(s, d);
        break;
    case ACT_RENAME:
        s->flags = t->version == 6 ? dice_below(d, 8) : 0;
        pick_paths(s, d);
        break;
    case ACT_POSIX_RENAME:
    case ACT_HARDLINK:
    case ACT_COPY_FILE:
        s->flags = dice_below(d, 2); /* COPY_FILE: overwrite */
        pick_paths(s, d);
        break;
    case ACT_MKDIR:
    case ACT_RMDIR:
        s->name = PICK(d, directory_names);
        s->access = PICK(d, modes);
        break;
    case ACT_SYMLINK:
        s->to = (uint8_t)dice_below(d, TARGET_COUNT);
        break;
    case ACT_REALPATH:
        s->flags = 1 + dice_below(d, 3);
        break;
    case ACT_LOCK:
        s->flags = PICK(d, locks);
        break;
    default:
        break;
    }
}

static bool is_of_version_6(enum act act)
{
    return act == ACT_LOCK || act == ACT_UNLOCK;
}

static bool changes_path(enum act act)
{
    switch (act) {
    case ACT_OPEN:
    case ACT_SETSTAT:
    case ACT_LSETSTAT:
    case ACT_RENAME:
    case ACT_POSIX_RENAME:
    case ACT_HARDLINK:
    case ACT_COPY_FILE:
    case ACT_REMOVE:
    case ACT_SYMLINK:
        return true;
    default:
        return false;
    }
}

static void pick_step(struct step *s, const struct taste *t, uint32_t value)
{
    struct dice *d = t->dice;
    *s = (struct step){.act = pick_act(t), .value = value};
    if (t->version != 6 && is_of_version_6(s->act))
        s->act = ACT_FSTAT;
    s->slot = (uint8_t)dice_below(d, t->slots);
    s->other = (uint8_t)dice_below(d, t->slots);
    s->name = changes_path(s->act) ? PICK(d, file_names) : PICK(d, any_names);
    if (dice_percent(d, t->name_percent))
        s->name = dice_percent(d, 50) ? NAME_A : NAME_B;
    s->offset = dice_below(d, MOST_OFFSET);
    s->from = dice_below(d, MOST_OFFSET);
    s->length = 1 + dice_below(d, MOST_LENGTH);
    if (is_of_version_6(s->act)) {
        s->offset = s->offset / 32 * 32;
        s->length = 32;
    }
    pick_rest(s, t);
}

static struct step *add(struct sequence *q, enum act act, uint8_t slot, uint8_t name)
{
    struct step *s = &q->steps[q->count++];
    *s = (struct step){.act = act, .slot = slot, .name = name, .last = true};
    return s;
}

static void add_open(struct sequence *q, uint8_t slot, uint8_t name)
{
    struct step *s = add(q, ACT_OPEN, slot, name);
    s->flags =
        q->version == 3 ? SSH_FXF_READ | SSH_FXF_WRITE | SSH_FXF_CREAT : SSH_FXF_OPEN_OR_CREATE;
    s->access = READ_WRITE_V6;
}

static void add_write(struct sequence *q, uint8_t slot, uint32_t value)
{
    struct step *s = add(q, ACT_WRITE, slot, 0);
    s->length = 40;
    s->value = value;
}

static void add_symlink(struct sequence *q, uint8_t name, uint8_t target)
{
    add(q, ACT_SYMLINK, 0, name)->to = target;
}

static void add_open_files(struct sequence *q)
{
    add_open(q, 1, NAME_B);
    add_open(q, 3, NAME_LINK);
    add_open(q, 4, NAME_X_BY_LINK);
}

/* What is to be reserved must not be open yet. */
static void close_files(struct sequence *q)
{
    add(q, ACT_CLOSE, 0, 0);
    add(q, ACT_CLOSE, 2, 0);
}

/* Handles: 0 and 1 are of one file under both its names, 3 is by a link to it; 2 and 4 of another;
 * the last ones are directories'. */
static void begin(struct sequence *q, bool closed)
{
    add(q, ACT_MKDIR, 0, NAME_DIR)->access = 0755;
    add_open(q, 0, NAME_A);
    add_write(q, 0, 1);
    add(q, ACT_HARDLINK, 0, NAME_A)->to = NAME_B;
    add_symlink(q, NAME_LINK, TARGET_A);
    add_symlink(q, NAME_DIR_LINK, TARGET_DIR);
    add_symlink(q, NAME_INNER_LINK, TARGET_B_UP);
    add_open(q, 2, NAME_X);
    add_write(q, 2, 2);
    if (closed)
        close_files(q);
    else
        add_open_files(q);
    for (uint8_t name = NAME_LONG; q->max_names < MANY_NAMES && name <= NAME_LONG_TOO; name++)
        add(q, ACT_MKDIR, 0, name)->access = 0755;
    add(q, ACT_OPENDIR, 5, NAME_DIR);
    add(q, ACT_OPENDIR, 6, NAME_ROOT);
}

void sequence_make(struct sequence *q, uint64_t seed)
{
    static const uint32_t slots[] = {2, 4, SLOTS, SLOTS};
    static const uint32_t name_percents[] = {0, 0, 30, 60};
    struct dice d;
    dice_init(&d, seed);
    struct taste t = {.dice = &d,
                      .version = dice_percent(&d, 50) ? 3 : 6,
                      .theme = (enum theme)dice_below(&d, THEME_COUNT),
                      .slots = PICK(&d, slots),
                      .name_percent = PICK(&d, name_percents)};
    if (t.theme == THEME_HOLDS) {
        t.version = 6;
        t.slots = 4;
    }
    if (t.theme == THEME_TREE)
        t.slots = SLOTS; /* directories are the last ones */
    *q = (struct sequence){.seed = seed,
                           .version = t.version,
                           .max_bytes = dice_percent(&d, 70) ? 1u << 20 : 100,
                           .max_names = dice_percent(&d, 70) ? MANY_NAMES : 1024};
    begin(q, t.theme == THEME_HOLDS && dice_percent(&d, 50));
    uint32_t count = LEAST_REQUESTS + dice_below(&d, MOST_REQUESTS - LEAST_REQUESTS + 1);
    uint32_t end_percent = dice_percent(&d, 30) ? 0 : 3 + dice_below(&d, 20);
    for (uint32_t i = 0; i < count; i++) {
        struct step *s = &q->steps[q->count++];
        pick_step(s, &t, 3 + i);
        s->last = i + 1 == count || dice_percent(&d, end_percent);
    }
}
