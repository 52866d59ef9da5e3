"""PuTTY's psftp and pscp, with the host key given and no question asked."""

import subprocess

from openssh import run


def key(server):
    """The client's key in PuTTY's own format."""
    path = server.keys.directory / "client.ppk"
    if not path.exists():
        subprocess.run(["puttygen", str(server.keys.path("client")), "-O", "private", "-o", str(path)], check=True)
    return path


def common(server):
    return ["-batch", "-noagent", "-hostkey", server.keys.fingerprint("host"), "-P", server.port,
            "-i", key(server), "-l", server.user]


def psftp(server, batch, check=True, timeout=280, arguments=()):
    script = server.keys.directory / f"psftp-{server.port}.txt"
    script.write_text(batch + "\nquit\n")
    return run(["psftp", *common(server), *arguments, "-b", script, "127.0.0.1"], check=check, timeout=timeout)


def pscp(server, *arguments, check=True, timeout=280):
    return run(["pscp", *common(server), "-sftp", *arguments], check=check, timeout=timeout)
