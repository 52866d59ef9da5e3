/* Runs a fuzz target without a fuzzer: every file of the folders named on the command line, then
 * variants of each (cut short, bytes changed, doubled): VARIANTS, or as many as the target was
 * compiled with. They come from a fixed seed, so that a failure happens again. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef VARIANTS
#define VARIANTS 64
#endif
enum { INPUT_BYTES = 1 << 20 };

struct bytes {
    uint8_t *data;
    size_t size;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* An exact copy on the heap, so that a sanitizer sees a read of one byte too many. */
static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = calloc(1, size > 0 ? size : 1);
    if (!copy) {
        abort();
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void feed_variant(const struct bytes *input, uint64_t *state)
{
    uint8_t *copy = malloc(2 * input->size + 1);
    if (!copy) {
        abort();
    }
    memcpy(copy, input->data, input->size);
    size_t size = input->size;
    switch (next_random(state) % 4) {
    case 0:
        size = next_random(state) % input->size;
        break;
    case 1: {
        size_t from = next_random(state) % size;
        memcpy(copy + size, input->data + from, input->size - from);
        size += input->size - from;
        break;
    }
    default:
        for (uint64_t n = 1 + next_random(state) % 4; n > 0; n--) {
            static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
            uint64_t dice = next_random(state);
            uint8_t value = dice & 1 ? edges[(dice >> 8) % sizeof(edges)] : (uint8_t)(dice >> 16);
            copy[next_random(state) % size] = value;
        }
        break;
    }
    feed(copy, size);
    free(copy);
}

static int read_file(const char *path, struct bytes *out)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return -1;
    }
    out->data = malloc(INPUT_BYTES);
    if (!out->data) {
        abort();
    }
    out->size = fread(out->data, 1, INPUT_BYTES, file);
    fclose(file);
    return 0;
}

static int run_file(const char *path)
{
    struct bytes input;
    if (read_file(path, &input) != 0) {
        return -1;
    }
    feed(input.data, input.size);
    uint64_t state = 0x9e3779b97f4a7c15u;
    for (int i = 0; i < VARIANTS && input.size > 0; i++) {
        feed_variant(&input, &state);
    }
    free(input.data);
    return 1;
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Number of files, or -1. A path that does not exist counts as an empty folder: a target may start
 * without seeds. */
static int run_path(const char *path)
{
    struct stat facts;
    if (stat(path, &facts) != 0) {
        return 0;
    }
    if (!S_ISDIR(facts.st_mode)) {
        return run_file(path);
    }
    struct dirent **entries;
    int count = scandir(path, &entries, not_hidden, alphasort);
    int done = 0;
    for (int i = 0; i < count; i++) {
        char name[4096];
        snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        if (done >= 0) {
            done = run_file(name) < 0 ? -1 : done + 1;
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    return done;
}

int main(int argc, char **argv)
{
    feed((const uint8_t *)"", 0);
    int files = 0;
    for (int i = 1; i < argc; i++) {
        int count = run_path(argv[i]);
        if (count < 0) {
            return 1;
        }
        files += count;
    }
    printf("%d files, %d variants of each\n", files, VARIANTS);
    return 0;
}
