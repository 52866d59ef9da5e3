"""OpenSSH's clients, told everything they need to know and nothing from the user's own files."""

import subprocess

from process import assert_no_report


def options(server, key="ed25519", role="client", **more):
    """-o options for ssh, sftp, scp and sshfs."""
    settings = {
        "BatchMode": "yes", "IdentitiesOnly": "yes", "IdentityFile": server.keys.path(role, key),
        "UserKnownHostsFile": server.keys.known_hosts, "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes", "ConnectTimeout": "20", "UpdateHostKeys": "no", "LogLevel": "ERROR",
    }
    settings.update(more)
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def run(command, text_in=None, timeout=240, check=True, env=None):
    """Runs a client. `check`: it must succeed."""
    command = [word if isinstance(word, bytes) else str(word) for word in command]
    data = text_in.encode("utf-8", "surrogateescape") if isinstance(text_in, str) else text_in
    result = subprocess.run(command, input=data if data is not None else b"", capture_output=True, timeout=timeout,
                            check=False, env=env)
    result.stdout = result.stdout.decode(errors="surrogateescape")
    result.stderr = result.stderr.decode(errors="surrogateescape")
    assert_no_report(result.stderr)
    if check:
        assert result.returncode == 0, f"{command[0]} failed with {result.returncode}:\n{result.stdout}\n{result.stderr}"
    return result


def sftp(server, batch, *arguments, check=True, timeout=240, **more):
    """A batch of sftp commands, one per line."""
    command = ["sftp", "-F", "none", "-b", "-", "-P", server.port, *options(server, **more), *arguments,
               f"{server.user}@127.0.0.1"]
    return run(command, text_in=batch if batch.endswith("\n") else batch + "\n", check=check, timeout=timeout)


def scp(server, *arguments, check=True, timeout=240, **more):
    """In SFTP mode (the default since 9.0). Remote paths are written remote(server, path)."""
    return run(["scp", "-F", "none", "-q", "-P", server.port, *options(server, **more), *arguments], check=check, timeout=timeout)


def remote(server, path):
    return f"{server.user}@127.0.0.1:{path}"


def ssh(server, *arguments, check=True, timeout=60, text_in=None, **more):
    return run(["ssh", "-F", "none", "-p", server.port, *options(server, **more), f"{server.user}@127.0.0.1", *arguments],
               check=check, timeout=timeout, text_in=text_in)


def quoted(path):
    """A path as sftp's batch reads it, with patterns switched off."""
    text = str(path)
    for character in "\\\"'[]*? {}\t#":
        text = text.replace(character, "\\" + character)
    return text
