"""lftp, which talks SFTP over the ssh program: mirrors both ways."""

import trees
import openssh


def lftp(server, *commands, check=True, timeout=240):
    options = [word for pair in zip(openssh.options(server)[::2], openssh.options(server)[1::2]) for word in pair]
    connect = "ssh -a -x -F none " + " ".join(str(word) for word in options)
    script = [f'set sftp:connect-program "{connect}"', "set net:max-retries 1", "set net:timeout 20", "set cmd:fail-exit yes",
              f"open -u {server.user}, -p {server.port} sftp://127.0.0.1", *commands, "exit"]
    return openssh.run(["lftp", "-f", "/dev/stdin"], text_in="\n".join(script) + "\n", check=check, timeout=timeout)


def test_mirror_both_ways(server, work):
    source = trees.make_tree(work / "source", awkward=False)
    lftp(server, f"mirror -R --parallel=3 {source} /there", f"mirror --parallel=3 /there {work}/back")
    trees.assert_same(source, server.root / "there", want=("mtime",))
    trees.assert_same(source, work / "back", want=("mtime",))


def test_mirror_again_brings_only_what_changed(server, work):
    source = trees.make_many(work / "source", 200)
    lftp(server, f"mirror -R {source} /there")
    (source / "d0000/file-000007").write_text("changed\n")
    (source / "d0000/file-000008").unlink()
    (source / "new").write_text("new\n")
    result = lftp(server, f"mirror -R -v --delete {source} /there")
    trees.assert_same(source, server.root / "there")
    assert result.stdout.count("Transferring file") == 2


def test_pieces_of_one_file_at_once(server, work):
    trees.write(server.root / "file", 10_000_000)
    lftp(server, f"pget -n 4 /file -o {work}/back")
    assert trees.digest(server.root / "file") == trees.digest(work / "back")


def test_continue(server, work):
    data = trees.random_bytes(3_000_000)
    (server.root / "down").write_bytes(data)
    (work / "down").write_bytes(data[:1_000_000])
    (work / "up").write_bytes(data)
    (server.root / "up").write_bytes(data[:1_000_000])
    lftp(server, f"get -c /down -o {work}/down", f"put -c {work}/up -o /up")
    assert (work / "down").read_bytes() == data and (server.root / "up").read_bytes() == data


def test_commands(server, work):
    (work / "file").write_text("text\n")
    result = lftp(server, f"put {work}/file", "mkdir -p a/b/c", "mv file a/b/file", "chmod 640 a/b/file", "ln -s b a/link", "cd a/b",
                  "cat file", "cls -l", "du /", "rm file", "rmdir c", "pwd")
    assert "text\n" in result.stdout
    assert sorted(str(path.relative_to(server.root)) for path in server.root.rglob("*")) == ["a", "a/b", "a/link"]
