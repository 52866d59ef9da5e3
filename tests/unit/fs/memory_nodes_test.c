#include "fs/memory_nodes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alloc_failure.h"
#include "cmocka_all.h"
#include "fs/memory_acl.h"
#include "fs/memory_xattr.h"

/* A link leads to its own name without the first character. */
static struct mem_node *make(struct mem_tree *tree, struct mem_node *dir, const char *name,
                             uint32_t mode)
{
    struct mem_node *node = mem_node_new(tree, mode, S_ISLNK(mode) ? name + 1 : NULL);
    assert_non_null(node);
    assert_int_equal(mem_link(tree, dir, name, node), 0);
    return node;
}

/* The names of a directory against a table of which there are. */
static void names_are_kept_in_order(void **state)
{
    (void)state;
    enum { NAMES = 300, ROUNDS = 5000 };
    struct mem_tree tree;
    bool there[NAMES] = {false};
    uint32_t count = 0, random = 12345;
    assert_true(mem_tree_init(&tree, 0));
    struct mem_node *dir = make(&tree, tree.root, "d", S_IFDIR | 0755);
    for (int round = 0; round < ROUNDS; round++) {
        random = random * 1664525u + 1013904223u;
        uint32_t i = (random >> 8) % NAMES;
        char name[8];
        snprintf(name, sizeof name, "%03u", i);
        if (there[i])
            mem_unlink(&tree, dir, name);
        else
            make(&tree, dir, name, S_IFREG | 0644);
        there[i] = !there[i];
        count += there[i] ? 1 : UINT32_MAX;
        assert_int_equal(dir->u.dir.count, count);
        if (round % 100)
            continue;
        const struct mem_entry *entry = mem_entry_after(dir, NULL);
        for (uint32_t k = 0; k < NAMES; k++) {
            if (!there[k])
                continue;
            snprintf(name, sizeof name, "%03u", k);
            assert_non_null(entry);
            assert_string_equal(entry->name, name);
            entry = mem_entry_after(dir, entry->name);
        }
        assert_null(entry);
    }
    mem_tree_clear(&tree);
}

/* What is removed is no longer charged, to the byte. */
static void everything_is_uncharged(void **state)
{
    (void)state;
    struct mem_tree tree;
    assert_true(mem_tree_init(&tree, 1 << 20));
    struct mem_budget before = tree.budget;
    uint64_t nodes = tree.nodes;
    make(&tree, tree.root, "file", S_IFREG | 0644);
    make(&tree, tree.root, "link", S_IFLNK | 0777);
    struct mem_node *dir = make(&tree, tree.root, "dir", S_IFDIR | 0755);
    struct mem_node *inner = make(&tree, dir, "inner", S_IFREG | 0644);
    assert_int_equal(mem_link(&tree, tree.root, "second", inner), 0);
    assert_int_equal(tree.nodes, nodes + 4);
    mem_unlink(&tree, dir, "inner");
    assert_int_equal(tree.nodes, nodes + 4); /* it has another name */
    inner->handles++;
    mem_unlink(&tree, tree.root, "second");
    assert_int_equal(tree.nodes, nodes + 4); /* it is open */
    inner->handles--;
    mem_release(&tree, inner);
    mem_unlink(&tree, tree.root, "dir");
    mem_unlink(&tree, tree.root, "link");
    mem_unlink(&tree, tree.root, "file");
    assert_int_equal(tree.nodes, nodes);
    assert_memory_equal(&tree.budget, &before, sizeof before);
    mem_tree_clear(&tree);
}

/* Whatever is kept, and whatever is in the way of keeping more: the memory that is allocated is
 * charged, and never more than the limit. */
static void memory_stays_below_the_limit(void **state)
{
    (void)state;
    enum { FILES = 40, LIMIT = 300000 };
    static uint8_t bytes[40000], acl[3100] = {0, 0, 0, 3};
    struct mem_tree tree;
    uint32_t random = 4711;
    unsigned refused = 0;
    bool is_full = false;
    size_t before = alloc_live_bytes();
    assert_true(mem_tree_init(&tree, LIMIT));
    for (int round = 0; round < 20000; round++) {
        random = random * 1664525u + 1013904223u;
        uint32_t dice = random >> 8, what = dice % 8, amount = (dice >> 8) % 3000;
        char name[MEM_NAME_MAX + 1];
        snprintf(name, sizeof name, "%0*u", 1 + (int)(dice % FILES) * 6, (unsigned)(dice % FILES));
        char path[MEM_NAME_MAX + 2] = "/";
        strcat(path, name);
        struct mem_node *node;
        bool there = mem_find(tree.root, path, false, &node) == 0;
        int error = 0;
        if (!there) {
            node =
                mem_node_new(&tree, what ? S_IFREG | 0644u : S_IFLNK | 0777u, what ? NULL : name);
            error = node ? mem_link(&tree, tree.root, name, node) : ENOSPC;
            if (node && error)
                mem_release(&tree, node);
        } else if (what == 1 || is_full) {
            mem_unlink(&tree, tree.root, name);
            is_full = false;
        } else if (S_ISREG(node->mode)) {
            const sally_attrs attrs = {.valid = SALLY_ATTR_ACL, .acl = acl, .acl_size = 8 + amount};
            if (what == 2)
                error = mem_data_resize(&node->u.data, &tree.budget, amount * 50);
            else if (what == 3)
                error = mem_acl_set(&tree, node, &attrs);
            else if (what == 4)
                error =
                    mem_xattr_set(&tree, node, name, bytes, amount, OS_XATTR_EITHER) ? 0 : errno;
            else if (what == 5)
                mem_data_fit(&node->u.data, &tree.budget);
            else
                error = mem_data_write(&node->u.data, &tree.budget, (dice >> 20) * 40, bytes,
                                       what == 6 ? amount : 40000);
        }
        assert_true(error == 0 || error == ENOSPC);
        is_full = is_full || error;
        refused += error != 0;
        assert_true(alloc_live_bytes() - before <= tree.budget.bytes);
        assert_true(tree.budget.bytes <= LIMIT);
    }
    assert_true(refused > 100);
    mem_tree_clear(&tree);
    assert_int_equal(tree.budget.bytes, 0);
    assert_int_equal(alloc_live_bytes(), before);
}

static void paths_lead_to_nodes(void **state)
{
    (void)state;
    struct mem_tree tree;
    struct mem_spot spot;
    struct mem_node *found;
    assert_true(mem_tree_init(&tree, 0));
    struct mem_node *a = make(&tree, tree.root, "a", S_IFDIR | 0755);
    struct mem_node *b = make(&tree, a, "b", S_IFDIR | 0755);
    struct mem_node *file = make(&tree, b, "file", S_IFREG | 0644);
    struct mem_node *link = make(&tree, a, ".b", S_IFLNK | 0777); /* to "b" */
    assert_int_equal(mem_find(tree.root, "/a/b/file", true, &found), 0);
    assert_ptr_equal(found, file);
    assert_int_equal(mem_find(a, "/b/file", true, &found), 0); /* `a` is "/" */
    assert_ptr_equal(found, file);
    assert_int_equal(mem_find(tree.root, "/a/.b/file", false, &found), 0);
    assert_ptr_equal(found, file);
    assert_int_equal(mem_find(tree.root, "/a/.b", true, &found), 0);
    assert_ptr_equal(found, b);
    assert_int_equal(mem_find(tree.root, "/a/.b", false, &found), 0);
    assert_ptr_equal(found, link);
    assert_int_equal(mem_find(a, "/a", true, &found), ENOENT);
    assert_int_equal(mem_find(tree.root, "/a/b/file/x", true, &found), ENOTDIR);
    assert_int_equal(mem_find(tree.root, "/a/x", true, &found), ENOENT);
    assert_int_equal(mem_resolve(tree.root, "/a/x", true, &spot), 0); /* only the last is missing */
    assert_ptr_equal(spot.dir, a);
    assert_null(spot.node);
    assert_string_equal(spot.name, "x");
    assert_int_equal(mem_resolve(tree.root, "/a/x/y", true, &spot), ENOENT);
    assert_true(mem_is_above(a, b));
    assert_true(mem_is_above(b, b));
    assert_false(mem_is_above(b, a));
    mem_tree_clear(&tree);
}

static void directories_know_their_path(void **state)
{
    (void)state;
    struct mem_tree tree;
    struct buf path;
    assert_true(mem_tree_init(&tree, 0));
    buf_init(&path, 100);
    struct mem_node *a = make(&tree, tree.root, "a", S_IFDIR | 0755);
    struct mem_node *b = make(&tree, a, "b", S_IFDIR | 0755);
    mem_path_of(tree.root, b, &path);
    assert_true(slice_is(buf_slice(&path), "/a/b"));
    buf_reset(&path);
    mem_path_of(a, b, &path);
    assert_true(slice_is(buf_slice(&path), "/b"));
    buf_reset(&path);
    mem_path_of(a, a, &path);
    assert_true(slice_is(buf_slice(&path), "/"));
    buf_clear(&path);
    mem_tree_clear(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_kept_in_order),      cmocka_unit_test(everything_is_uncharged),
        cmocka_unit_test(memory_stays_below_the_limit), cmocka_unit_test(paths_lead_to_nodes),
        cmocka_unit_test(directories_know_their_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
