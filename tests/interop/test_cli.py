"""The command lines of both programs: what they say, how they end, and what they leave behind."""

import contextlib
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import threading
import time

import paramiko
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SALLY_BUILD", ROOT / "build" / "release")).resolve()
PROGRAM = BUILD / "cmd" / "sallyport"
SFTP_SERVER = BUILD / "cmd" / "sallyport-sftp-server"
TEN_SECONDS = 10


@pytest.fixture(scope="session")
def rsa_key(tmp_path_factory):
    """It takes so long to make that the servers of most tests find it in their state."""
    path = tmp_path_factory.mktemp("rsa") / "host_key_rsa"
    make_key(path, "rsa")
    return path


@pytest.fixture
def home(tmp_path, rsa_key):
    """An environment whose home and state are the test's own."""
    state = tmp_path / "state" / "sallyport"
    state.mkdir(parents=True, mode=0o700)
    shutil.copy(rsa_key, state)
    env = {key: value for key, value in os.environ.items()
           if key not in ("XDG_STATE_HOME", "NO_COLOR", "LISTEN_FDS", "LISTEN_PID")}
    return {**env, "HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state"), "TERM": "xterm"}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "files"
    path.mkdir()
    (path / "hello.txt").write_text("hello\n")
    return path


def run(*arguments, env=None, text="", program=PROGRAM):
    return subprocess.run([str(program), *map(str, arguments)], input=text, env=env, capture_output=True, text=True,
                          timeout=60, check=False)


class Running:
    """`sallyport serve`, from its first line to its end."""

    def __init__(self, *arguments, env, **options):
        self.process = subprocess.Popen([str(PROGRAM), "serve", *map(str, arguments)], env=env, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        **options)
        self.first_line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on sftp://(\S+):(\d+)\n", self.first_line)
        if not match:
            self.process.kill()
            raise AssertionError(f"{self.first_line!r}\n{self.process.stderr.read()}")
        self.port = int(match.group(2))

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        self.stdout, self.stderr = self.process.communicate(timeout=60)
        return self.process.returncode


@contextlib.contextmanager
def running(*arguments, env, **options):
    server = Running(*arguments, env=env, **options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            assert server.stop() == 0


def sftp(port, user, batch, tmp_path, password=None, key=None, methods=None):
    """OpenSSH's client; its exit status and everything that it said."""
    script = tmp_path / "batch"
    script.write_text(batch)
    ask = tmp_path / "askpass"
    ask.write_text(f"#!/bin/sh\necho '{password}'\n")
    ask.chmod(0o700)
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "NumberOfPasswordPrompts=1",
               "-o", "IdentitiesOnly=yes", "-F", "/dev/null"]
    if key:
        options += ["-i", str(key)]
    if methods:
        options += ["-o", f"PreferredAuthentications={methods}"]
    # -b switches questions off, also that for the password, unless it is taken back before.
    command = ["sftp", "-P", str(port), *options, "-o", "BatchMode=no", "-b", str(script), f"{user}@127.0.0.1"]
    env = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":"}
    env.pop("SSH_AUTH_SOCK", None)
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          check=False)


def make_key(path, kind="ed25519", passphrase=""):
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path)], check=True)
    return path


# Help, version, settings.

def test_version():
    result = run("--version")
    assert result.returncode == 0
    assert re.fullmatch(r"sallyport \d+\.\d+\.\d+\n", result.stdout)


def test_help_names_every_command():
    result = run("--help")
    assert result.returncode == 0
    for command in ("serve", "settings", "hash-password", "help"):
        assert re.search(rf"^  {command}\b", result.stdout, re.M)
        one = run("help", command)
        assert one.returncode == 0 and f"sallyport {command}" in one.stdout
        assert run(command, "--help").stdout == one.stdout
    assert run("help").stdout == result.stdout


def test_nothing_is_a_mistake():
    result = run()
    assert result.returncode == 2
    assert "serve" in result.stdout


def test_help_of_serve_has_every_option():
    text = run("help", "serve").stdout
    manual = (ROOT / "man" / "sallyport.1").read_text()
    for option in ("listen", "user", "password-file", "authorized-keys", "host-key", "read-only", "attributes", "set", "log-format"):
        assert f"--{option}" in text
        assert f"Fl \\-{option}" in manual
        for name in ("sallyport.bash", "_sallyport", "sallyport.fish"):
            assert re.search(rf"(--|-l ){option}\b", (ROOT / "cmd" / "completion" / name).read_text()), (name, option)


def test_settings():
    result = run("settings")
    assert result.returncode == 0
    entries = re.findall(r"^([a-z]+\.[a-z0-9_]+)\n    (.+)\n    default: (.+)\n    range:   (.+)\n    scope:   (.+)$",
                         result.stdout, re.M)
    names = [entry[0] for entry in entries]
    assert "ssh.rekey_bytes" in names and "limits.connections_per_address" in names
    assert names == sorted(names)
    assert len(names) == len(re.findall(r"^\S", result.stdout, re.M))
    scopes = {entry[0]: entry[4] for entry in entries}
    ranges = {entry[0]: entry[3] for entry in entries}
    assert ranges["limits.penalty_exempt"] == "list of IP addresses and networks"
    assert scopes["server.loops"] == "set at the start"
    assert scopes["limits.connections"] == "may change while the server runs"
    assert scopes["ssh.banner"] == "may change while the server runs; also per listener"
    assert scopes["limits.idle_time"] == "may change while the server runs; also per listener, user, connection"


def test_settings_that_begin_so():
    result = run("settings", "ssh.rekey")
    assert result.returncode == 0
    assert re.findall(r"^(\S+)$", result.stdout, re.M)
    assert all(name.startswith("ssh.rekey") for name in re.findall(r"^(\S+)$", result.stdout, re.M))
    assert run("settings", "ssh.rekey_bites").returncode == 2
    assert "ssh.rekey_bytes" in run("settings", "ssh.rekey_bites").stderr


def test_the_manual_has_the_table():
    printed = run("settings", "--mdoc").stdout
    assert printed in (ROOT / "man" / "sallyport.1").read_text()


def test_output_that_cannot_be_written():
    with open("/dev/full", "w", encoding="ascii") as full:
        for command in ([PROGRAM, "settings"], [PROGRAM, "--version"], [SFTP_SERVER, "-Q", "requests"]):
            result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
            assert result.returncode == 1, command
            assert "standard output" in result.stderr, command


@pytest.mark.parametrize("arguments", [
    ["settings"], ["settings", "--mdoc"], ["help"], ["help", "serve"], ["--help"], ["--version"], ["hash-password"],
    ["serve", "--listen", "sftp://127.0.0.1:0"], ["sftp-server", "-h"], ["sftp-server", "-Q", "requests"]],
    ids=" ".join)
def test_a_closed_pipe_is_a_quiet_end(arguments, home, folder):
    """As before `| head`, where a small output fails at the last flush and a large one in the middle."""
    command = [PROGRAM, *arguments]
    if arguments[0] == "sftp-server":
        command = [SFTP_SERVER, *arguments[1:]]
    end, out = os.pipe()
    os.close(end)
    try:
        result = subprocess.run(command, input=b"secret\n", stdout=out, stderr=subprocess.PIPE, env=home, cwd=folder, timeout=60,
                                check=False)
    finally:
        os.close(out)
    assert result.returncode == 0
    assert result.stderr == b""


def test_nothing_at_all_keeps_its_status_before_a_closed_pipe():
    end, out = os.pipe()
    os.close(end)
    result = subprocess.run([PROGRAM], stdout=out, stderr=subprocess.PIPE, check=False)
    os.close(out)
    assert (result.returncode, result.stderr) == (2, b"")


# Completion.

COMPLETION = ROOT / "cmd" / "completion"
COMPLETED = [("se", "serve settings"), ("serve --lo", "--log-format"), ("serve --log-format j", "json"),
             ("serve --set ssh.rekey_b", "ssh.rekey_bytes="), ("settings limits.auth_a", "limits.auth_attempts"),
             ("help ha", "hash-password")]


def completed(command):
    env = {**os.environ, "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    assert result.returncode == 0 and result.stderr == "", result.stderr
    return " ".join(sorted(line.split("\t")[0] for line in result.stdout.splitlines()))


@pytest.mark.parametrize("typed, expected", COMPLETED)
def test_completion_of_bash(typed, expected):
    script = f"""source {COMPLETION}/sallyport.bash; COMP_WORDS=(sallyport {typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
                 COMP_LINE="sallyport {typed}"; COMP_POINT=${{#COMP_LINE}}; _sallyport; printf '%s\\n' "${{COMPREPLY[@]}}\""""
    assert completed(["bash", "-c", script]) == expected


@pytest.mark.skipif(not shutil.which("fish"), reason="needs fish")
@pytest.mark.parametrize("typed, expected", COMPLETED)
def test_completion_of_fish(typed, expected):
    script = f"source {COMPLETION}/sallyport.fish; complete -C 'sallyport {typed}'"
    assert completed(["fish", "--no-config", "-c", script]) == expected


ZSH = r"""zmodload zsh/zpty; zpty shell 'zsh -f'
zpty -w shell "PS1=; fpath=({} \$fpath); autoload -Uz compinit; compinit -u -D; bindkey '^I' complete-word; print rea''dy"
zpty -r shell line '*ready*'
zpty -w -n shell $'sallyport {}\t'
zpty -r shell line '*{}*' && zpty -d shell
"""


@pytest.mark.skipif(not shutil.which("zsh"), reason="needs zsh")
@pytest.mark.parametrize("typed, expected", COMPLETED[1:])
def test_completion_of_zsh(typed, expected):
    assert completed(["zsh", "-n", COMPLETION / "_sallyport"]) == ""
    assert completed(["timeout", "20", "zsh", "-f", "-c", ZSH.format(COMPLETION, typed, expected)]) == ""


# Mistakes.

MISTAKES = [
    (["serv"], ["serv", '"serve"']),
    (["frobnicate"], ["frobnicate", "settings"]),
    (["--frobnicate"], ["--frobnicate"]),
    (["help", "serv"], ["serv"]),
    (["help", "serve", "settings"], ["settings"]),
    (["settings", "--frob"], ["--frob"]),
    (["settings", "nothing.such"], ["nothing.such"]),
    (["hash-password", "secret"], ["standard input"]),
    (["serve", "--lissten", "x"], ["--lissten", "--listen"]),
    (["serve", "--frobnicate"], ["--frobnicate"]),
    (["serve", "-x"], ["-x"]),
    (["serve", "--listen"], ["--listen", "value"]),
    (["serve", "--read-only=yes"], ["--read-only", "no value"]),
    (["serve", "--attributes", "owner"], ["--attributes", "owner=ignore"]),
    (["serve", "--attributes", "owner=keep"], ["owner=keep", "=refuse"]),
    (["serve", "--attributes", "owner,=ignore"], ["--attributes", "permissions"]),
    (["serve", "--attributes", "times,colour=refuse"], ['"colour"', "times"]),
    (["serve", "-q", "-v"], ["-q", "-v"]),
    (["serve", "a", "b"], ['"b"', '"a"']),
    (["serve", ""], ["folder"]),
    (["serve", "--listen", "127.0.0.1:22"], ["--listen", "127.0.0.1:22", "sftp://127.0.0.1:22"]),
    (["serve", "--listen", "ftp://127.0.0.1:22"], ["--listen", "ftp://127.0.0.1:22", "sftp://127.0.0.1:22"]),
    (["serve", "--listen", "sftp://127.0.0.1:70000"], ["--listen", "70000", "sftp://"]),
    (["serve", "--listen", "sftp://127.0.0.1:"], ["--listen", "sftp://127.0.0.1:"]),
    (["serve", "--listen", "sftp://127.0.0.1:22x"], ["--listen", "22x"]),
    (["serve", "--user", ""], ["--user", "NAME"]),
    (["serve", "--user", ":secret"], ["--user", "NAME"]),
    (["serve", "--user", "joe:"], ["--user", "joe", "empty"]),
    (["serve", "--user", "joe:a", "--user", "joe:b"], ["--user", "joe", "once"]),
    (["serve", "--user", "joe:$6$salt$"], ["--user", "joe", "hash"]),
    (["serve", "--user", "joe:$y$"], ["--user", "joe", "hash"]),
    (["serve", "--user", "joe:$1$salt$NUGZOx4d0pNDhQH0d1rkx/"], ["--user", "joe", "hash-password"]),
    (["serve", "--user", "joe:x", "--authorized-keys", "ann:/dev/null"], ["--authorized-keys", "ann:/dev/null", "--user"]),
    (["serve", "--authorized-keys", ""], ["--authorized-keys", "FILE"]),
    (["serve", "--authorized-keys", "joe:"], ["--authorized-keys", "joe:", "FILE"]),
    (["serve", "--authorized-keys", ":x"], ["--authorized-keys", ":x", "NAME"]),
    (["serve", "--host-key", ""], ["--host-key"]),
    (["serve", "--set", "x"], ["--set", '"x"', "NAME=VALUE"]),
    (["serve", "--set", "=x"], ["--set", "NAME=VALUE"]),
    (["serve", "--set", "ssh.rekey_bites=1"], ["--set", "ssh.rekey_bites", "ssh.rekey_bytes"]),
    (["serve", "--set", "limits.auth_attempts=many"], ["--set", "limits.auth_attempts", "many", "number"]),
    (["serve", "--set", "limits.auth_attempts=0"], ["--set", "limits.auth_attempts", "1"]),
    (["serve", "--set", "ssh.ciphers=rot13"], ["--set", "ssh.ciphers", "rot13"]),
    (["serve", "--log-format", "xml"], ["--log-format", "xml", "json"]),
]


@pytest.fixture(scope="module")
def usual_port_is_taken():
    """By this test, unless someone else has it: nothing here may depend on it."""
    with socket.socket() as taken:
        with contextlib.suppress(OSError):
            taken.bind(("0.0.0.0", 2222))
            taken.listen()
        yield


@pytest.mark.usefixtures("usual_port_is_taken")
@pytest.mark.parametrize("arguments, words", MISTAKES, ids=lambda value: " ".join(value)[:60])
def test_mistakes(arguments, words, home, folder):
    """Each is named, with its value and what would be right; nothing is started or left behind."""
    result = subprocess.run([str(PROGRAM), *arguments], env=home, cwd=folder, capture_output=True, text=True, timeout=60,
                            stdin=subprocess.DEVNULL, check=False)
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr
    assert "help" in result.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["hello.txt"]


def test_passwords_are_not_repeated(home):
    result = run("serve", "--user", "joe:$6$mysecret", env=home)
    assert result.returncode == 2
    assert "mysecret" not in result.stderr


# What cannot be done.

def test_missing_folder(home, tmp_path):
    result = run("serve", tmp_path / "none", "--listen", "sftp://127.0.0.1:0", env=home)
    assert result.returncode == 1
    assert str(tmp_path / "none") in result.stderr and "No such file" in result.stderr


def test_a_file_is_no_folder(home, folder):
    result = run("serve", folder / "hello.txt", "--listen", "sftp://127.0.0.1:0", env=home)
    assert result.returncode == 1
    assert "hello.txt" in result.stderr


def test_the_kernels_own_file_systems_are_no_folder(home):
    result = run("serve", "/proc", "--listen", "sftp://127.0.0.1:0", env=home)
    assert result.returncode == 1
    assert '"/proc"' in result.stderr and "choose another" in result.stderr


def test_port_in_use(home, folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        url = f"sftp://127.0.0.1:{taken.getsockname()[1]}"
        result = run("serve", folder, "--listen", url, env=home)
    assert result.returncode == 1
    assert result.stdout == ""
    assert url in result.stderr and "in use" in result.stderr


def test_address_of_somebody_else(home, folder):
    result = run("serve", folder, "--listen", "sftp://192.0.2.1:0", env=home)
    assert result.returncode == 1
    assert "192.0.2.1" in result.stderr


def test_host_keys_that_cannot_be_used(home, folder, tmp_path):
    (tmp_path / "text").write_text("no key\n")
    encrypted = make_key(tmp_path / "encrypted", passphrase="secret")
    for path in (tmp_path / "none", tmp_path / "text", encrypted, f"{encrypted}.pub", tmp_path):
        result = run("serve", folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", "--host-key", path, env=home)
        assert result.returncode == 1, path
        assert "--host-key" in result.stderr and str(path) in result.stderr


def test_authorized_keys_that_cannot_be_used(home, folder, tmp_path):
    open_to_all = tmp_path / "open"
    open_to_all.write_text("")
    open_to_all.chmod(0o666)
    for path in (tmp_path / "none", tmp_path, open_to_all):
        result = run("serve", folder, "--listen", "sftp://127.0.0.1:0", "--authorized-keys", path, env=home)
        assert result.returncode == 1, path
        assert "--authorized-keys" in result.stderr and str(path) in result.stderr


# Each comes after a listener that would be in order, on a port that is not.
LATE_MISTAKES = [
    (["--listen", "sftp://127.0.0.1:70000"], 2, "70000"), (["--listen", "sftp://[::1:0"], 2, "[::1:0"),
    (["--set", "ssh.ciphers=rot13"], 2, "rot13"), (["--user", "joe:$6$salt$"], 2, "joe"), (["--host-key", "/none"], 1, "/none"),
    (["--authorized-keys", "/none"], 1, "/none"), (["--host-key", "/dev/null"], 1, "/dev/null"), (["/none"], 1, "/none"),
]


@pytest.mark.parametrize("arguments, status, word", LATE_MISTAKES, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_nothing_listens_before_all_is_in_order(arguments, status, word, home, folder):
    """Were the port looked at first, its being in use would be the error."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        url = f"sftp://127.0.0.1:{taken.getsockname()[1]}"
        result = subprocess.run([str(PROGRAM), "serve", "--listen", url, *arguments], env=home, cwd=folder, capture_output=True,
                                text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
    assert result.returncode == status, result.stderr
    assert word in result.stderr and "in use" not in result.stderr and "Listening" not in result.stderr
    assert result.stdout == ""


def test_one_mistake_is_all_that_is_said(home, folder):
    """What the log has to say of the first listener does not come above it."""
    result = run("serve", folder, "--user", "joe:x", "--listen", "sftp://127.0.0.1:0", "--listen", "sftp://192.0.2.1:0", env=home)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1 and "192.0.2.1" in result.stderr


# hash-password.

def test_hash_password_is_accepted(home, folder, tmp_path):
    result = run("hash-password", text="correct horse\n")
    assert result.returncode == 0
    assert re.fullmatch(r"\$y\$\S+\n", result.stdout)
    with running(folder, "--listen", "sftp://127.0.0.1:0", "--user", f"joe:{result.stdout.strip()}", env=home) as server:
        assert sftp(server.port, "joe", "ls\n", tmp_path, password="correct horse").returncode == 0
        assert sftp(server.port, "joe", "ls\n", tmp_path, password="wrong").returncode != 0


@pytest.mark.parametrize("text", ["", "\n", "x" * 512 + "\n", "a\0b\n"])
def test_hash_password_without_a_password(text):
    result = run("hash-password", text=text)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "password" in result.stderr


def test_hash_password_takes_one_line():
    first, second = run("hash-password", text="one\r\ntwo\n"), run("hash-password", text="one")
    assert first.returncode == second.returncode == 0
    assert first.stdout != second.stdout


def ask_on_terminal(answers):
    """hash-password on a terminal of its own: everything that stood there, and the exit status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(PROGRAM, [str(PROGRAM), "hash-password"])
    seen = b""
    deadline = time.monotonic() + TEN_SECONDS
    for question, answer in zip((b"Password: ", b"Again: "), answers):
        while question not in seen and time.monotonic() < deadline:
            seen += os.read(terminal, 1000)
        os.write(terminal, answer)
    with contextlib.suppress(OSError):
        while select.select([terminal], [], [], TEN_SECONDS)[0]:
            more = os.read(terminal, 1000)
            if not more:
                break
            seen += more
    status = os.waitpid(pid, 0)[1]
    os.close(terminal)
    return seen.decode(), os.waitstatus_to_exitcode(status)


def test_hash_password_on_a_terminal():
    seen, status = ask_on_terminal([b"secret\n", b"secret\n"])
    assert status == 0 and "$y$" in seen and "secret" not in seen
    seen, status = ask_on_terminal([b"secret\n", b"other\n"])
    assert status == 1 and "$y$" not in seen and "do not match" in seen
    for answers in ([b"sec\x03"], [b"\x03"], [b"secret\n", b"sec\x03"]):  # Ctrl-C waits for no Enter
        seen, status = ask_on_terminal(answers)
        assert status == 1 and "$y$" not in seen and "no password" in seen


# serve.

def test_serve_with_nothing_else_but_a_port(home, folder, tmp_path):
    """A generated password and host keys, shown at one glance and kept."""
    state = tmp_path / "state" / "sallyport"
    shutil.rmtree(state)
    with running("--listen", "sftp://127.0.0.1:0", env=home, cwd=folder) as server:
        time.sleep(0.2)
        assert server.stop() == 0
    shown = server.stderr
    user = re.search(r"User +(\S+)", shown).group(1)
    password = re.search(r"Password +(\S+)", shown).group(1)
    fingerprint = re.search(r"Fingerprint +(SHA256:\S+)", shown).group(1)
    assert f"sftp -P {server.port} {user}@127.0.0.1" in shown
    assert f"sftp://127.0.0.1:{server.port}" in shown
    assert str(folder) in shown
    assert "\033" not in shown
    # The banner stands in one piece, and the log below it.
    assert shown.startswith("Serving ")
    assert re.search(r"\d{4}-\d\d-\d\dT", shown).start() > shown.index("Connect")
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert sorted(path.name for path in state.iterdir()) == ["host_key_ecdsa", "host_key_ed25519", "host_key_rsa", "password"]
    for path in state.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = {path.name: path.read_bytes() for path in state.iterdir()}
    rsa = subprocess.run(["ssh-keygen", "-l", "-f", state / "host_key_rsa"], capture_output=True, text=True, check=True).stdout
    assert rsa.startswith("3072 SHA256:") and rsa.split()[1] in shown
    with running("--listen", "sftp://127.0.0.1:0", env=home, cwd=folder) as server:
        result = sftp(server.port, user, "get hello.txt got\n".replace("got", str(tmp_path / "got")), tmp_path, password)
        assert result.returncode == 0, result.stderr
        assert (tmp_path / "got").read_text() == "hello\n"
        assert server.stop() == 0
    assert password in server.stderr and fingerprint in server.stderr
    assert kept == {path.name: path.read_bytes() for path in state.iterdir()}


def test_host_keys_for_clients_of_every_age(home, folder):
    """JSch 0.1.5x, for one, does not support ed25519; what is offered to sign by stays modern."""
    with running(folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", env=home) as server:
        for algorithm in ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"):
            command = ["ssh", "-F", "/dev/null", "-p", str(server.port), "-o", f"HostKeyAlgorithms={algorithm}", "-o", "BatchMode=yes",
                       "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "joe@127.0.0.1", "true"]
            told = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False).stderr
            assert ("no matching host key" if algorithm == "ssh-rsa" else "Permission denied") in told, (algorithm, told)


def test_state_of_others_is_not_trusted(home, folder, tmp_path):
    state = tmp_path / "state" / "sallyport"
    state.chmod(0o755)
    (state / "password").write_text("stolen\n")
    (state / "password").chmod(0o644)
    result = run("serve", folder, "--listen", "sftp://127.0.0.1:0", env=home)
    assert result.returncode == 1
    assert str(state / "password") in result.stderr
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_state_that_cannot_be_kept(home, folder, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    with running(folder, "--listen", "sftp://127.0.0.1:0", env={**home, "XDG_STATE_HOME": str(blocked)}) as server:
        assert server.stop() == 0
    assert "warning" in server.stderr and str(blocked) in server.stderr
    assert re.search(r"Password +\S+", server.stderr)


def test_users_and_passwords(home, folder, tmp_path):
    arguments = ["--user", "joe:one", "--user", "ann:two", "--user", "eve"]
    with running(folder, "--listen", "sftp://127.0.0.1:0", *arguments, env=home) as server:
        for user, password, ok in (("joe", "one", True), ("ann", "two", True), ("joe", "two", False), ("eve", "", False),
                                   ("eve", "eve", False), ("nobody", "one", False)):
            assert (sftp(server.port, user, "ls\n", tmp_path, password).returncode == 0) == ok, user
        assert server.stop() == 0
    assert "eve" in server.stderr and "cannot log in" in server.stderr
    assert not (tmp_path / "state" / "sallyport" / "password").exists()


def test_a_password_that_is_asked_for(home, folder, tmp_path):
    """Clients that know keyboard-interactive and nothing else."""
    hashed = run("hash-password", text="two\n").stdout.strip()
    arguments = ["--user", "joe:one", "--user", f"ann:{hashed}", "--user", "eve"]
    with running(folder, "--listen", "sftp://127.0.0.1:0", *arguments, env=home) as server:
        for user, password, ok in (("joe", "one", True), ("ann", "two", True), ("joe", "two", False), ("joe", "", False),
                                   ("eve", "", False), ("nobody", "one", False)):
            for methods in ("keyboard-interactive", "password"):
                result = sftp(server.port, user, "ls\n", tmp_path, password, methods=methods)
                assert (result.returncode == 0) == ok, (user, password, methods, result.stderr)
        transport = paramiko.Transport(("127.0.0.1", server.port))
        transport.start_client(timeout=TEN_SECONDS)
        with pytest.raises(paramiko.BadAuthenticationType) as refused:
            transport.auth_none("joe")
        assert sorted(refused.value.allowed_types) == ["keyboard-interactive", "password"]
        asked = []

        def answer(title, instructions, prompts):
            asked.append((title, instructions, prompts))
            return ["wrong" if len(asked) == 1 else "one"]

        with pytest.raises(paramiko.AuthenticationException):
            transport.auth_interactive("joe", answer)
        transport.auth_interactive("joe", answer)
        assert transport.is_authenticated()
        assert asked == [("", "", [("Password: ", False)])] * 2
        assert paramiko.SFTPClient.from_transport(transport).listdir() == ["hello.txt"]
        transport.close()
        assert server.stop() == 0
    assert re.search(r"auth\.accepted .*method=keyboard-interactive", server.stderr)


def test_passwords_are_blotted_out(home, folder):
    with running(folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:hush-hush", env=home) as server:
        line = pathlib.Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
        assert b"joe:" in line and b"hush" not in line


def test_authorized_keys(home, folder, tmp_path):
    """Several files, for one user and for all."""
    keys = {name: make_key(tmp_path / name) for name in ("a", "b", "c")}
    for name, key in keys.items():
        lines = tmp_path / f"{name}.keys"
        lines.write_text(f"# {name}\n{key.with_suffix('.pub').read_text()}")
        lines.chmod(0o644)
    arguments = ["--user", "joe:secret", "--user", "ann", "--authorized-keys", f"joe:{tmp_path}/a.keys",
                 "--authorized-keys", f"joe:{tmp_path}/b.keys", "--authorized-keys", f"{tmp_path}/c.keys"]
    with running(folder, "--listen", "sftp://127.0.0.1:0", *arguments, env=home) as server:
        allowed = {("joe", "a"), ("joe", "b"), ("joe", "c"), ("ann", "c")}
        for user in ("joe", "ann", "eve"):
            for name, key in keys.items():
                result = sftp(server.port, user, "ls\n", tmp_path, password="wrong", key=key)
                assert (result.returncode == 0) == ((user, name) in allowed), (user, name)
        assert sftp(server.port, "joe", "ls\n", tmp_path, password="secret").returncode == 0
        (tmp_path / "c.keys").write_text("")
        assert sftp(server.port, "ann", "ls\n", tmp_path, password="wrong", key=keys["c"]).returncode != 0


def test_read_only(home, folder, tmp_path):
    with running(folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", "--read-only", env=home) as server:
        for batch in (f"put {tmp_path}/batch new\n", "rm hello.txt\n", "mkdir d\n", "rename hello.txt other\n",
                      "chmod 600 hello.txt\n", "symlink hello.txt l\n", "ln hello.txt l\n"):
            result = sftp(server.port, "joe", batch, tmp_path, password="x")
            assert result.returncode != 0, batch
        assert sftp(server.port, "joe", f"get hello.txt {tmp_path}/got\n", tmp_path, password="x").returncode == 0
    assert [path.name for path in folder.iterdir()] == ["hello.txt"]


def test_attributes_that_are_not_set(home, folder, tmp_path):
    def chmod(*arguments):
        (folder / "hello.txt").chmod(0o644)
        with running(folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", *arguments, env=home) as server:
            result = sftp(server.port, "joe", "chmod 600 hello.txt\n", tmp_path, password="x")
        return result.returncode == 0, (folder / "hello.txt").stat().st_mode & 0o777

    assert chmod() == (True, 0o600)
    assert chmod("--attributes", "owner,times=refuse") == (True, 0o600)
    assert chmod("--attributes", "owner,permissions=ignore") == (True, 0o644)
    assert chmod("--attributes", "permissions=refuse") == (False, 0o644)
    assert chmod("--attributes", "permissions=refuse", "--attributes", "permissions=ignore") == (True, 0o644)


def test_host_key_of_the_command_line(home, folder, tmp_path):
    key = make_key(tmp_path / "host", "ecdsa")
    listed = subprocess.run(["ssh-keygen", "-l", "-f", key], capture_output=True, text=True, check=True).stdout
    with running(folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", "--host-key", key, env=home) as server:
        assert server.stop() == 0
    assert listed.split()[1] in server.stderr
    assert [path.name for path in (tmp_path / "state" / "sallyport").iterdir()] == ["host_key_rsa"]  # as it was


def test_several_listeners(home, folder, tmp_path):
    with running(folder, "--listen", "sftp://127.0.0.1:0", "--listen", "sftp://127.0.0.2:0", "--user", "joe:x",
                 env=home) as server:
        second = server.process.stdout.readline()
        assert re.fullmatch(r"listening on sftp://127\.0\.0\.2:\d+\n", second)
        assert sftp(server.port, "joe", "ls\n", tmp_path, password="x").returncode == 0
        assert server.stop() == 0
    assert server.stdout == ""


def test_listening_when_it_says_so(home, folder):
    for _ in range(5):
        with running(folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", env=home) as server:
            with socket.create_connection(("127.0.0.1", server.port), TEN_SECONDS) as client:
                assert client.recv(100).startswith(b"SSH-2.0-")


def test_settings_of_the_command_line(home, folder):
    with running(folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", "--set", "ssh.software=Gate_1",
                 env=home) as server:
        with socket.create_connection(("127.0.0.1", server.port), TEN_SECONDS) as client:
            assert client.recv(100).startswith(b"SSH-2.0-Gate_1\r\n")


def test_sockets_of_systemd(home, folder, tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        def hand_over():
            os.dup2(listener.fileno(), 3)
            os.environ["LISTEN_PID"] = str(os.getpid())

        script = ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh", str(PROGRAM), "serve", str(folder), "--user",
                  "joe:x"]
        process = subprocess.Popen(script, env=home, preexec_fn=hand_over, pass_fds=[3], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == f"listening on sftp://127.0.0.1:{port}\n"
        assert sftp(port, "joe", "ls\n", tmp_path, password="x").returncode == 0
    finally:
        process.send_signal(signal.SIGTERM)
        stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and stdout == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it(number, home, folder):
    with running(folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", env=home) as server:
        begin = time.monotonic()
        assert server.stop(number) == 0
        assert time.monotonic() - begin < TEN_SECONDS
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), 1)


def test_two_signals_at_once_are_no_failure(home, folder):
    """As timeout(1) sends them: to the process, and to its group."""
    with running(folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", env=home) as server:
        for _ in range(3):
            server.process.send_signal(signal.SIGTERM)
        assert server.stop(signal.SIGHUP) == 0


def test_a_stuck_storage_does_not_keep_it(home, folder, tmp_path):
    """A file system whose fsync(2) never returns: the server names the operation and exits."""
    source, library, mark = tmp_path / "hang.c", tmp_path / "hang.so", folder / "inside"
    source.write_text('#define _GNU_SOURCE\n#include <fcntl.h>\n#include <unistd.h>\nint fsync(int fd)\n{\n    (void)fd;\n'
                      '    if (gettid() == getpid()) /* the host key is being kept */\n        return 0;\n'
                      f'    close(open("{mark}", O_CREAT | O_WRONLY, 0600));\n    for (;;)\n        pause();\n}}\n')
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    (tmp_path / "up").write_text("upload\n")
    options = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    env = {**home, "LD_PRELOAD": str(library), "ASAN_OPTIONS": options}
    server = Running(folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", "--set", "limits.storage_time=500ms",
                     env=env)
    client = threading.Thread(target=sftp, args=(server.port, "joe", f"put -f {tmp_path / 'up'} up\n", tmp_path, "x"))
    client.start()
    end = time.monotonic() + 30
    while not mark.exists() and time.monotonic() < end:
        time.sleep(0.02)
    begin = time.monotonic()
    try:
        server.process.send_signal(signal.SIGTERM)
        assert server.stop(signal.SIGHUP) == 1
    finally:
        server.process.kill()
    client.join(30)
    assert time.monotonic() - begin < TEN_SECONDS
    # The thread sanitizer has the last word: it reports a thread that never ends as a leak.
    last = [line for line in server.stderr.splitlines() if line.startswith("sallyport: ")][-1]
    assert 'still waiting for fsync "/up" of "joe"' in last


def test_an_idle_client_does_not_keep_it(home, folder):
    with running(folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", env=home) as server:
        with socket.create_connection(("127.0.0.1", server.port), TEN_SECONDS) as client:
            assert client.recv(100)
            begin = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - begin < TEN_SECONDS


def test_log_as_json(home, folder, tmp_path):
    with running(folder, "--listen", "sftp://127.0.0.1:0", "--log-format", "json", env=home) as server:
        sftp(server.port, "joe\n", "ls\n", tmp_path, password="x")
        assert server.stop() == 0
    lines = [json.loads(line) for line in server.stderr.splitlines()]
    ready = [line for line in lines if line.get("event") == "serve.ready"]
    assert len(ready) == 1
    assert str(tmp_path / "state" / "sallyport" / "password") in json.dumps(ready[0])
    assert (tmp_path / "state" / "sallyport" / "password").read_text().strip() not in server.stderr


def test_quiet_and_verbose(home, folder, tmp_path):
    sizes, seen = {}, {}
    for flag in ("-q", "--log-format=text", "-v", "-vv"):
        with running(folder, "--listen", "sftp://127.0.0.1:0", "--user", "joe:x", flag, env=home) as server:
            assert sftp(server.port, "joe", "ls\n", tmp_path, password="x").returncode == 0
            assert server.stop() == 0
        sizes[flag] = len(server.stderr)
        seen[flag] = set(re.findall(r"^\S+Z (\w+)", server.stderr, re.M))
    assert sizes["-q"] == 0
    assert sizes["-q"] < sizes["--log-format=text"] < sizes["-v"]
    of_root = {"warn"} if os.geteuid() == 0 else set()
    assert seen["--log-format=text"] - of_root == {"info"} and seen["-v"] - of_root == {"info", "verb"}
    assert seen["-vv"] - of_root == {"info", "verb", "debug"}


def on_terminal(env, folder, seconds=1.5):
    """What a person sees of serve on a terminal, until Ctrl-C."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(PROGRAM, [str(PROGRAM), "serve", str(folder), "--listen", "sftp://127.0.0.1:0"], env)
    seen = b""
    deadline = time.monotonic() + seconds
    ended = False
    with contextlib.suppress(OSError):
        while True:
            if select.select([terminal], [], [], 0.1)[0]:
                more = os.read(terminal, 4096)
                if not more:
                    break
                seen += more
            if time.monotonic() > deadline and not ended:
                os.write(terminal, b"\x03")
                ended = True
    status = os.waitpid(pid, 0)[1]
    os.close(terminal)
    return seen.decode(), os.waitstatus_to_exitcode(status)


def test_colours_only_where_they_are_wanted(home, folder):
    seen, status = on_terminal(home, folder)
    assert status == 0 and "\033[1m" in seen
    for env in ({**home, "NO_COLOR": "1"}, {**home, "TERM": "dumb"}):
        seen, status = on_terminal(env, folder)
        assert status == 0 and "\033[1m" not in seen and "Password" in seen


class Transferring:
    """serve on a terminal, and a client that takes a second for each MiB."""

    def __init__(self, home, folder, tmp_path, batch="get big got\n"):
        (folder / "big").write_bytes(os.urandom(8 << 20))
        self.seen = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(PROGRAM, [str(PROGRAM), "serve", str(folder), "--listen", "sftp://127.0.0.1:0", "--user", "joe:x"], home)
        port = self.wait_for(rb"listening on sftp://127\.0\.0\.1:(\d+)").group(1).decode()
        script, ask = tmp_path / "slow", tmp_path / "ask"
        script.write_text(f"lcd {tmp_path}\n{batch}")
        ask.write_text("#!/bin/sh\necho x\n")
        ask.chmod(0o700)
        self.client = subprocess.Popen(
            ["sftp", "-l", "8192", "-P", port, "-F", "/dev/null", "-o", "BatchMode=no", "-o", "StrictHostKeyChecking=no",
             "-o", "UserKnownHostsFile=/dev/null", "-b", str(script), "joe@127.0.0.1"],
            env={**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait_for(self, pattern, seconds=TEN_SECONDS):
        """The text on the terminal, or None when it does not come in time."""
        deadline = time.monotonic() + seconds
        while not (match := re.search(pattern, self.seen)) and time.monotonic() < deadline:
            if select.select([self.terminal], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.terminal, 4096)
                except OSError:  # the server has ended
                    return re.search(pattern, self.seen)
        return match

    def press_ctrl_c(self):
        os.write(self.terminal, b"\x03")

    def finish(self):
        """The server's exit status, and the client's."""
        self.wait_for(rb"(?!)", 20)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.terminal)
        return status, self.client.wait(30)


def test_running_transfers_are_shown(home, folder, tmp_path):
    server = Transferring(home, folder, tmp_path)
    shown = server.wait_for(rb"joe@127\.0\.0\.1  get /big .*? \d+%.*?[\d.]+ MiB +[\d.]+ \w+/s", 6)
    server.press_ctrl_c()
    server.press_ctrl_c()
    assert server.finish()[0] == 0
    assert shown, server.seen.decode()


def test_ctrl_c_waits_for_transfers(home, folder, tmp_path):
    server = Transferring(home, folder, tmp_path)
    assert server.wait_for(rb"sftp\.started")
    time.sleep(1)
    server.press_ctrl_c()
    assert server.wait_for(rb"Stopping: no new clients are accepted; 1 client")
    assert server.finish()[0] == 0  # the client may be told good-bye before it says so itself
    assert (tmp_path / "got").read_bytes() == (folder / "big").read_bytes()


def test_ctrl_c_waits_for_all_files(home, folder, tmp_path):
    """Between two files of one client nothing is open."""
    for i in range(4):
        (folder / f"part{i}").write_bytes(os.urandom(1 << 20))
    server = Transferring(home, folder, tmp_path, "".join(f"get part{i}\n" for i in range(4)))
    assert server.wait_for(rb"sftp\.started")
    time.sleep(0.5)
    server.press_ctrl_c()
    assert server.wait_for(rb"Stopping: no new clients are accepted")
    assert server.finish() == (0, 0)
    for i in range(4):
        assert (tmp_path / f"part{i}").read_bytes() == (folder / f"part{i}").read_bytes()


def test_a_second_ctrl_c_does_not(home, folder, tmp_path):
    server = Transferring(home, folder, tmp_path)
    assert server.wait_for(rb"sftp\.started")
    time.sleep(1)
    server.press_ctrl_c()
    assert server.wait_for(rb"Ctrl-C again stops at once")
    begin = time.monotonic()
    server.press_ctrl_c()
    status, client_status = server.finish()
    assert status == 0 and client_status != 0
    assert time.monotonic() - begin < 3


# sallyport-sftp-server.

def server(*arguments, **options):
    return run(*arguments, program=SFTP_SERVER, **options)


SERVER_MISTAKES = [
    (["-x"], "-x"), (["-d"], "-d"), (["-d", ""], "-d"), (["-d", "%x"], "%x"), (["-f", "KERN"], "KERN"), (["-l", "LOUD"], "LOUD"),
    (["-u", "8"], '"8"'), (["-u", "1000"], "1000"), (["-u", ""], "-u"), (["-u", "-1"], "-1"), (["-Q", "ciphers"], "ciphers"),
    (["-P", "raed"], "raed"), (["-p", "read,,"], "-p"), (["extra"], "extra"),
]


@pytest.mark.parametrize("arguments, word", SERVER_MISTAKES, ids=lambda value: "".join(value)[:40])
def test_server_mistakes(arguments, word):
    result = server(*arguments)
    assert result.returncode == 2
    assert word in result.stderr and "usage" in result.stderr
    assert result.stdout == ""


def test_server_help_and_query():
    assert server("-h").returncode == 0 and "usage" in server("-h").stdout
    result = server("-Q", "requests")
    assert result.returncode == 0
    names = result.stdout.split()
    for name in ("open", "close", "read", "write", "lstat", "fstat", "setstat", "fsetstat", "opendir", "readdir", "remove",
                 "mkdir", "rmdir", "realpath", "stat", "rename", "readlink", "symlink", "posix-rename", "statvfs",
                 "fstatvfs", "hardlink", "fsync", "lsetstat", "limits", "expand-path", "copy-data"):
        assert name in names


def pipe_sftp(options, batch, tmp_path, env=None):
    """OpenSSH's client, on a pipe to the program."""
    script = tmp_path / "batch"
    script.write_text(batch)
    return subprocess.run(["sftp", "-b", str(script), "-D", f"{SFTP_SERVER} {options}"], capture_output=True, text=True,
                          timeout=60, check=False, env=env, cwd=tmp_path)


def test_server_starts_where_it_is_told(tmp_path, folder):
    result = pipe_sftp(f"-d {folder}", "pwd\nls\n", tmp_path)
    assert f"Remote working directory: {folder}" in result.stdout and "hello.txt" in result.stdout
    (tmp_path / "a%b").mkdir()
    result = pipe_sftp(f"-d {tmp_path}/a%%b", "pwd\n", tmp_path)
    assert f"Remote working directory: {tmp_path}/a%b" in result.stdout
    result = pipe_sftp(f"-e -d {tmp_path}/none", "pwd\n", tmp_path)
    assert f"Remote working directory: {tmp_path}\n" in result.stdout and "none" in result.stderr


def test_server_lists_of_requests(tmp_path, folder):
    for options, batch, ok in (("-P remove", "rm hello.txt\n", False), ("-P mkdir", "ls\n", True), ("-P mkdir", "mkdir d\n", False),
                               ("-p realpath,opendir,readdir,close,stat,lstat", "ls\n", True),
                               ("-p realpath,stat,lstat", "get hello.txt x\n", False),
                               ("-P read -p realpath,stat,lstat,open,close,read,fstat", "get hello.txt x\n", False)):
        result = pipe_sftp(f"-d {folder} {options}", batch, tmp_path)
        assert (result.returncode == 0) == ok, (options, batch, result.stderr)
    assert (folder / "hello.txt").exists()


def test_server_read_only(tmp_path, folder):
    for batch in (f"put {folder}/hello.txt x\n", "rm hello.txt\n", "mkdir d\n", "rename hello.txt y\n", "ln hello.txt l\n",
                  "symlink hello.txt l\n", "chmod 600 hello.txt\n"):
        result = pipe_sftp(f"-R -d {folder}", batch, tmp_path)
        assert result.returncode != 0, batch
        # What only an extension does is not announced, as with OpenSSH's -R.
        expected = "does not support hardlink" if batch.startswith("ln ") else "denied"
        assert expected in result.stderr.lower(), result.stderr
    assert pipe_sftp(f"-R -d {folder}", f"get hello.txt {tmp_path}/got\n", tmp_path).returncode == 0
    assert [path.name for path in folder.iterdir()] == ["hello.txt"]


def test_server_umask(tmp_path, folder):
    source = tmp_path / "source"
    source.write_text("x")
    source.chmod(0o666)
    for mask, mode in (("0", 0o666), ("077", 0o600), ("027", 0o640)):
        assert pipe_sftp(f"-u {mask} -d {folder}", f"put {source} m{mask}\n", tmp_path).returncode == 0
        assert stat.S_IMODE((folder / f"m{mask}").stat().st_mode) == mode


def test_server_log(tmp_path, folder):
    (folder / "line\nbreak\x1b").write_text("x")
    env = {**os.environ, "SSH_CONNECTION": "192.0.2.7 1 192.0.2.1 22"}
    result = pipe_sftp(f"-e -l INFO -d {folder}", f"get hello.txt {tmp_path}/got\nmkdir d\n-get line* {tmp_path}/other\n", tmp_path, env)
    assert "session opened for local user" in result.stderr and "from [192.0.2.7]" in result.stderr
    assert f'open "{folder}/hello.txt" flags READ' in result.stderr
    assert f'close "{folder}/hello.txt" bytes read 6 written 0' in result.stderr
    assert f'mkdir name "{folder}/d"' in result.stderr
    assert "line\\nbreak\\u001b" in result.stderr
    assert pipe_sftp(f"-e -d {folder}", "ls\n", tmp_path).stderr == ""


def packet(kind, body):
    return struct.pack(">IB", len(body) + 1, kind) + body


def test_server_answers_what_came_before_the_end(tmp_path):
    """Everything that was asked is answered, also when the client has sent all and closed its end."""
    requests = packet(1, struct.pack(">I", 3))
    for number in range(200):
        requests += packet(16, struct.pack(">II", number, 1) + b".")
    process = subprocess.Popen([SFTP_SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path)
    output, _ = process.communicate(requests, timeout=60)
    assert process.returncode == 0
    answers = []
    while output:
        (size,) = struct.unpack_from(">I", output)
        answers.append(output[4:4 + size])
        output = output[4 + size:]
    assert answers[0][0] == 2
    assert [struct.unpack_from(">BI", answer) for answer in answers[1:]] == [(104, number) for number in range(200)]


@pytest.mark.parametrize("data", [b"\xff" * 64, b"\x00\x00\x00\x00", struct.pack(">I", 1 << 31) + b"x" * 100,
                                  packet(200, b"\x00" * 8)], ids=["noise", "empty", "long", "unknown"])
def test_server_hangs_up_on_nonsense(data, tmp_path):
    process = subprocess.Popen([SFTP_SERVER, "-e"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               cwd=tmp_path)
    _, errors = process.communicate(data, timeout=60)
    assert process.returncode == 1
    assert errors


def test_server_when_nobody_reads(tmp_path):
    process = subprocess.Popen([SFTP_SERVER, "-e"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               cwd=tmp_path)
    process.stdout.close()
    process.stdin.write(packet(1, struct.pack(">I", 3)))
    process.stdin.flush()
    assert process.wait(60) == 0
    process.stdin.close()
    assert process.stderr.read() == b""
    process.stderr.close()


def test_server_takes_its_time_with_slow_readers(tmp_path):
    """A client that sends much and reads late gets everything; the server does not grow without bound."""
    big = tmp_path / "big"
    big.write_bytes(os.urandom(1 << 20))
    process = subprocess.Popen([SFTP_SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path)
    process.stdin.write(packet(1, struct.pack(">I", 3)))
    process.stdin.write(packet(3, struct.pack(">II", 0, 3) + b"big" + struct.pack(">II", 1, 0)))
    process.stdin.flush()

    def answer():
        (size,) = struct.unpack(">I", process.stdout.read(4))
        return process.stdout.read(size)

    assert answer()[0] == 2
    handle = answer()[9:]
    reads = b"".join(packet(5, struct.pack(">II", number, len(handle)) + handle + struct.pack(">QI", number * 32768, 32768))
                     for number in range(32))
    rest = packet(4, struct.pack(">II", 99, len(handle)) + handle)
    process.stdin.write(reads + rest)
    process.stdin.close()
    time.sleep(0.3)
    data = {}
    for _ in range(33):
        reply = answer()
        kind, number = struct.unpack_from(">BI", reply)
        if kind == 103:
            data[number] = reply[9:]
    assert b"".join(data[number] for number in range(32)) == big.read_bytes()
    assert process.wait(60) == 0
    process.stdout.close()
