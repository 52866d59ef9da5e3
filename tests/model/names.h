/* The names that sequences use: several of the same few files, and some that are missing at first.
 */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

/* clang-format off */
enum {
    NAME_A, NAME_B, NAME_C, NAME_LINK, NAME_DIR, NAME_X, NAME_Y, NAME_DIR_LINK, NAME_X_BY_LINK,
    NAME_Y_BY_LINK, NAME_INNER_LINK, NAME_G, NAME_RELATIVE, NAME_DOTS, NAME_ROOT,
    NAME_LONG, NAME_LONG_TOO = NAME_LONG + 3, NAME_COUNT
};

#define LONG_NAME "123456789-123456789-123456789-123456789-123456789-123456789-123456789-123456789-123456789-"

static const char *const names[NAME_COUNT] = {
    [NAME_A] = "/a",             /* a file */
    [NAME_B] = "/b",             /* a hard link to it */
    [NAME_C] = "/c",             /* nothing */
    [NAME_LINK] = "/l",          /* a symbolic link to /a */
    [NAME_DIR] = "/d",           /* a directory */
    [NAME_X] = "/d/x",           /* a file */
    [NAME_Y] = "/d/y",           /* nothing */
    [NAME_DIR_LINK] = "/e",      /* a symbolic link to /d */
    [NAME_X_BY_LINK] = "/e/x",
    [NAME_Y_BY_LINK] = "/e/y",
    [NAME_INNER_LINK] = "/d/l",  /* a symbolic link to /b */
    [NAME_G] = "/g",             /* nothing */
    [NAME_RELATIVE] = "a",
    [NAME_DOTS] = "/d/../b",
    [NAME_ROOT] = "/",
    [NAME_LONG] = "/1" LONG_NAME, "/2" LONG_NAME, "/3" LONG_NAME, "/4" LONG_NAME, /* so that a listing has pages */
};

/* What symbolic links say. */
enum { TARGET_A, TARGET_DIR, TARGET_B_UP, TARGET_C, TARGET_X, TARGET_COUNT };

static const char *const targets[TARGET_COUNT] = {
    [TARGET_A] = "a", [TARGET_DIR] = "d", [TARGET_B_UP] = "../b", [TARGET_C] = "c", [TARGET_X] = "/d/x",
};
/* clang-format on */

#endif
