/**
 * @file sallyport.hpp
 * Sallyport for C++17 and later, on top of sallyport.h: owners that release what they hold,
 * storages and authenticators as classes, errors as exceptions. Header only; it needs nothing but
 * the standard library. examples/server.cpp is a server with a storage in 60 lines.
 *
 * Owners (sally::fs, sally::auth, sally::users, sally::key, sally::server, sally::engine) can be
 * moved but not copied. get() returns the C object, which the owner keeps: use it to call
 * everything that has no method here. The C headers say what holds for threads and lifetimes.
 *
 * As in C, there are two kinds of failure. A call that fails throws sally::error. Storages and
 * authenticators are called by the library, which exceptions must not reach, so whatever they throw
 * is caught here. From a storage, sally::failure becomes its status and text; std::system_error,
 * and so std::filesystem::filesystem_error, becomes the status for its errno; anything else becomes
 * ::SALLY_FAILURE, without a text, since that could tell a client what it must not know. From an
 * authenticator, everything becomes ::SALLY_AUTH_REJECT. If a class has a member
 *
 *     void caught(std::exception_ptr error) noexcept;
 *
 * this is called with every exception except sally::failure, for a log, on the thread that called
 * the class.
 */
#ifndef SALLYPORT_HPP
#define SALLYPORT_HPP

#include "sallyport.h"
#include "sallyport/error.hpp"
#include "sallyport/login.hpp"
#include "sallyport/service.hpp"
#include "sallyport/storage.hpp"

#endif
