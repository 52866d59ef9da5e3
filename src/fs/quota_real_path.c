#include "fs/quota.h"

sally_status quota_locate(sally_fs *fs, sally_op *op, struct real_path *real, const char *path,
                          bool follows, sally_done_fn *then, void *context)
{
    const struct quota *q = sally_fs_data(fs);
    return real_path_find(fs, q->inner, q->has_links, op, real, path, follows, then, context);
}
