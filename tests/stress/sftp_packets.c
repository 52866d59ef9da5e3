#include "base/mem.h"
#include "sftp.h"
#include "sftp/protocol.h"

/* ---- Requests ---- */

/* One that the client may have got, most often. */
static void put_handle(struct dice *dice, struct buf *out)
{
    size_t place = put_string_begin(out);
    put_u32(out, dice_below(dice, SFTP_MAX_HANDLES));
    put_u32(out, 1 + dice_below(dice, 3)); /* how often the place was used */
    put_string_end(out, place);
}

static void put_copy_data(struct dice *dice, struct buf *out)
{
    put_text(out, "copy-data");
    put_handle(dice, out);
    put_u64(out, 0);
    put_u64(out, 1000);
    put_handle(dice, out);
    put_u64(out, 0);
}

static void put_request(struct dice *dice, struct buf *out, uint32_t id)
{
    static const uint8_t types[] = {
        SSH_FXP_OPEN, SSH_FXP_OPEN,   SSH_FXP_OPENDIR, SSH_FXP_CLOSE,   SSH_FXP_READ,
        SSH_FXP_READ, SSH_FXP_WRITE,  SSH_FXP_WRITE,   SSH_FXP_READDIR, SSH_FXP_READDIR,
        SSH_FXP_STAT, SSH_FXP_REMOVE, SSH_FXP_FSTAT,   SSH_FXP_EXTENDED};
    uint8_t type = types[dice_below(dice, COUNT_OF(types))];
    size_t place = put_string_begin(out);
    put_u8(out, type);
    put_u32(out, id);
    switch (type) {
    case SSH_FXP_OPEN:
        put_text(out, "/f");
        put_u32(out, SSH_FXF_READ | SSH_FXF_WRITE | (dice_one_in(dice, 3) ? SSH_FXF_CREAT : 0));
        put_u32(out, 0);
        break;
    case SSH_FXP_OPENDIR:
    case SSH_FXP_STAT:
    case SSH_FXP_REMOVE:
        put_text(out, "/f");
        break;
    case SSH_FXP_EXTENDED:
        put_copy_data(dice, out);
        break;
    default:
        put_handle(dice, out);
        break;
    }
    if (type == SSH_FXP_READ || type == SSH_FXP_WRITE)
        put_u64(out, 0);
    if (type == SSH_FXP_READ)
        put_u32(out, 5000);
    if (type == SSH_FXP_WRITE)
        put_text(out, "data!");
    put_string_end(out, place);
}

uint32_t sftp_put_requests(struct dice *dice, struct buf *out)
{
    uint32_t count = 20 + dice_below(dice, SFTP_MAX_REQUESTS - 20);
    put_u32(out, 5);
    put_u8(out, SSH_FXP_INIT);
    put_u32(out, 3);
    for (uint32_t id = 0; id < count; id++)
        put_request(dice, out, id);
    return count;
}

/* ---- Replies ---- */

void sftp_check_replies(const struct buf *replies, uint32_t requests, bool all)
{
    bool answered[SFTP_MAX_REQUESTS] = {false};
    uint32_t count = 0;
    struct cursor stream = cursor_of_slice(buf_slice(replies));
    while (cursor_left(&stream)) {
        struct cursor packet = cursor_of_slice(get_string(&stream));
        if (stream.bad) /* the rest was not taken */
            break;
        if (get_u8(&packet) == SSH_FXP_VERSION)
            continue;
        uint32_t id = get_u32(&packet);
        if (packet.bad || id >= requests)
            stress_fail("a reply to no request");
        if (answered[id])
            stress_fail("request %u was answered twice", id);
        answered[id] = true;
        count++;
    }
    if (all && (count != requests || stream.bad))
        stress_fail("%u of %u requests were answered", count, requests);
}
