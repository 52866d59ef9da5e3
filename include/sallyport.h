/**
 * @file sallyport.h
 * Sallyport: an SFTP server for any program, over any storage.
 *
 * This header includes all the others except posix.h. A program needs three things: a storage
 * (sallyport/fs.h), an answer to who may log in (sallyport/auth.h), and a server
 * (sallyport/server.h); examples/smallest.c has all three in 40 lines. Headers are C11 and C++17.
 *
 * There are two kinds of failure, with two types: calls to the library return a ::sally_error (0,
 * or negative); file operations end with a ::sally_status (SFTP's codes). The library never prints
 * or exits.
 *
 * Threads: any thread may create objects, and may use reference-counted ones (storages,
 * authenticators, keys) and servers. What belongs to an operation, a login request, a file or a
 * session may only be used by the code that has the operation or request, unless a function says
 * "any thread".
 */
#ifndef SALLYPORT_H
#define SALLYPORT_H

#include "sallyport/attrs.h"
#include "sallyport/auth.h"
#include "sallyport/certificate.h"
#include "sallyport/channel.h"
#include "sallyport/client.h"
#include "sallyport/connection.h"
#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/file.h"
#include "sallyport/fs.h"
#include "sallyport/hooks.h"
#include "sallyport/keys.h"
#include "sallyport/log.h"
#include "sallyport/op.h"
#include "sallyport/server.h"
#include "sallyport/session.h"
#include "sallyport/settings.h"
#include "sallyport/sftp.h"
#include "sallyport/status.h"
#include "sallyport/storages.h"
#include "sallyport/version.h"
#include "sallyport/wrappers.h"

#endif
