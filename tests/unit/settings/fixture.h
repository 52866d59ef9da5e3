/* A server's settings, changed one after the other as sally_server_set() does. */
#ifndef SALLY_TESTS_SETTINGS_FIXTURE_H
#define SALLY_TESTS_SETTINGS_FIXTURE_H

#include "settings/settings.h"

struct fixture {
    struct setting_layer layer;
    struct settings *settings;
    char why[SETTINGS_WHY_SIZE];
};

void fixture_begin(struct fixture *f);
/* On failure nothing has changed but `why`. */
sally_error fixture_set(struct fixture *f, const char *name, const char *value);
void fixture_end(struct fixture *f);

void assert_shows(const struct settings *settings, const char *name, const char *text);

#endif
