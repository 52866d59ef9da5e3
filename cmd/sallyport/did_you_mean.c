#include "did_you_mean.h"

#include <string.h>

#define MAX_LENGTH 64

/* Levenshtein's distance: how many characters must be changed, added or removed. */
static size_t distance(const char *a, const char *b)
{
    size_t row[MAX_LENGTH + 1];
    size_t length = strlen(b);
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t leave_out = row[j] + 1, add = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = change < leave_out ? change : leave_out;
            row[j] = row[j] < add ? row[j] : add;
        }
    }
    return row[length];
}

const char *nearest_name(const char *given, const char *(*name_at)(size_t index))
{
    if (strnlen(given, MAX_LENGTH + 1) > MAX_LENGTH)
        return NULL;
    const char *best = NULL, *name;
    size_t best_distance = strlen(given) / 3 + 1; /* anything farther is not a typo */
    for (size_t i = 0; (name = name_at(i)) != NULL; i++) {
        if (strlen(name) > MAX_LENGTH)
            continue;
        size_t d = distance(given, name);
        if (d <= best_distance && (!best || d < best_distance)) {
            best = name;
            best_distance = d;
        }
    }
    return best;
}
