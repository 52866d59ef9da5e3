/**
 * @file sallyport/service.hpp
 * C++: servers, their keys, and the SFTP engine alone. See sallyport.hpp.
 */
#ifndef SALLYPORT_SERVICE_HPP
#define SALLYPORT_SERVICE_HPP

#include <cstddef>
#include <string>
#include <string_view>

#include "sallyport/error.hpp"
#include "sallyport/hooks.h"
#include "sallyport/keys.h"
#include "sallyport/login.hpp"
#include "sallyport/server.h"
#include "sallyport/sftp.h"
#include "sallyport/storage.hpp"

namespace sally
{

namespace detail
{

#define SALLY_HPP_HAS(what, expression)                                                            \
    template <class S, class = void> struct what : std::false_type {                               \
    };                                                                                             \
    template <class S> struct what<S, std::void_t<decltype(expression)>> : std::true_type {        \
    };
SALLY_HPP_HAS(has_before, std::declval<S &>().before(std::declval<sally_op &>()))
SALLY_HPP_HAS(has_after, std::declval<S &>().after(std::declval<sally_op &>()))
SALLY_HPP_HAS(has_before_mask, S::before_mask)
SALLY_HPP_HAS(has_after_mask, S::after_mask)
#undef SALLY_HPP_HAS

} // namespace detail

/** A private key. */
class key
{
  public:
    /** Takes ownership of a reference. */
    explicit key(sally_key *owned = nullptr) noexcept : owned_(owned)
    {
    }
    /** Lent. */
    sally_key *get() const noexcept
    {
        return owned_.get();
    }
    /** sally_key_generate() */
    static key generate(const std::string &type, uint32_t bits = 0)
    {
        sally_key *made = nullptr;
        check(sally_key_generate(&made, type.c_str(), bits));
        return key(made);
    }
    /** sally_key_load(); nullptr: without a passphrase */
    static key load(const std::string &path, const char *passphrase = nullptr)
    {
        sally_key *made = nullptr;
        check(sally_key_load(&made, path.c_str(), passphrase));
        return key(made);
    }
    /** sally_key_parse() */
    static key parse(std::string_view text, const char *passphrase = nullptr)
    {
        sally_key *made = nullptr;
        check(sally_key_parse(&made, text.data(), text.size(), passphrase));
        return key(made);
    }
    /** sally_key_save() */
    void save(const std::string &path, const std::string &comment = {}) const
    {
        check(sally_key_save(get(), path.c_str(), comment.c_str()));
    }
    /** "SHA256:" and base64; valid as long as the key. */
    std::string_view fingerprint() const noexcept
    {
        return sally_key_fingerprint(get());
    }
    /** "ssh-ed25519 AAAA..."; valid as long as the key. */
    std::string_view public_line() const noexcept
    {
        return sally_key_public_line(get());
    }

  private:
    detail::owner<sally_key, sally_key_unref> owned_;
};

/** A server. The destructor stops it without grace. If sally_server_free() returns ::SALLY_E_BUSY,
 * as it does inside one of the server's callbacks, the server is not freed, since operations still
 * use it. */
class server
{
  public:
    /** sally_server_new() */
    server() : owned_(made())
    {
    }
    /** Lent. */
    sally_server *get() const noexcept
    {
        return owned_.get();
    }
    /** sally_server_set() */
    void set(const std::string &name, const std::string &value)
    {
        tell(sally_server_set(get(), name.c_str(), value.c_str()));
    }
    /** sally_server_add_user(); nullptr: without a password */
    void add_user(const std::string &name, const char *password, const fs &storage_of)
    {
        tell(sally_server_add_user(get(), name.c_str(), password, storage_of.get()));
    }
    /** sally_server_set_auth() */
    void set_auth(const auth &who)
    {
        tell(sally_server_set_auth(get(), who.get()));
    }
    /** sally_server_add_host_key() */
    void add_host_key(const key &host_key)
    {
        tell(sally_server_add_host_key(get(), host_key.get()));
    }
    /** sally_server_add_hooks() */
    void add_hooks(const sally_hooks &hooks)
    {
        tell(sally_server_add_hooks(get(), &hooks));
    }
    /** Adds the members `sally_status before(sally_op &op)` and `after` of an object as hooks, as
     * in ::sally_hooks; the object must outlive the server. Either may be missing. They are called
     * for the kinds in `static constexpr uint64_t before_mask` and `after_mask`, or for all kinds
     * without these. What they throw becomes the answer, as with a storage. */
    template <class Hooks> void add_hooks_of(Hooks &object)
    {
        sally_hooks hooks = {};
        hooks.struct_size = sizeof hooks;
        hooks.user_data = &object;
#define SALLY_HPP_HOOK(member)                                                                     \
    if constexpr (detail::has_##member<Hooks>::value) {                                            \
        hooks.member##_mask = SALLY_OP_ALL;                                                        \
        if constexpr (detail::has_##member##_mask<Hooks>::value)                                   \
            hooks.member##_mask = Hooks::member##_mask;                                            \
        hooks.member = [](void *data, sally_op *op) noexcept -> sally_status {                     \
            Hooks &hooks_of = *static_cast<Hooks *>(data);                                         \
            return detail::guarded(hooks_of, op, [&] { return hooks_of.member(*op); });            \
        };                                                                                         \
    }
        SALLY_HPP_HOOK(before)
        SALLY_HPP_HOOK(after)
#undef SALLY_HPP_HOOK
        add_hooks(hooks);
    }
    /** sally_server_add_listener() */
    void add_listener(const std::string &url)
    {
        tell(sally_server_add_listener(get(), url.c_str()));
    }
    /** sally_server_listener(); "" after the last one */
    std::string listener(std::size_t index) const
    {
        const char *url = sally_server_listener(get(), index);
        return url ? url : "";
    }
    /** sally_server_run() */
    void run()
    {
        tell(sally_server_run(get()));
    }
    /** sally_server_start() */
    void start()
    {
        tell(sally_server_start(get()));
    }
    /** sally_server_shutdown() */
    void shutdown(uint64_t grace_ms = 0)
    {
        tell(sally_server_shutdown(get(), grace_ms));
    }
    /** sally_server_wait() */
    void wait()
    {
        tell(sally_server_wait(get()));
    }

  private:
    static sally_server *made()
    {
        sally_server *made = nullptr;
        check(sally_server_new(&made));
        return made;
    }
    void tell(sally_error code) const
    {
        if (code < 0)
            throw error(code, sally_server_error(get()));
    }
    detail::owner<sally_server, sally_server_free> owned_;
};

/** The SFTP engine alone: see sftp.h. */
class engine
{
  public:
    /** sally_sftp_new() */
    explicit engine(const fs &storage_of, const sally_sftp_options *options = nullptr)
        : owned_(made(storage_of, options))
    {
    }
    /** Lent. */
    sally_sftp *get() const noexcept
    {
        return owned_.get();
    }

  private:
    static sally_sftp *made(const fs &storage_of, const sally_sftp_options *options)
    {
        sally_sftp *made = nullptr;
        check(sally_sftp_new(&made, storage_of.get(), options));
        return made;
    }
    detail::owner<sally_sftp, sally_sftp_free> owned_;
};

} // namespace sally

#endif
