/* Parsers of log lines that know the documentation only. */
#ifndef TEST_BASE_LOG_ORACLE_H
#define TEST_BASE_LOG_ORACLE_H

#include "sallyport/log.h"

#define LOG_ORACLE_TEXT 128 /* bytes of a value or message, with its NUL */

/* The line as text and as JSON can be read back, and has nothing in it that could deceive who looks
 * at it. Fails the test otherwise. */
void log_oracle_check(const char *event, const sally_log_field *fields, uint32_t count,
                      const char *message);

#endif
