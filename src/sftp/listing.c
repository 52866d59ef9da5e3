#include "sftp/listing.h"

#include <string.h>

#include "core/longname.h"
#include "core/path.h"
#include "sftp/attrs_codec.h"

static void put_entry(struct buf *b, struct listing *l, const char *name, const sally_attrs *attrs,
                      const char *longname)
{
    static const sally_attrs unknown = {.valid = 0};
    bool exact;
    const char *shown = names_to_client(&l->naming, name, &l->room, &exact);
    if (!shown) {
        b->failed = true;
        return;
    }
    put_text(b, shown);
    if (l->version == 3) {
        size_t place = put_string_begin(b);
        if (longname)
            longname_put_given(b, longname);
        else
            longname_put(b, shown, attrs ? attrs : &unknown, l->now);
        put_string_end(b, place);
    }
    if (l->version > 4 && (attrs || (l->version > 5 && !exact))) {
        sally_attrs copy = attrs ? *attrs : unknown;
        if (l->version > 5 && !exact)
            names_mark(&copy, name);
        copy.valid &= l->default_attrs;
        if (attrs && l->default_attrs & SALLY_ATTR_BITS)
            attrs_hide(&copy, path_is_dots(name) ? "" : name);
        attrs_put(b, l->version, &copy);
    } else if (attrs) {
        attrs_put(b, l->version, attrs);
    } else {
        attrs_put_none(b, l->version);
    }
}

/* A name that a client appends to the directory's path must stay inside it. ("." and ".." come from
 * the library here: sally_op_add_entry() ignores those of storages.) */
static bool is_name(const char *name)
{
    return *name && !strchr(name, '/');
}

bool listing_add(struct listing *l, const char *name, const sally_attrs *attrs,
                 const char *longname)
{
    if (l->full || !is_name(name)) {
        l->skipped++;
        return !l->full;
    }
    size_t before = l->names.size;
    put_entry(&l->names, l, name, attrs, longname);
    if (!l->names.failed) {
        l->count++;
        if (l->ahead)
            put_bytes(&l->plain, name, strlen(name) + 1);
        return true;
    }
    l->names.failed = false;
    buf_truncate(&l->names, before);
    size_t size = strlen(name) + 1;
    put_bytes(&l->carry, name, size);
    put_entry(&l->carry, l, name, attrs, longname);
    /* Larger than the maximum size of a reply, or out of memory. */
    if (l->carry.failed || l->carry.size - size > l->max - NAME_TAIL - NAME_HEAD) {
        buf_clear(&l->carry);
        l->skipped++;
        return true;
    }
    l->full = true;
    return false;
}

bool listing_add_carry(struct listing *l, sally_file *file)
{
    const char *name = (const char *)buf_head(&file->carry);
    if (file->carry.size == 0)
        return false;
    size_t size = strlen(name) + 1;
    bool current = file->hooks_list || file->carry_as_of == l->as_of;
    if (current) {
        put_bytes(&l->names, name + size, file->carry.size - size);
        if (l->ahead)
            put_bytes(&l->plain, name, size);
        l->count = 1;
        l->taken = file->carry;
        buf_init(&file->carry, l->taken.max);
    } else {
        put_bytes(&file->stale_names, name, size);
        buf_clear(&file->carry);
    }
    return current;
}

void listing_give_carry_back(struct listing *l, sally_file *file)
{
    if (file->carry.size > 0)
        return;
    buf_clear(&file->carry);
    file->carry = l->taken;
    l->taken = (struct buf){.data = NULL};
}

void listing_drop(struct listing *l)
{
    if (!l)
        return;
    buf_clear(&l->carry);
    buf_clear(&l->taken);
    buf_clear(&l->plain);
    buf_clear(&l->room);
}
