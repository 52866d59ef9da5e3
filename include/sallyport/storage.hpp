/**
 * @file sallyport/storage.hpp
 * C++: storages as classes. See sallyport.hpp.
 */
#ifndef SALLYPORT_STORAGE_HPP
#define SALLYPORT_STORAGE_HPP

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "sallyport/error.hpp"
#include "sallyport/file.h"
#include "sallyport/fs.h"
#include "sallyport/storages.h"

namespace sally
{

namespace detail
{

/* has_open<S>, has_read<S>, ...: whether a storage has the member. */
#define SALLY_HPP_HAS(name, number, slot, permission)                                              \
    template <class S, class = void> struct has_##slot : std::false_type {                         \
    };                                                                                             \
    template <class S>                                                                             \
    struct has_##slot<S,                                                                           \
                      std::void_t<decltype(std::declval<S &>().slot(std::declval<sally_op &>()))>> \
        : std::true_type {                                                                         \
    };
SALLY_OP_MAP(SALLY_HPP_HAS)
#undef SALLY_HPP_HAS

#define SALLY_HPP_HAS(what, expression)                                                            \
    template <class S, class = void> struct what : std::false_type {                               \
    };                                                                                             \
    template <class S> struct what<S, std::void_t<decltype(expression)>> : std::true_type {        \
    };
SALLY_HPP_HAS(has_traits, S::traits)
SALLY_HPP_HAS(has_cancel, std::declval<S &>().cancel(std::declval<sally_op &>()))
#undef SALLY_HPP_HAS

} // namespace detail

/** A storage. */
class fs
{
  public:
    /** Takes ownership of a reference. */
    explicit fs(sally_fs *owned = nullptr) noexcept : owned_(owned)
    {
    }
    /** Lent. */
    sally_fs *get() const noexcept
    {
        return owned_.get();
    }
    /** Another owner of the same storage. */
    fs share() const noexcept
    {
        return fs(owned_ ? sally_fs_ref(get()) : nullptr);
    }

    /** sally_fs_local() */
    static fs local(const std::string &directory, uint32_t flags = 0, uint32_t umask_bits = 022)
    {
        return make([&](sally_fs **out) {
            return sally_fs_local(out, directory.c_str(), flags, umask_bits);
        });
    }
    /** sally_fs_memory() */
    static fs memory(uint64_t max_bytes = 0)
    {
        return make([&](sally_fs **out) { return sally_fs_memory(out, max_bytes); });
    }
    /** sally_fs_readonly() */
    static fs readonly(const fs &inner)
    {
        return make([&](sally_fs **out) { return sally_fs_readonly(out, inner.get()); });
    }
    /** sally_fs_chroot() */
    static fs chroot(const fs &inner, const std::string &root)
    {
        return make(
            [&](sally_fs **out) { return sally_fs_chroot(out, inner.get(), root.c_str()); });
    }

  private:
    template <class Make> static fs make(const Make &make)
    {
        sally_fs *made = nullptr;
        check(make(&made));
        return fs(made);
    }
    detail::owner<sally_fs, sally_fs_unref> owned_;
};

/**
 * A base class for storages that keep an object for each open file. A storage is any class with
 * public members named after the slots of ::sally_fs_methods,
 *
 *     sally_status open(sally_op &op);
 *
 * for what it can do. Clients are offered the operations that have a member, and no others. `static
 * constexpr uint32_t traits` has the SALLY_FS_ bits; `void cancel(sally_op &op)` works as in C.
 */
class storage
{
  public:
    storage() = default;
    storage(const storage &) = delete;
    storage &operator=(const storage &) = delete;

  protected:
    ~storage() = default;
    /** The C object of this storage; nullptr in the constructor. */
    sally_fs *self() const noexcept
    {
        return self_;
    }
    /** OPEN and OPENDIR: keeps `object` for the file. Make this the last thing that can fail. */
    template <class T> T &keep(sally_op &op, std::unique_ptr<T> object) const
    {
        check(sally_file_set_data(op.file, self_, object.get(), nullptr));
        return *object.release();
    }
    /** The object kept for the operation's file. */
    template <class T> T &kept(const sally_op &op) const noexcept
    {
        return *static_cast<T *>(sally_file_data(op.file, self_));
    }
    /** CLOSE and CLOSEDIR: returns the object to the caller. */
    template <class T> std::unique_ptr<T> take(const sally_op &op) const noexcept
    {
        std::unique_ptr<T> object(static_cast<T *>(sally_file_data(op.file, self_)));
        static_cast<void>(sally_file_set_data(op.file, self_, nullptr, nullptr));
        return object;
    }

  private:
    template <class S, class... Arguments> friend fs make_fs(Arguments &&...arguments);
    sally_fs *self_ = nullptr;
};

/** Makes a storage from an object of class S, constructed with the arguments. The object is
 * destroyed when its last owner releases the storage, on whatever thread that happens. */
template <class S, class... Arguments> fs make_fs(Arguments &&...arguments)
{
    auto object = std::make_unique<S>(std::forward<Arguments>(arguments)...);
    sally_fs_methods methods = {};
    methods.struct_size = sizeof methods;
    if constexpr (detail::has_traits<S>::value)
        methods.traits = S::traits;
#define SALLY_HPP_SLOT(name, number, slot_name, permission)                                        \
    if constexpr (detail::has_##slot_name<S>::value)                                               \
        methods.slot_name = [](sally_fs *called, sally_op *op) noexcept -> sally_status {          \
            S &storage_of = *static_cast<S *>(sally_fs_data(called));                              \
            return detail::guarded(storage_of, op, [&] { return storage_of.slot_name(*op); });     \
        };
    SALLY_OP_MAP(SALLY_HPP_SLOT)
#undef SALLY_HPP_SLOT
    if constexpr (detail::has_cancel<S>::value)
        methods.cancel = [](sally_fs *called, sally_op *op) noexcept {
            S &storage_of = *static_cast<S *>(sally_fs_data(called));
            detail::guarded(storage_of, false, [&] { return storage_of.cancel(*op), true; });
        };
    methods.destroy = [](void *data) noexcept { delete static_cast<S *>(data); };
    sally_fs *made = nullptr;
    check(sally_fs_new(&made, &methods, object.get()));
    if constexpr (std::is_base_of_v<storage, S>)
        object->storage::self_ = made;
    static_cast<void>(object.release()); /* the storage's from here on */
    return fs(made);
}

/** READ: sally_op_read_from() */
inline sally_status read_from(sally_op &op, std::string_view whole)
{
    return sally_op_read_from(&op, whole.data(), whole.size());
}

/** READDIR: sally_op_add_entry() */
inline bool add_entry(sally_op &op, const std::string &name, const sally_attrs &attrs)
{
    return sally_op_add_entry(&op, name.c_str(), &attrs);
}

} // namespace sally

#endif
