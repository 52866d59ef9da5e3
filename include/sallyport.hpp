/**
 * @file sallyport.hpp
 * The library for C++17 and later, on top of sallyport.h: owners that release what they hold,
 * storages and authenticators as classes, errors as exceptions. Header only; it needs nothing but
 * the standard library. examples/server.cpp is a server and a storage in 60 lines.
 *
 * Owners (sally::fs, sally::auth, sally::users, sally::key, sally::server, sally::engine) can be
 * moved and not copied. get() lends the object of the C interface: all that has no method here is
 * called with it. What is promised of threads and of lifetimes is in the C headers.
 *
 * Two ways of failing, as in C. A call that fails throws sally::error. A storage or an
 * authenticator is called by the library, which no exception may reach: whatever it throws is
 * caught here. Of a storage, sally::failure becomes its status and its text; std::system_error, and
 * so std::filesystem::filesystem_error, the status for its errno; all else ::SALLY_FAILURE, without
 * a text, as it may tell what a client must not know. Of an authenticator, everything becomes
 * ::SALLY_AUTH_REJECT. A class that has a member
 *
 *     void caught(std::exception_ptr error) noexcept;
 *
 * is told of everything but sally::failure, for a log, on the thread that called it.
 */
#ifndef SALLYPORT_HPP
#define SALLYPORT_HPP

#include "sallyport.h"
#include "sallyport/error.hpp"
#include "sallyport/login.hpp"
#include "sallyport/service.hpp"
#include "sallyport/storage.hpp"

#endif
