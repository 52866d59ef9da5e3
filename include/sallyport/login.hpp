/**
 * @file sallyport/login.hpp
 * C++: authenticators as classes. See sallyport.hpp.
 */
#ifndef SALLYPORT_LOGIN_HPP
#define SALLYPORT_LOGIN_HPP

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "sallyport/auth.h"
#include "sallyport/error.hpp"

namespace sally
{

namespace detail
{

#define SALLY_HPP_HAS(what, expression)                                                            \
    template <class S, class = void> struct what : std::false_type {                               \
    };                                                                                             \
    template <class S> struct what<S, std::void_t<decltype(expression)>> : std::true_type {        \
    };
SALLY_HPP_HAS(has_may_try_key,
              std::declval<S &>().may_try_key(std::declval<sally_auth_request &>()))
SALLY_HPP_HAS(has_offered, std::declval<S &>().offered(std::declval<sally_auth_request &>()))
SALLY_HPP_HAS(has_forget, std::declval<S &>().forget(static_cast<void *>(nullptr)))
#undef SALLY_HPP_HAS

} // namespace detail

/** An authenticator. */
class auth
{
  public:
    /** Takes ownership of a reference. */
    explicit auth(sally_auth *owned = nullptr) noexcept : owned_(owned)
    {
    }
    /** Lent. */
    sally_auth *get() const noexcept
    {
        return owned_.get();
    }

  private:
    detail::owner<sally_auth, sally_auth_unref> owned_;
};

/** The ready-made authenticator. */
class users : public auth
{
  public:
    /** sally_auth_users_new() */
    users() : auth(made())
    {
    }
    /** sally_auth_users_add() */
    void add(const sally_user &user) const
    {
        sally_error code = sally_auth_users_add(get(), &user);
        check(code, code ? sally_auth_users_error(get()) : "");
    }
    /** sally_auth_users_remove() */
    void remove(const std::string &name) const
    {
        sally_error code = sally_auth_users_remove(get(), name.c_str());
        check(code, code ? sally_auth_users_error(get()) : "");
    }

  private:
    static sally_auth *made()
    {
        sally_auth *made = nullptr;
        check(sally_auth_users_new(&made));
        return made;
    }
};

/**
 * Makes an authenticator from an object of class A, which has `static constexpr uint32_t methods`
 * and
 *
 *     sally_auth_result authenticate(sally_auth_request &request);
 *
 * and may have may_try_key(), offered() and forget() as in ::sally_auth_methods, but without the
 * first argument, and with references in place of pointers to requests. An offered() that throws
 * offers nothing.
 */
template <class A, class... Arguments> auth make_auth(Arguments &&...arguments)
{
    auto object = std::make_unique<A>(std::forward<Arguments>(arguments)...);
    sally_auth_methods methods = {};
    methods.struct_size = sizeof methods;
    methods.methods = A::methods;
#define SALLY_HPP_CALL(member, result, otherwise)                                                  \
    methods.member = [](sally_auth *called, sally_auth_request *request) noexcept -> result {      \
        A &auth_of = *static_cast<A *>(sally_auth_data(called));                                   \
        return detail::guarded(auth_of, static_cast<result>(otherwise),                            \
                               [&]() -> result { return auth_of.member(*request); });              \
    };
    SALLY_HPP_CALL(authenticate, sally_auth_result, SALLY_AUTH_REJECT)
    if constexpr (detail::has_may_try_key<A>::value)
        SALLY_HPP_CALL(may_try_key, sally_auth_result, SALLY_AUTH_REJECT)
    if constexpr (detail::has_offered<A>::value)
        SALLY_HPP_CALL(offered, uint32_t, 0)
#undef SALLY_HPP_CALL
    if constexpr (detail::has_forget<A>::value)
        methods.forget = [](sally_auth *called, void *state) noexcept {
            A &auth_of = *static_cast<A *>(sally_auth_data(called));
            detail::guarded(auth_of, false, [&] { return auth_of.forget(state), true; });
        };
    methods.destroy = [](void *data) noexcept { delete static_cast<A *>(data); };
    sally_auth *made = nullptr;
    check(sally_auth_new(&made, &methods, object.get()));
    static_cast<void>(object.release());
    return auth(made);
}

} // namespace sally

#endif
