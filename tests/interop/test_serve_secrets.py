"""Files with keys and passwords: who may have written and read them, and what logins by them may do."""

import os
import subprocess
import threading

import pytest

from test_cli import folder, home, make_key, rsa_key, run, running, sftp  # noqa: F401 (fixtures)

ADDRESS = ("--listen", "sftp://127.0.0.1:0")


def ssh(port, key, *command, user="joe"):
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes",
               "-o", "BatchMode=yes", "-F", "/dev/null", "-i", str(key)]
    env = {name: value for name, value in os.environ.items() if name != "SSH_AUTH_SOCK"}
    return subprocess.run(["ssh", "-p", str(port), *options, f"{user}@127.0.0.1", *command], env=env, capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL, check=False)


# Host keys.

@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_host_key_that_others_could_read(mode, home, folder, tmp_path):
    key = make_key(tmp_path / "host")
    key.chmod(mode)
    result = run("serve", folder, *ADDRESS, "--user", "joe:x", "--host-key", key, env=home)
    assert result.returncode == 1
    assert f'"{key}"' in result.stderr and f"{mode:04o}" in result.stderr and "chmod 600" in result.stderr


@pytest.mark.parametrize("arguments", [("--password", "secret-1"), ("--password=secret-1",), ("--pass", "secret-1")])
def test_a_password_is_no_file(arguments, home, folder):
    result = run("serve", folder, *ADDRESS, "--user", "joe", *arguments, env=home)
    assert result.returncode == 2
    assert "--user NAME:PASSWORD" in result.stderr and "secret-1" not in result.stderr


def test_a_host_key_that_is_none(home, folder, tmp_path):
    """Its mode is no one's business: chmod of such a file could break a machine."""
    key = make_key(tmp_path / "host")
    text = tmp_path / "text"
    text.write_text("joe:x:1000\n")
    for file, more in ((text, ""), (f"{key}.pub", "give the file without .pub")):
        os.chmod(file, 0o644)
        result = run("serve", folder, *ADDRESS, "--user", "joe:x", "--host-key", file, env=home)
        assert result.returncode == 1
        assert f'"{file}": is not a private key' in result.stderr and more in result.stderr and "chmod" not in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_host_key_of_somebody_else(home, folder, tmp_path):
    key = make_key(tmp_path / "host")
    os.chown(key, 4711, -1)
    result = run("serve", folder, *ADDRESS, "--user", "joe:x", "--host-key", key, env=home)
    assert result.returncode == 1
    assert f'"{key}"' in result.stderr and "4711" in result.stderr and "chown" in result.stderr


def test_a_kept_host_key_that_others_could_read(home, folder, tmp_path):
    (tmp_path / "state" / "sallyport" / "host_key_rsa").chmod(0o644)
    result = run("serve", folder, *ADDRESS, "--user", "joe:x", env=home)
    assert result.returncode == 1
    assert "host_key_rsa" in result.stderr and "chmod 600" in result.stderr


# Passwords.

def write_passwords(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def test_password_file(home, folder, tmp_path):
    hashed = run("hash-password", text="three\n").stdout.strip()
    key = make_key(tmp_path / "key")
    file = write_passwords(tmp_path / "passwords", f"# ours\n\n  \njoe:one\r\nann:two:with:colons\neva:{hashed}\nkim\n")
    arguments = ["--password-file", file, "--user", "lee:four", "--authorized-keys", f"kim:{key}.pub"]
    with running(folder, *ADDRESS, *arguments, env=home) as server:
        for user, password in (("joe", "one"), ("ann", "two:with:colons"), ("eva", "three"), ("lee", "four")):
            assert sftp(server.port, user, "ls\n", tmp_path, password=password).returncode == 0, user
        assert sftp(server.port, "kim", "ls\n", tmp_path, password="x", key=key).returncode == 0
        for user, password in (("joe", "two"), ("kim", "one"), ("# ours", "x"), ("eva", hashed)):
            assert sftp(server.port, user, "ls\n", tmp_path, password=password).returncode != 0, user
    assert f"Password     as given in {file}\n" in server.stderr
    assert "two:with" not in server.stderr and hashed not in server.stderr


def test_a_pipe_is_a_password_file(home, folder, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    writer = threading.Thread(target=lambda: pipe.write_text("joe:one\n"))
    writer.start()
    with running(folder, *ADDRESS, "--password-file", pipe, env=home) as server:
        assert sftp(server.port, "joe", "ls\n", tmp_path, password="one").returncode == 0
    writer.join()


@pytest.mark.parametrize("text, words", [
    ("joe:one\n:two\n", ["line 2", "name"]),
    ("joe:\n", ["line 1", "empty"]),
    (" joe:one\n", ["line 1", "space"]),
    ("joe :one\n", ["line 1", "space"]),
    ("joe:a\0b\n", ["line 1", "NUL byte"]),
    ("ann:one\njoe:one\n\njoe:two\n", ["line 4", "joe", "once"]),
    ("joe:$6$salt$\n", ["line 1", "joe", "hash"]),
    ("joe:$y$j9T$abc$def:19000:0:99999:7:::\n", ["line 1", "hash"]),
    ("\njoe:$apr1$salt$NUGZOx4d0pNDhQH0d1rkx/\n", ["line 2", "hash-password"]),
    (f"joe:{'a' * 512}\n", ["line 1", "511"]),
    ("joe:$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA\n", ["line 1", "unknown", "hash-password"]),
    ("", ["contains no users", "NAME:PASSWORD"]),
    ("# joe:one\n\n", ["contains no users"]),
])
def test_mistakes_in_a_password_file(text, words, home, folder, tmp_path):
    file = write_passwords(tmp_path / "passwords", text)
    result = run("serve", folder, *ADDRESS, "--password-file", file, env=home)
    assert result.returncode == 2
    assert f'--password-file "{file}"' in result.stderr and "two" not in result.stderr
    for word in words:
        assert word in result.stderr, result.stderr


def test_a_user_in_both_places(home, folder, tmp_path):
    file = write_passwords(tmp_path / "passwords", "joe:one\n")
    for arguments in (["--user", "joe:x", "--password-file", file], ["--password-file", file, "--user", "joe:x"],
                      ["--password-file", file, "--password-file", file]):
        result = run("serve", folder, *ADDRESS, *arguments, env=home)
        assert result.returncode == 2 and "once" in result.stderr


def test_password_files_that_cannot_be_used(home, folder, tmp_path):
    (tmp_path / "long").write_text("#" * (4 * 1024 * 1024 + 1))
    (tmp_path / "long").chmod(0o600)
    for path, word in ((tmp_path / "none", "NAME:PASSWORD"), (tmp_path, "regular file"), ("/dev/null", "regular file"),
                       (tmp_path / "long", "4 MiB")):
        result = run("serve", folder, *ADDRESS, "--password-file", path, env=home)
        assert result.returncode == 1
        assert str(path) in result.stderr and word in result.stderr
    for mode in (0o644, 0o640, 0o620, 0o602):
        file = write_passwords(tmp_path / "passwords", "joe:one\n", mode)
        result = run("serve", folder, *ADDRESS, "--password-file", file, env=home)
        assert result.returncode == 1
        assert f"{mode:04o}" in result.stderr and f'chmod 600 "{file}"' in result.stderr


# Authorized keys.

@pytest.fixture
def shared(tmp_path):
    """A folder that others may be allowed to write, with joe's keys."""
    key = make_key(tmp_path / "joe")
    directory = tmp_path / "shared"
    directory.mkdir(mode=0o755)
    lines = directory / "keys"
    lines.write_text(key.with_suffix(".pub").read_text())
    lines.chmod(0o644)
    return key, lines


def test_keys_that_others_could_change(home, folder, tmp_path, shared):
    key, lines = shared

    def gets_in(server):
        return sftp(server.port, "joe", "ls\n", tmp_path, password="wrong", key=key).returncode == 0

    with running(folder, *ADDRESS, "--user", "joe", "--authorized-keys", lines, env=home) as server:
        assert gets_in(server)
        for culprit, mode in ((lines, 0o664), (lines.parent, 0o775), (lines.parent, 0o757)):
            before = culprit.stat().st_mode & 0o7777
            culprit.chmod(mode)
            assert not gets_in(server)
            culprit.chmod(before)
            assert gets_in(server)
        lines.parent.chmod(0o1777)
        assert gets_in(server)
        lines.parent.chmod(0o755)
        assert server.stop() == 0
    told = [line for line in server.stderr.splitlines() if "auth.untrusted_file" in line or "chmod go-w" in line]
    assert len(told) == 3, server.stderr
    assert str(lines) in told[0] and "0664" in told[0] and f"{lines.parent}" in told[1] and "0775" in told[1] and "0757" in told[2]


def test_keys_that_others_could_change_when_nobody_minds(home, folder, tmp_path, shared):
    key, lines = shared
    lines.chmod(0o666)
    lines.parent.chmod(0o777)
    arguments = ["--user", "joe", "--authorized-keys", lines, "--set", "auth.strict_modes=no"]
    with running(folder, *ADDRESS, *arguments, env=home) as server:
        assert sftp(server.port, "joe", "ls\n", tmp_path, password="wrong", key=key).returncode == 0


@pytest.mark.parametrize("options", ["", "restrict "])
def test_a_key_without_a_command(options, home, folder, tmp_path, shared):
    key, lines = shared
    lines.write_text(options + lines.read_text())
    with running(folder, *ADDRESS, "--user", "joe", "--authorized-keys", lines, env=home) as server:
        assert "b1946ac9" in ssh(server.port, key, "md5sum", "hello.txt").stdout


def test_a_key_for_sftp_alone(home, folder, tmp_path, shared):
    key, lines = shared
    lines.write_text('command="internal-sftp" ' + lines.read_text())
    with running(folder, *ADDRESS, "--user", "joe", "--authorized-keys", lines, env=home) as server:
        assert sftp(server.port, "joe", f"put {tmp_path}/batch new\n", tmp_path, password="wrong", key=key).returncode == 0
        for command in (["md5sum", "hello.txt"], ["scp", "-f", "hello.txt"], ["scp", "-t", "."], ["df"], ["sh"], ["internal-sftp"],
                        ["-s", "nothing"], []):
            result = ssh(server.port, key, *command)
            assert result.returncode != 0 and "hello" not in result.stdout and "b1946ac9" not in result.stdout, command
    assert sorted(path.name for path in folder.iterdir()) == ["hello.txt", "new"]


def test_a_key_with_options_of_sftp_server(home, folder, tmp_path, shared):
    key, lines = shared
    line = lines.read_text()
    (folder / "in").mkdir()
    with running(folder, *ADDRESS, "--user", "joe", "--authorized-keys", lines, env=home) as server:
        def does(batch):
            return sftp(server.port, "joe", batch, tmp_path, password="wrong", key=key)

        lines.write_text(f'command="/usr/lib/openssh/sftp-server -R -d in" {line}')
        result = does("pwd\n")
        assert result.returncode == 0 and "/in" in result.stdout
        assert does("mkdir new\n").returncode != 0
        lines.write_text(f'command="internal-sftp -P mkdir" {line}')
        assert does("mkdir new\n").returncode != 0
        assert does(f"put {tmp_path}/batch new\nrm new\n").returncode == 0
        for command in ("internal-sftp -u 077", "internal-sftp -P nothing", "/bin/sh", "rsync --server"):
            lines.write_text(f'command="{command}" {line}')
            assert does("ls\n").returncode != 0, command
        assert server.stop() == 0
    refusals = [line for line in server.stderr.splitlines() if "auth.asked" in line and "reason=" in line]
    assert refusals and all("is not supported" in line or "restricted to another command" in line for line in refusals)
