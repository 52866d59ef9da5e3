/**
 * @file sallyport/error.hpp
 * C++: errors as exceptions, and callbacks that let no exception escape. See sallyport.hpp.
 */
#ifndef SALLYPORT_ERROR_HPP
#define SALLYPORT_ERROR_HPP

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "sallyport/error.h"
#include "sallyport/op.h"
#include "sallyport/status.h"

namespace sally
{

/** A call to the library failed. */
class error : public std::runtime_error
{
  public:
    /** `text` has details; "" means the text of `code`. */
    error(sally_error code, const std::string &text)
        : std::runtime_error(text.empty() ? sally_strerror(code) : text), code_(code)
    {
    }
    /** The reason, such as ::SALLY_E_ADDRESS. */
    sally_error code() const noexcept
    {
        return code_;
    }

  private:
    sally_error code_;
};

/** Throws sally::error if `code` is an error. ::SALLY_E_OK and counts are not. */
inline void check(sally_error code, const char *text = "")
{
    if (code < 0)
        throw error(code, text);
}

/** Thrown by a storage or a set of hooks to answer an operation with a status. */
class failure : public std::runtime_error
{
  public:
    /** `text` is for the client, as in sally_op_set_message(); "": the default text of the
     * status. */
    explicit failure(sally_status status, const std::string &text = {})
        : std::runtime_error(text), status_(status)
    {
    }
    /** The answer. A status that is not a failure becomes ::SALLY_FAILURE. */
    sally_status status() const noexcept
    {
        return status_ > 0 ? status_ : SALLY_FAILURE;
    }

  private:
    sally_status status_;
};

/** Implementation details of these headers. */
namespace detail
{

template <class T, auto drop> struct dropper {
    void operator()(T *object) const noexcept
    {
        static_cast<void>(drop(object));
    }
};
template <class T, auto drop> using owner = std::unique_ptr<T, dropper<T, drop>>;

template <class Object, class = void> struct has_caught : std::false_type {
};
template <class Object>
struct has_caught<Object,
                  std::void_t<decltype(std::declval<Object &>().caught(std::exception_ptr()))>>
    : std::true_type {
};

template <class Object> void tell(Object &object) noexcept
{
    if constexpr (has_caught<Object>::value)
        object.caught(std::current_exception());
    else
        static_cast<void>(object);
}

inline sally_status status_of(const std::error_code &code) noexcept
{
    bool is_errno =
        code.category() == std::generic_category() || code.category() == std::system_category();
    return is_errno && code.value() ? sally_status_from_errno(code.value()) : SALLY_FAILURE;
}

template <class Object, class Call>
sally_status guarded(Object &object, sally_op *op, const Call &call) noexcept
{
    try {
        return call();
    } catch (const failure &e) {
        if (*e.what())
            static_cast<void>(sally_op_set_message(op, e.what()));
        return e.status();
    } catch (const std::system_error &e) {
        tell(object);
        return status_of(e.code());
    } catch (...) {
        tell(object);
        return SALLY_FAILURE;
    }
}

template <class Object, class Result, class Call>
Result guarded(Object &object, Result otherwise, const Call &call) noexcept
{
    try {
        return call();
    } catch (...) {
        tell(object);
        return otherwise;
    }
}

} // namespace detail

} // namespace sally

#endif
