/* File names in the charsets of this system. The first byte chooses a charset; the rest is a path,
 * first the storage's, then the client's. */
#include <stdlib.h>

#include "base/mem.h"
#include "os/charset.h"
#include "sftp/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* What was shown exactly is taken back to where it came from; what was not never leads elsewhere.
 */
static void there_and_back(const struct naming *n, const char *name)
{
    struct buf room, back;
    bool exact;
    buf_init(&room, 0);
    buf_init(&back, 1 << 20);
    const char *shown = names_to_client(n, name, &room, &exact);
    require(shown);
    sally_status status = names_to_storage(n, slice_of(shown), &back);
    bool same = slice_equal(buf_slice(&back), slice_of(name));
    require(status == SALLY_OK || !exact);
    require(!exact || same);
    buf_clear(&room);
    buf_clear(&back);
}

/* A name that was taken is shown as the client wrote it. */
static void back_and_there(const struct naming *n, struct slice raw)
{
    struct buf room, taken;
    bool exact;
    buf_init(&room, 0);
    buf_init(&taken, 1 << 20);
    if (names_to_storage(n, raw, &taken) == SALLY_OK) {
        require(!slice_has_nul(buf_slice(&taken)));
        put_u8(&taken, 0);
        const char *shown = names_to_client(n, (const char *)buf_head(&taken), &room, &exact);
        require(shown && slice_equal(slice_of(shown), raw));
    }
    buf_clear(&room);
    buf_clear(&taken);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const charsets[] = {"ISO-8859-1", "KOI8-R",   "windows-1252", "EUC-JP",
                                           "CP932",      "GB18030",  "BIG5",         "BIG5-HKSCS",
                                           "EUC-KR",     "US-ASCII", "TIS-620",      "EUC-TW"};
    if (size < 1 || size > 20000)
        return 0;
    struct charset *c = os_charset_open(charsets[data[0] % COUNT_OF(charsets)]);
    const struct naming n = {c, true};
    struct slice raw = {data + 1, size - 1};
    char *name = slice_strdup(raw);
    if (c && name)
        there_and_back(&n, name);
    if (c)
        back_and_there(&n, raw);
    free(name);
    os_charset_close(c);
    return 0;
}
