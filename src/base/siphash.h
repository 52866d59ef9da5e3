/* SipHash-2-4 (Aumasson and Bernstein, 2012): a hash with a secret key, so that attackers cannot
 * choose names that collide in a table. */
#ifndef SALLY_BASE_SIPHASH_H
#define SALLY_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_SIZE 16

uint64_t siphash(const uint8_t key[SIPHASH_KEY_SIZE], const void *data, size_t size);

#endif
