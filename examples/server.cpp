/* A server and a storage in C++: notes, which live in memory and are lost with the program.
 * Run it, then: sftp -P 2222 demo@127.0.0.1
 *
 *     ./server [sftp://127.0.0.1:2222]
 */
#include <iostream>
#include <map>
#include <mutex>
#include <sallyport.hpp>

/* Each member answers the operation of its name; clients are offered nothing else. */
class notes : public sally::storage {
public:
    static constexpr uint32_t traits = SALLY_FS_NONBLOCKING;

    sally_status stat(sally_op &op) {
        std::lock_guard<std::mutex> held(lock_);
        if (std::string_view(op.path) == "/") sally_attrs_set_directory(&op.u.stat.attrs, 0755);
        else sally_attrs_set_file(&op.u.stat.attrs, 0644, find(op.path).size());
        return SALLY_OK;
    }
    sally_status open(sally_op &op) {
        std::lock_guard<std::mutex> held(lock_);
        if (op.u.open.flags & SALLY_OPEN_CREATE) all_.try_emplace(op.path);
        std::string &note = find(op.path);
        if (op.u.open.flags & SALLY_OPEN_TRUNCATE) note.clear();
        return SALLY_OK;
    }
    sally_status read(sally_op &op) {
        std::lock_guard<std::mutex> held(lock_);
        return sally::read_from(op, find(op.path));
    }
    sally_status write(sally_op &op) {
        const sally_op_io &io = op.u.io;
        std::lock_guard<std::mutex> held(lock_);
        std::string &note = find(op.path);
        if (io.offset > 65536) throw sally::failure(SALLY_QUOTA_EXCEEDED, "a note, not a book");
        if (note.size() < io.offset + io.length) note.resize(io.offset + io.length);
        note.replace(io.offset, io.length, static_cast<const char *>(io.data), io.length);
        return SALLY_OK;
    }
    sally_status opendir(sally_op &op) {
        if (std::string_view(op.path) != "/") return SALLY_NOT_A_DIRECTORY;
        keep(op, std::make_unique<std::string>()); /* the last name that was listed */
        return SALLY_OK;
    }
    sally_status readdir(sally_op &op) {
        std::lock_guard<std::mutex> held(lock_);
        std::string &last = kept<std::string>(op);
        for (auto note = all_.upper_bound(last); note != all_.end(); ++note) {
            sally_attrs attrs;
            sally_attrs_set_file(&attrs, 0644, note->second.size());
            last = note->first;
            if (!sally::add_entry(op, last.substr(1), attrs)) return SALLY_OK;
        }
        return SALLY_EOF;
    }
    sally_status closedir(sally_op &op) { return take<std::string>(op), SALLY_OK; }

private:
    std::string &find(const char *path) {
        auto found = all_.find(path);
        if (found == all_.end()) throw sally::failure(SALLY_NO_SUCH_FILE);
        return found->second;
    }
    std::mutex lock_;
    std::map<std::string, std::string> all_;
};

int main(int argc, char **argv) try {
    sally::server server;
    server.add_user("demo", "demo", sally::make_fs<notes>());
    server.add_listener(argc > 1 ? argv[1] : "sftp://127.0.0.1:2222");
    server.run();
} catch (const std::exception &e) {
    std::cerr << e.what() << '\n';
    return 1;
}
