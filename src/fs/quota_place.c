#include "fs/quota.h"

sally_status quota_locate(sally_fs *fs, sally_op *op, struct place *place, const char *path,
                          bool follows, sally_done_fn *then, void *context)
{
    const struct quota *q = sally_fs_data(fs);
    return place_find(fs, q->inner, q->has_links, op, place, path, follows, then, context);
}
