/* The C++ wrapper as a stranger uses it: nothing that a class throws reaches the library, and what
 * it throws is answered. */
#include <sallyport.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <vector>

namespace
{

int problems, alive;

void expect(bool good, const char *what)
{
    if (good)
        return;
    std::fprintf(stderr, "not so: %s\n", what);
    problems++;
}
#define EXPECT(expression) expect(expression, #expression)

struct open_file {
    open_file()
    {
        alive++;
    }
    open_file(const open_file &) = delete;
    open_file &operator=(const open_file &) = delete;
    ~open_file()
    {
        alive--;
    }
};

class thrower : public sally::storage
{
  public:
    static constexpr uint32_t traits = SALLY_FS_NONBLOCKING;
    explicit thrower(int &caught) : caught_(caught)
    {
        alive++;
    }
    ~thrower()
    {
        alive--;
    }

    sally_status stat(sally_op &op)
    {
        const std::string_view path = op.path;
        if (path == "/failure")
            throw sally::failure(SALLY_QUOTA_EXCEEDED, "so full");
        if (path == "/nonsense")
            throw sally::failure(SALLY_PENDING);
        if (path == "/ok")
            throw sally::failure(SALLY_OK);
        if (path == "/errno")
            throw std::system_error(ENOENT, std::generic_category(), "secret");
        if (path == "/memory")
            throw std::bad_alloc();
        if (path == "/other")
            throw 7;
        sally_attrs_set_directory(&op.u.stat.attrs, 0755);
        return SALLY_OK;
    }
    sally_status opendir(sally_op &op)
    {
        keep(op, std::make_unique<open_file>());
        return SALLY_OK;
    }
    sally_status closedir(sally_op &op)
    {
        take<open_file>(op);
        throw std::runtime_error("too late");
    }
    void caught(std::exception_ptr error) noexcept
    {
        EXPECT(error != nullptr);
        caught_++;
    }

  private:
    int &caught_;
};

class plain
{ /* has nothing to do with sally::storage */
  public:
    sally_status stat(sally_op &op) const
    {
        sally_attrs_set_directory(&op.u.stat.attrs, 0755);
        return SALLY_OK;
    }
};

class login
{
  public:
    static constexpr uint32_t methods = SALLY_AUTH_PASSWORD;
    sally_auth_result authenticate(sally_auth_request &request) const
    {
        if (std::strcmp(request.user, "joe") != 0)
            throw std::runtime_error("nobody");
        return SALLY_AUTH_REJECT;
    }
    uint32_t offered(sally_auth_request &) const
    {
        return methods;
    }
};

class refuser
{
  public:
    static constexpr uint64_t before_mask = SALLY_OP_BIT(SALLY_OP_REMOVE);
    sally_status before(sally_op &)
    {
        throw sally::failure(SALLY_WRITE_PROTECT);
    }
};

std::string request(unsigned char type, const std::string &path)
{
    std::string text("\0\0\0\0\0\0\0\0\1\0\0\0\0", 13);
    text[4] = static_cast<char>(type);
    text[12] = static_cast<char>(path.size());
    text += path;
    text[3] = static_cast<char>(text.size() - 4);
    return text;
}

/* The reply, from its type on. */
std::string ask(const sally::engine &engine, const std::string &text)
{
    std::size_t taken = 0;
    const void *out = nullptr;
    sally::check(sally_sftp_input(engine.get(), text.data(), text.size(), &taken));
    std::size_t size = sally_sftp_output(engine.get(), &out);
    std::string reply(static_cast<const char *>(out), size);
    sally_sftp_sent(engine.get(), size);
    return reply.substr(4);
}

void exceptions_are_answers()
{
    static const struct {
        const char *path;
        int status; /* as version 3 says it */
        const char *text;
    } cases[] = {
        {"/failure", 4, "so full"}, {"/nonsense", 4, ""}, {"/ok", 4, ""},
        {"/errno", 2, ""},          {"/memory", 4, ""},   {"/other", 4, ""},
    };
    int caught = 0;
    {
        sally::fs fs = sally::make_fs<thrower>(caught);
        EXPECT(sally_fs_traits(fs.get()) == SALLY_FS_NONBLOCKING);
        EXPECT(sally_fs_supports(fs.get(), SALLY_OP_STAT));
        EXPECT(!sally_fs_supports(fs.get(), SALLY_OP_REMOVE));
        sally::engine engine(fs);
        fs = sally::fs(); /* the engine holds it */
        EXPECT(ask(engine, std::string("\0\0\0\5\1\0\0\0\3", 9)).at(0) == 2);
        for (const auto &c : cases) {
            const std::string reply = ask(engine, request(17, c.path));
            EXPECT(reply.at(0) == 101 && reply.at(8) == c.status);
            EXPECT(reply.find("secret") == std::string::npos);
            EXPECT(reply.find(c.text) != std::string::npos);
        }
        EXPECT(caught == 3);
        EXPECT(ask(engine, request(17, "/")).at(0) == 105);
        const std::string handle = ask(engine, request(11, "/"));
        EXPECT(handle.at(0) == 102 && alive == 2);
        std::string close = request(4, handle.substr(9));
        EXPECT(ask(engine, close).at(8) == 4 && caught == 4 && alive == 1);
        EXPECT(ask(engine, request(11, "/")).at(0) == 102); /* left open */
    }
    EXPECT(alive == 0);
}

void failures_are_exceptions()
{
    sally::server server;
    try {
        server.set("no.such", "thing");
        EXPECT(false);
    } catch (const sally::error &e) {
        EXPECT(e.code() == SALLY_E_NOT_FOUND);
        EXPECT(std::strstr(e.what(), "no.such") != nullptr);
    }
    try {
        sally::key::load("/nowhere/at/all");
        EXPECT(false);
    } catch (const std::runtime_error &e) {
        EXPECT(*e.what() != 0);
    }
    EXPECT(server.listener(0).empty());
}

void a_server_is_made_of_them()
{
    refuser hooks;
    sally::key key = sally::key::generate("ed25519");
    EXPECT(key.fingerprint().substr(0, 7) == "SHA256:");
    EXPECT(key.public_line().substr(0, 12) == "ssh-ed25519 ");
    sally::fs files = sally::make_fs<plain>();
    sally::fs narrow = sally::fs::readonly(sally::fs::chroot(sally::fs::memory(), "/"));
    sally::fs again = files.share();
    sally::server server, other = std::move(server);
    other.set_auth(sally::make_auth<login>());
    other.add_host_key(key);
    other.add_hooks_of(hooks);
    other.add_listener("sftp://127.0.0.1:0");
    other.start();
    EXPECT(other.listener(0).find("sftp://127.0.0.1:") == 0);
    other.shutdown();
    other.wait();
    sally::users users;
    sally_user joe = {};
    joe.struct_size = sizeof joe;
    joe.name = "joe";
    joe.fs = narrow.get();
    users.add(joe);
    users.remove("joe");
    try {
        users.remove("joe");
        EXPECT(false);
    } catch (const sally::error &e) {
        EXPECT(e.code() == SALLY_E_NOT_FOUND);
    }
}

} // namespace

int main()
{
    static_assert(!std::is_copy_constructible_v<sally::fs> &&
                  std::is_nothrow_move_constructible_v<sally::fs>);
    static_assert(!std::is_copy_constructible_v<sally::server> &&
                  std::is_nothrow_move_assignable_v<sally::server>);
    static_assert(!std::is_copy_constructible_v<sally::key> &&
                  !std::is_copy_constructible_v<sally::auth>);
    exceptions_are_answers();
    failures_are_exceptions();
    a_server_is_made_of_them();
    return problems ? 1 : 0;
}
