/* What tests of admission share. */
#ifndef TEST_SERVER_UNAUTHENTICATED_FIXTURE_H
#define TEST_SERVER_UNAUTHENTICATED_FIXTURE_H

#include "base/ip.h"
#include "base/random.h"

struct ip_address test_ip(const char *text);
/* Draws the bytes of *value, first byte first, again and again; NULL: there is no randomness. */
struct random_source test_draws(const uint32_t *value);

#endif
