"""Whole pieces of work by real clients, from the first login to the last file, against a server as it starts: with the three kinds of
host keys that it makes, and no setting changed for the sake of a client."""

import json
import os
import pathlib
import stat
import subprocess

import pytest

import openssh
import test_lftp
import test_rclone
import test_restic
import trees
from process import ROOT, SFTP_SERVER, Sshd

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

HERE = pathlib.Path(__file__).parent
JAVA = pathlib.Path("/usr/share/java")
MODULES = ROOT / ".deps" / "node" / "node_modules"
HOST_KEYS = ("ed25519", "ecdsa256", "rsa")


@pytest.fixture
def served(start):
    return start(host_keys=HOST_KEYS)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """What is brought there and back: some folders, names that are not plain, an empty file and a larger one."""
    root = trees.make_many(tmp_path_factory.mktemp("workflow") / "source", 150)
    folder = root / "with space" / "ümlaut"
    folder.mkdir(parents=True)
    (folder / "it's.txt").write_text("quoted\n")
    (root / "empty").write_bytes(b"")
    trees.write(root / "larger", 5_000_000)
    os.utime(root / "larger", (1_000_000_000, 1_000_000_000))
    return root


# Libraries: each program brings the tree there and back, and leaves the same folder "desk".

def by_php(loader):
    return lambda server, source, back, _work: ["php", HERE / "phpseclib.php", loader, *login(server), source, back]


def by_java(server, source, back, _work):
    return ["java", "-cp", JAVA / "jsch.jar", HERE / "Jsch.java", *login(server), source, back]


def by_node(server, source, back, _work):
    return ["node", HERE / "node.js", MODULES, *login(server), source, back]


def by_perl(server, source, back, _work):
    options = "\n".join(["-F", "none", *map(str, openssh.options(server))])
    return ["perl", HERE / "foreign.pl", server.port, server.user, options, source, back]


def by_libssh(server, source, back, work):
    subprocess.run(["cc", "-Wall", "-o", work / "libssh", HERE / "libssh.c", "-lssh"], check=True)
    return [work / "libssh", *login(server), source, back]


def login(server):
    return [server.port, server.user, server.password]


LIBRARIES = {"jsch": by_java, "ssh2-sftp-client": by_node, "phpseclib2": by_php("phpseclib/autoload.php"),
             "phpseclib3": by_php("phpseclib3/autoload.php"), "net-sftp-foreign": by_perl, "libssh": by_libssh}


@pytest.mark.parametrize("name", LIBRARIES)
def test_library(served, source, work, name):
    back = work / "back"
    back.mkdir()
    command = LIBRARIES[name](served, source, back, work)
    openssh.run(command, timeout=600, env={**os.environ, "HOME": str(work)})
    times = () if name == "ssh2-sftp-client" else ("mtime",)  # that one keeps none
    trees.assert_same(source, served.root / "there")
    assert not times or int((served.root / "there/larger").stat().st_mtime) == 1_000_000_000
    trees.assert_same(source, back)
    left = served.root / "desk"
    assert sorted(path.name for path in left.iterdir()) == ["appended", "link", "mode", "renamed", "resumed"]
    assert trees.digest(left / "resumed") == trees.digest(source / "larger")
    assert [(left / name).read_text() for name in ("appended", "renamed", "mode")] == ["one two", "plain", "mode"]
    assert stat.S_IMODE((left / "mode").stat().st_mode) == 0o640
    assert os.readlink(left / "link") == "renamed"


# Programs.

def test_rclone_syncs_and_checks_5000_files(served, work):
    source = trees.make_many(work / "source", 5000)
    wide = ("--transfers", "8", "--checkers", "16")
    test_rclone.rclone(served, "sync", source, "remote:/there", *wide, timeout=600)
    assert "0 differences found" in test_rclone.rclone(served, "check", source, "remote:/there", "--download", *wide, timeout=600).stderr
    for number in range(0, 5000, 50):
        path = source / f"d{number // 100:04}" / f"file-{number:06}"
        path.unlink() if number % 100 else path.write_text("changed\n")
    test_rclone.rclone(served, "sync", source, "remote:/there", *wide, timeout=600)
    trees.assert_same(source, served.root / "there", want=("mtime",))
    test_rclone.rclone(served, "sync", "remote:/there", work / "back", *wide, timeout=600)
    trees.assert_same(source, work / "back", want=("mtime",))
    test_rclone.rclone(served, "purge", "remote:/there", timeout=600)
    assert not (served.root / "there").exists()


def test_restic_keeps_a_history(served, work):
    source = trees.make_many(work / "source", 2000)
    trees.write(source / "larger", 60_000_000)
    test_restic.restic(served, "init")
    for day in range(4):
        (source / "day").write_text(f"{day}\n")
        trees.write(source / f"file of {day}", 1_000_000, seed=day)
        test_restic.restic(served, "backup", source)
    test_restic.restic(served, "forget", "--keep-last", "2", "--prune")
    test_restic.restic(served, "check", "--read-data")
    test_restic.restic(served, "restore", "latest", "--target", work / "back")
    trees.assert_same(source, work / "back" / str(source).lstrip("/"), want=("mtime",))


def test_lftp_mirrors_and_goes_on(served, work):
    source = trees.make_many(work / "source", 1000)
    trees.write(source / "larger", 30_000_000)
    test_lftp.lftp(served, f"mirror -R --parallel=4 {source} /there")
    os.truncate(served.root / "there/larger", 12_345_678)
    test_lftp.lftp(served, f"put -c {source}/larger -o /there/larger")
    trees.assert_same(source, served.root / "there")
    (source / "d0000/file-000001").unlink()
    test_lftp.lftp(served, f"mirror -R --delete --parallel=4 {source} /there", f"mirror --parallel=4 --use-pget-n=3 /there {work}/back")
    trees.assert_same(source, served.root / "there")
    trees.assert_same(source, work / "back")


# sshfs in each mode that its caches have: test_sshfs_random.py compares bytes, this does a day's work.

def sshfs_modes():
    try:
        import test_sshfs_random
    except pytest.skip.Exception:
        return {}
    return test_sshfs_random.MODES


@pytest.mark.parametrize("mode", sshfs_modes())
def test_git_on_sshfs(served, work, mode):
    import test_sshfs_random

    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": str(work)}

    def git(directory, *arguments):
        identity = ["-c", "user.name=Joe", "-c", "user.email=joe@example.org", "-c", "safe.directory=*"]
        return openssh.run(["git", *identity, "-C", directory, *arguments], env=env, timeout=300).stdout

    with test_sshfs_random.mounted(served, work / "mnt", sshfs_modes()[mode]) as point:
        source = trees.make_many(work / "source", 200)
        openssh.run(["cp", "-r", source, point / "tree"])
        git(point / "tree", "init", "-q")
        git(point / "tree", "add", ".")
        git(point / "tree", "commit", "-q", "-m", "all")
        (point / "tree/d0000/file-000003").write_text("changed\n")
        git(point / "tree", "commit", "-q", "-a", "-m", "one")
        git(point / "tree", "gc", "-q")
        git(point / "tree", "fsck", "--full")
        git(point, "clone", "-q", "--no-hardlinks", "tree", "clone")  # sshfs gives both names of a link numbers of their own
        assert git(point / "clone", "status", "--short") == ""
    assert (served.root / "clone/d0000/file-000003").read_text() == "changed\n"


# Ansible: modules need a shell, so there it is sshd that serves, with our program as its subsystem; the connection alone needs none.

def ansible_env(work):
    (work / "ansible.cfg").touch()
    return {**os.environ, "HOME": str(work), "ANSIBLE_LOCAL_TEMP": str(work / "ansible"), "ANSIBLE_HOST_KEY_CHECKING": "False",
            "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(work / "ansible.cfg"), "LC_ALL": "C.UTF-8", "ANSIBLE_SSH_CONTROL_PATH_DIR": str(work / "cp")}


@pytest.mark.parametrize("method", ["sftp", "scp"])
def test_ansible_copies(tmp_path, keys, work, method):
    source = trees.make_many(work / "source", 12)
    trees.write(source / "larger", 5_000_000)
    sshd = Sshd(tmp_path, keys, SFTP_SERVER)
    try:
        (work / "hosts").write_text(f"there ansible_host=127.0.0.1 ansible_port={sshd.port} ansible_user={sshd.user} "
                                    f"ansible_ssh_private_key_file={keys.path('client')} ansible_python_interpreter=/usr/bin/python3 "
                                    f"ansible_ssh_transfer_method={method}\n")
        top = sshd.root
        tasks = [{"copy": {"src": f"{source}/", "dest": f"{top}/there/", "mode": "preserve"}},
                 {"copy": {"content": "made up\n", "dest": f"{top}/made", "mode": "0640"}},
                 {"fetch": {"src": f"{top}/there/larger", "dest": f"{work}/back", "flat": True}}]
        (work / "play.yml").write_text(json.dumps([{"hosts": "there", "gather_facts": False, "tasks": tasks}]))
        openssh.run(["ansible-playbook", "-i", work / "hosts", work / "play.yml"], env=ansible_env(work), timeout=800)
        trees.assert_same(source, top / "there")
        assert (top / "made").read_text() == "made up\n" and stat.S_IMODE((top / "made").stat().st_mode) == 0o640
        assert trees.digest(work / "back") == trees.digest(source / "larger")
    finally:
        sshd.finish()


ANSIBLE_CONNECTION = """
import sys
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
method, extra, port, user, key, known, source, back = sys.argv[1:]
context = PlayContext()
context.remote_addr, context.port, context.remote_user, context.private_key_file = "127.0.0.1", int(port), user, key
connection = connection_loader.get("ssh", context, None)
connection.set_options(direct={"host": "127.0.0.1", "port": int(port), "remote_user": user, "private_key_file": key,
                               "host_key_checking": True, "ssh_transfer_method": method, "scp_extra_args": extra,
                               "ssh_args": f"-F none -o UserKnownHostsFile={known} -o ControlMaster=no"})
for number in range(20):
    connection.put_file(source, f"/file{number}")
connection.fetch_file("/file7", back)
"""


@pytest.mark.parametrize("method, extra", [("sftp", ""), ("scp", ""), ("scp", "-O")], ids=["sftp", "scp", "scp-old"])
def test_ansible_transfers_without_a_shell(served, source, work, method, extra):
    openssh.run(["/usr/bin/python3", "-c", ANSIBLE_CONNECTION, method, extra, served.port, served.user, served.keys.path("client"),
                 served.keys.known_hosts, source / "larger", work / "back"], env=ansible_env(work), timeout=600)
    wanted = trees.digest(source / "larger")
    assert trees.digest(work / "back") == wanted
    assert {trees.digest(path) for path in served.root.iterdir()} == {wanted}
    assert len(list(served.root.iterdir())) == 20
