/* From a finished operation to its reply. */
#ifndef SALLY_SFTP_ANSWERS_H
#define SALLY_SFTP_ANSWERS_H

#include "sftp/request.h"

answer_fn answer_status, answer_handle, answer_data, answer_attrs, answer_text;

#endif
