#include "sftp/listing.h"

#include "base/charset.h"
#include "cmocka_all.h"
#include "sftp/protocol.h"

#define PAGE 64 /* bytes, with head and tail */

struct page {
    struct listing l;
    uint8_t bytes[PAGE];
    sally_file file;
};

/* Version 4, so that an entry is its name and nine bytes. */
static void begin(struct page *page, uint64_t as_of)
{
    page->l = (struct listing){
        .version = 4,
        .default_attrs = UINT32_MAX,
        .as_of = as_of,
        .max = PAGE,
        .names = {.data = page->bytes, .capacity = sizeof page->bytes, .max = PAGE - NAME_TAIL}};
    buf_commit(&page->l.names, NAME_HEAD);
    buf_init(&page->l.carry, 2 * PAGE);
}

/* What does not fit goes on to the next READDIR, as answers do it. */
static void next(struct page *page, uint64_t as_of)
{
    buf_clear(&page->file.carry);
    page->file.carry = page->l.carry;
    page->file.carry_as_of = page->l.as_of;
    page->l.carry = (struct buf){.data = NULL};
    listing_drop(&page->l);
    begin(page, as_of);
}

static void end(struct page *page)
{
    listing_drop(&page->l);
    buf_clear(&page->file.carry);
    buf_clear(&page->file.stale_names);
}

static void expect_entries(const struct page *page, const char *const *names, uint32_t count)
{
    struct cursor c = cursor_of(page->bytes, page->l.names.size);
    assert_int_equal(page->l.count, count);
    cursor_read(&c, NAME_HEAD);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(slice_is(get_string(&c), names[i]));
        assert_int_equal(get_u32(&c), 0);
        assert_int_equal(get_u8(&c), 5); /* of unknown type */
    }
    assert_true(cursor_done(&c));
}

static void what_does_not_fit_begins_the_next_page(void **state)
{
    (void)state;
    struct page page = {.file = {.at_end = false}};
    static const char *const first[] = {"fourteen-bytes", "thirteen-byte"};
    static const char *const second[] = {"x", "y"};
    begin(&page, 1);
    assert_false(listing_add_carry(&page.l, &page.file));
    assert_true(listing_add(&page.l, first[0], NULL, NULL));
    assert_true(listing_add(&page.l, first[1], NULL, NULL));
    assert_false(listing_add(&page.l, second[0], NULL, NULL)); /* is kept: four bytes are left */
    expect_entries(&page, first, 2);
    assert_false(listing_add(&page.l, "lost", NULL, NULL)); /* the storage does not listen */
    assert_int_equal(page.l.skipped, 1);
    next(&page, 1);
    assert_true(listing_add_carry(&page.l, &page.file));
    assert_true(listing_add(&page.l, second[1], NULL, NULL));
    expect_entries(&page, second, 2);
    next(&page, 1);
    assert_false(listing_add_carry(&page.l, &page.file)); /* only once */
    end(&page);
}

static void an_old_entry_is_looked_up_again(void **state)
{
    (void)state;
    struct page page = {.file = {.at_end = false}};
    buf_init(&page.file.stale_names, 1000);
    begin(&page, 1);
    while (listing_add(&page.l, "name", NULL, NULL))
        continue;
    next(&page, 2); /* something has changed */
    assert_false(listing_add_carry(&page.l, &page.file));
    assert_int_equal(page.l.count, 0);
    assert_int_equal(page.file.stale_names.size, sizeof "name");
    assert_string_equal((const char *)buf_head(&page.file.stale_names), "name");
    assert_int_equal(page.file.carry.size, 0);
    end(&page);
}

/* Names are noted where the reply may have to be made again. */
static void a_page_that_is_read_ahead_knows_its_names(void **state)
{
    (void)state;
    struct page page = {.file = {.at_end = false}};
    begin(&page, 1);
    while (listing_add(&page.l, "name", NULL, NULL))
        continue;
    next(&page, 1);
    page.l.ahead = true;
    buf_init(&page.l.plain, 1000);
    assert_true(listing_add_carry(&page.l, &page.file));
    assert_true(listing_add(&page.l, "other", NULL, NULL));
    assert_int_equal(page.l.plain.size, sizeof "name" + sizeof "other");
    assert_memory_equal(buf_head(&page.l.plain), "name\0other", page.l.plain.size);
    end(&page);
}

static void what_can_never_be_sent_is_skipped(void **state)
{
    (void)state;
    struct page page = {.file = {.at_end = false}};
    static const char *const good[] = {"a", "b"};
    /* 64 bytes less head and tail, 4 for the length, and 5 for the attributes, hold 41. */
    static const char longest[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    begin(&page, 1);
    assert_true(listing_add(&page.l, "a", NULL, NULL));
    assert_true(listing_add(&page.l, "", NULL, NULL));
    assert_true(listing_add(&page.l, "../up", NULL, NULL));
    assert_true(listing_add(&page.l, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL, NULL));
    assert_true(listing_add(&page.l, "b", NULL, NULL));
    assert_int_equal(page.l.skipped, 3);
    expect_entries(&page, good, 2);
    assert_false(listing_add(&page.l, longest, NULL, NULL)); /* a page of its own */
    next(&page, 1);
    assert_true(listing_add_carry(&page.l, &page.file));
    assert_int_equal(page.l.names.size, PAGE - NAME_TAIL);
    end(&page);
}

/* Only version 3 has a place for it. */
static void a_line_of_the_storages_own(void **state)
{
    (void)state;
    struct page page = {.file = {.at_end = false}};
    begin(&page, 1);
    page.l.version = 3;
    assert_true(listing_add(&page.l, "a", NULL, "my\tline"));
    struct cursor c = cursor_of(page.bytes, page.l.names.size);
    cursor_read(&c, NAME_HEAD);
    assert_true(slice_is(get_string(&c), "a"));
    assert_true(slice_is(get_string(&c), "my?line"));
    assert_int_equal(get_u32(&c), 0);
    assert_true(cursor_done(&c));
    end(&page);
    begin(&page, 1);
    assert_true(listing_add(&page.l, "a", NULL, "my line"));
    static const char *const names[] = {"a"};
    expect_entries(&page, names, 1);
    end(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit_begins_the_next_page),
        cmocka_unit_test(an_old_entry_is_looked_up_again),
        cmocka_unit_test(a_page_that_is_read_ahead_knows_its_names),
        cmocka_unit_test(what_can_never_be_sent_is_skipped),
        cmocka_unit_test(a_line_of_the_storages_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
