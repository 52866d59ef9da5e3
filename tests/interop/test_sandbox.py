"""What the programs can still do while they serve: told by /proc, and by what clients get. What is refused inside is tried
by unit/cmd/sandbox."""

import contextlib
import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile

import pytest

import openssh
import raw_sftp
from process import PROGRAM, SFTP_SERVER, Process, assert_no_report, is_sanitized, sanitizer_env

_LISTENING = re.compile(r"listening on sftp://(\S+):(\d+)")
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


class Serving(Process):
    """`sallyport serve` with arguments of the test's own, and what OpenSSH's client needs to know of it."""

    user = "joe"

    def __init__(self, keys, folder, *arguments, env=None):
        self.keys = keys
        self.root = folder
        command = [PROGRAM, "serve", folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe", *arguments]
        super().__init__(command, {**sanitizer_env(), **(env or {})}, _LISTENING)


@pytest.fixture
def open_place():
    """A directory that everyone can get to."""
    path = pathlib.Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def serve(keys):
    started = []

    def begin(folder, *arguments, host_key=True, **options):
        more = ["--host-key", keys.path("host")] if host_key else []
        server = Serving(keys, folder, *more, *arguments, **options)
        started.append(server)
        return server

    yield begin
    for server in started:
        assert server.stop() == 0, server.output()


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


def threads_of(pid):
    """The status of each; workers may end meanwhile."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            yield status_of(f"{pid}/task/{task}")


def has_seccomp():
    """The filter is for the machine that runs it, not for one that is emulated."""
    return "Seccomp" in status_of(os.getpid())


def assert_closed(pid):
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0\s", limits)
    beyond_files = ~0x1f  # chown, dac_override, dac_read_search, fowner, fsetid
    for status in threads_of(pid):
        assert status["NoNewPrivs"] == ["1"]
        assert status["Seccomp"] == ["2"] or not has_seccomp()
        assert int(status["CapEff"][0], 16) & beyond_files == 0
        assert int(status["CapPrm"][0], 16) & beyond_files == 0


def exchange(server, work, name="file"):
    (work / name).write_text("there and back")
    openssh.sftp(server, f"put {work / name} {name}\nget {name} {work / 'back'}\nls -l\n")
    assert (work / "back").read_text() == "there and back"


@pytest.mark.parametrize("build", ["sanitized", pytest.param("release", marks=pytest.mark.release)])
def test_serve_is_sandboxed(serve, keys, tmp_path, work, build):
    if is_sanitized() == (build == "release"):
        pytest.skip(f"for the build that is {build}")
    folder = tmp_path / "files"
    folder.mkdir()
    server = serve(folder, "--authorized-keys", keys.authorized)
    exchange(server, work)
    assert_closed(server.pid)
    if build == "release":
        assert pathlib.Path(f"/proc/{server.pid}/mem").stat().st_uid == 0  # not dumpable: root's, whichever user started it


def test_keys_that_were_replaced_are_read(serve, keys, tmp_path, work):
    """As editors do it: a right to the file alone would be lost."""
    folder, own = tmp_path / "files", tmp_path / "keys"
    folder.mkdir()
    own.mkdir()
    (own / "authorized").write_text("# none\n")
    server = serve(folder, "--authorized-keys", own / "authorized")
    with pytest.raises(AssertionError):
        exchange(server, work)
    shutil.copy(keys.authorized, own / "new")
    (own / "new").rename(own / "authorized")
    exchange(server, work)


def test_read_only_means_the_process_too(serve, keys, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "hello").write_text("hello")
    server = serve(folder, "--authorized-keys", keys.authorized, "--read-only", "-v")
    openssh.sftp(server, f"get hello {tmp_path / 'back'}\n")
    assert re.search(rf"serve\.sandbox_path path={folder} access=read", server.output())


def test_no_sandbox(serve, keys, tmp_path, work):
    folder = tmp_path / "files"
    folder.mkdir()
    server = serve(folder, "--authorized-keys", keys.authorized, "--no-sandbox")
    exchange(server, work)
    status = status_of(server.pid)
    assert status["NoNewPrivs"] == status_of(os.getpid())["NoNewPrivs"]
    assert "The sandbox is off" in server.output()


def test_the_log_says_what_protects(serve, keys, tmp_path, work):
    folder = tmp_path / "files"
    folder.mkdir()
    server = serve(folder, "--authorized-keys", keys.authorized, "--log-format", "json")
    exchange(server, work)
    lines = [json.loads(line) for line in server.lines if line.startswith("{")]
    told = [line for line in lines if line["event"] == "serve.sandbox"]
    assert len(told) == 1
    assert told[0]["runs_as"] == pwd.getpwuid(os.geteuid()).pw_name
    assert "threads" not in told[0].get("missing", "")
    if not told[0].get("missing"):
        assert told[0]["seccomp"] == "yes" and int(told[0]["landlock"]) >= 2
    warned = [line for line in lines if line["event"] == "serve.root"]
    assert len(warned) == (os.geteuid() == 0)


@as_root
def test_serve_as_another_user(serve, keys, open_place, work):
    folder = open_place / "files"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    authorized = open_place / "authorized"
    shutil.copy(keys.authorized, authorized)
    assert keys.path("host").stat().st_mode & 0o077 == 0  # which root reads
    server = serve(folder, "--authorized-keys", authorized, "--as", "nobody")
    exchange(server, work)
    assert (folder / "file").stat().st_uid == NOBODY
    assert_closed(server.pid)
    for status in threads_of(server.pid):
        assert status["Uid"] == [str(NOBODY)] * 4
        assert status["Gid"] == [str(pwd.getpwuid(NOBODY).pw_gid)] * 4
        assert status["Groups"] == []
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[kind][0], 16) == 0
    assert "serve.root" not in server.output()
    assert "runs_as=nobody" in server.output()


@as_root
def test_serve_as_user_and_group(serve, keys, open_place, work):
    folder = open_place / "files"
    folder.mkdir()
    os.chown(folder, 54321, 12345)
    authorized = open_place / "authorized"
    shutil.copy(keys.authorized, authorized)
    server = serve(folder, "--authorized-keys", authorized, "--as", "54321:12345")
    exchange(server, work)
    made = (folder / "file").stat()
    assert (made.st_uid, made.st_gid) == (54321, 12345)
    status = status_of(server.pid)
    assert status["Gid"] == ["12345"] * 4 and status["Groups"] == []


def refused(*arguments):
    result = subprocess.run([PROGRAM, "serve", "--listen", "sftp://127.0.0.1:0", *map(str, arguments)], capture_output=True,
                            text=True, env=sanitizer_env(), timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert_no_report(result.stderr)
    assert result.returncode != 0 and "listening" not in result.stdout
    return result.stderr


@as_root
def test_a_user_who_cannot_do_it_is_named_with_the_place(keys, open_place, tmp_path):
    private, shared = tmp_path / "private", open_place / "shared"
    private.mkdir(mode=0o700)
    shared.mkdir()
    common = ["--host-key", keys.path("host"), "--user", "joe:x", "--as", "nobody"]
    text = refused(private, *common)
    assert f'"{private}" cannot be served by nobody' in text and "chown" in text
    text = refused(shared, *common, "--authorized-keys", keys.authorized)
    assert f'"{keys.authorized}": cannot be read by nobody' in text and "chmod" in text
    for name, why in (("no-such-user", "unknown user"), ("root", "is root"), ("nobody:no-such-group", "unknown group")):
        assert why in refused(shared, *common[:-1], name)


@as_root
def test_a_folder_that_cannot_be_written_is_warned_of(serve, keys, open_place):
    authorized = open_place / "authorized"
    shutil.copy(keys.authorized, authorized)
    (open_place / "files").mkdir(mode=0o755)
    server = serve(open_place / "files", "--authorized-keys", authorized, "--as", "nobody")
    openssh.sftp(server, "ls\n")
    assert re.search(r"warning: nobody cannot create files in .*--read-only", server.output())


def test_only_root_can_serve_as_others(keys, open_place):
    command = [PROGRAM, "serve", open_place, "--as", "nobody", "--user", "joe:x", "--host-key", keys.path("host")]
    if os.geteuid() == 0:
        program = open_place / "sallyport"  # where others can run it
        shutil.copy(PROGRAM, program)
        command = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", program, *command[1:]]
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False,
                            env=sanitizer_env())
    assert result.returncode == 1
    assert "only root can switch to another user" in result.stderr


@pytest.mark.parametrize("how", ["writable", "--read-only"])
def test_a_home_is_served_without_the_servers_own_keys(serve, keys, tmp_path, how):
    """`cd ~ && sallyport serve`"""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id").write_text("mine")
    (home / "hello").write_text("hello")
    state = home / ".local" / "state" / "sallyport"
    state.mkdir(parents=True, mode=0o700)
    for kind, name in (("ed25519", "ed25519"), ("ecdsa256", "ecdsa"), ("rsa", "rsa")):
        shutil.copy(keys.path("host", kind), state / f"host_key_{name}")
    env = {"HOME": str(home), "XDG_STATE_HOME": ""}
    more = ["--read-only"] if how == "--read-only" else []
    server = serve(home, "--authorized-keys", keys.authorized, *more, host_key=False, env=env)
    openssh.sftp(server, f"get hello {tmp_path / 'back'}\n")
    listed = openssh.sftp(server, "ls -a .local/state\n").stdout
    assert "sallyport" not in listed.replace("sftp>", "").split("ls -a .local/state")[1]
    for path in (state / "host_key_ed25519", state / "password", state):
        got = openssh.sftp(server, f"get -r {path.relative_to(home)} {tmp_path / 'stolen'}\n", check=False)
        assert got.returncode != 0 and "not found" in got.stdout + got.stderr
    if how == "writable":
        for batch in (f"put {tmp_path / 'back'} .local/state/sallyport/password\n", "rename .local moved\n",
                      "rm .local/state/sallyport/host_key_ed25519\n"):
            assert openssh.sftp(server, batch, check=False).returncode != 0
        assert sorted(os.listdir(state)) == ["host_key_ecdsa", "host_key_ed25519", "host_key_rsa"]
    assert f'"{home / ".ssh"}" is in the served folder' in server.output()


def test_the_state_itself_is_not_served(keys, tmp_path):
    state = tmp_path / "sallyport"
    state.mkdir(mode=0o700)
    command = [PROGRAM, "serve", state, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", "--host-key", keys.path("host")]
    result = subprocess.run([str(word) for word in command], timeout=60, capture_output=True, text=True, check=False,
                            env={**sanitizer_env(), "XDG_STATE_HOME": str(tmp_path)})
    assert result.returncode == 1
    assert "cannot be served: it contains the server's own keys" in result.stderr


def test_keys_in_the_folder_are_warned_of(serve, keys, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    shutil.copy(keys.authorized, folder / "authorized")
    server = serve(folder, "--authorized-keys", folder / "authorized")
    openssh.sftp(server, "ls\n")
    assert re.search(r"warning: --authorized-keys .*clients could add keys", server.output())


def test_secrets_in_the_folder_are_hidden(serve, keys, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    shutil.copy(keys.path("host"), folder / "key")
    (folder / "passwords").write_text("ann:secret\n")
    (folder / "passwords").chmod(0o600)
    (folder / "hello").write_text("hello")
    server = serve(folder, "--authorized-keys", keys.authorized, "--host-key", folder / "key", "--password-file",
                   folder / "passwords", host_key=False)
    names = openssh.sftp(server, "ls -1\n").stdout.split()[3:]
    assert "hello" in names and "key" not in names and "passwords" not in names
    for name in ("key", "passwords"):
        assert openssh.sftp(server, f"get {name} {tmp_path / 'stolen'}\n", check=False).returncode != 0


def test_sftp_server_is_sandboxed(work):
    """It serves all that its user can reach, and does nothing else."""
    (work / "file").write_bytes(b"0123456789")
    process = subprocess.Popen([str(SFTP_SERVER), "-e"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=sanitizer_env())
    stream = raw_sftp.Stream(raw_sftp.Pipe(process))
    stream.start()
    stream.handle(raw_sftp.open_file(1, str(work / "file")), 1)
    assert_closed(process.pid)
    process.stdin.close()
    assert process.wait(20) == 0
    assert_no_report(process.stderr.read().decode())
