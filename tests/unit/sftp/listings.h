/* Whole listings of the store's directory /many, as a client reads them. */
#ifndef TEST_SFTP_LISTINGS_H
#define TEST_SFTP_LISTINGS_H

#include "sftp/peer.h"

/* Checks one NAME reply of version 3, whose entries must go on from `next`; returns how many there
 * were. */
uint32_t take_names(struct peer *p, struct reply *r, uint32_t next);
/* Sends `at_once` READDIRs at a time until the end; returns the number of the entry after the last
 * one. */
uint32_t list_from(struct peer *p, struct handle h, uint32_t at_once, uint32_t next);
uint32_t list_all(struct peer *p, struct handle h, uint32_t at_once);

#endif
