"""Symbolic links by every client that can be had: clients differ in the order of SYMLINK's arguments."""

import os
import pathlib
import subprocess

import pytest

import openssh
import pythonic
import test_lftp
from process import ROOT

HERE = pathlib.Path(__file__).parent / "clients"
JAVA = pathlib.Path("/usr/share/java")
MODULES = ROOT / ".deps" / "node" / "node_modules"
# To what is there, by an absolute path and by relative ones, and to what is not.
LINKS = {"/absolute": "/dir/file", "/relative": "dir/file", "/dir/inside": "file", "/dir/up": "../file", "/dangling": "no/where"}
LEADING = {link: target for link, target in LINKS.items() if link != "/dangling"}


def words(links):
    return [word for pair in links.items() for word in pair]


def login(server):
    return [server.port, server.user, server.password]


def with_sftp(server, links, _work):
    openssh.sftp(server, "\n".join(f"symlink {target} {link}" for link, target in links.items()))


def with_lftp(server, links, _work, version=3):
    test_lftp.lftp(server, f"set sftp:protocol-version {version}", "close -a",
                   *[f"ln -s {target} {link}" for link, target in links.items()])


def with_curl(server, links, _work):
    # curl 7.88.1 of Debian says that it failed, whatever it hears: the server's files tell.
    for link, target in links.items():
        openssh.run(["curl", "-sS", "-k", "-u", f"{server.user}:{server.password}", "-o", "/dev/null", "-Q",
                     f"symlink {target} {link}", f"sftp://127.0.0.1:{server.port}/"], check=False)


def with_paramiko(server, links, _work):
    with pythonic.paramiko_sftp(server) as client:
        for link, target in links.items():
            client.symlink(target, link)


def with_asyncssh(server, links, _work, version=3):
    async def make():
        async with pythonic.asyncssh_connect(server) as connection:
            async with connection.start_sftp_client(sftp_version=version) as client:
                for link, target in links.items():
                    await client.symlink(target, link)

    pythonic.run(make())


def with_phpseclib(loader):
    def make(server, links, _work):
        openssh.run(["php", HERE / "phpseclib.php", loader, *login(server), *words(links)])

    return make


def with_foreign(server, links, _work):
    options = "\n".join(str(word) for word in openssh.options(server))
    openssh.run(["perl", HERE / "foreign.pl", server.port, server.user, options, *words(links)])


def with_node(server, links, _work):
    openssh.run(["node", HERE / "ssh2.js", MODULES, *login(server), *words(links)])


def with_java(jar, source):
    def make(server, links, _work):
        openssh.run(["java", "-cp", JAVA / jar, HERE / source, *login(server), *words(links)])

    return make


def with_libssh(server, links, work):
    program = work / "libssh"
    subprocess.run(["cc", "-o", program, HERE / "libssh.c", "-lssh"], check=True)
    openssh.run([program, *login(server), *words(links)], env={**os.environ, "HOME": str(work)})


def with_ruby(order, version=3):
    def make(server, links, _work):
        openssh.run(["ruby", HERE / "net_sftp.rb", *login(server), order, *words(links)],
                    env={**os.environ, "SFTP_VERSION": str(version)})

    return make


CLIENTS = {
    "sftp": (with_sftp, LINKS), "lftp": (with_lftp, LINKS), "curl": (with_curl, LINKS), "paramiko": (with_paramiko, LINKS),
    "asyncssh": (with_asyncssh, LINKS),
    "asyncssh-5": (lambda *arguments: with_asyncssh(*arguments, version=5), LINKS),
    "lftp-5": (lambda *arguments: with_lftp(*arguments, version=5), LINKS),
    "phpseclib2": (with_phpseclib("phpseclib/autoload.php"), LINKS),
    "phpseclib3": (with_phpseclib("phpseclib3/autoload.php"), LINKS),
    "foreign": (with_foreign, LINKS), "ssh2": (with_node, LINKS), "libssh": (with_libssh, LINKS),
    "jsch": (with_java("jsch.jar", "Jsch.java"), LINKS),
    "trilead": (with_java("jenkins-trilead-ssh2.jar", "Trilead.java"), LINKS),
    # Its callers have either order: where the file system tells which it is, both work.
    "net-sftp": (with_ruby("target"), LINKS), "net-sftp-by-names": (with_ruby("link"), LEADING),
}


@pytest.fixture(scope="module")
def links_server(tmp_path_factory, keys):
    from process import Server

    settings = {"ssh.macs": "hmac-sha2-256,hmac-sha2-512,hmac-sha1",
                "ssh.kex": "curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha256,diffie-hellman-group14-sha1",
                "ssh.host_key_algorithms": "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-256,ssh-rsa"}  # as old clients need it
    running = Server(tmp_path_factory.mktemp("links"), keys, settings=settings, host_keys=("ed25519", "ecdsa256", "rsa"))
    yield running
    running.finish()


@pytest.mark.parametrize("name", CLIENTS)
def test_links_lead_where_they_should(links_server, work, name):
    make, links = CLIENTS[name]
    root = links_server.root
    (root / "dir").mkdir()
    for file in ("file", "dir/file"):
        (root / file).write_text(file)
    try:
        make(links_server, links, work)
        found = {"/" + str(path.relative_to(root)): os.readlink(path) for path in root.rglob("*") if path.is_symlink()}
        assert found == links
        assert len(list(root.rglob("*"))) == 3 + len(links)
    finally:
        subprocess.run(["rm", "-rf", *root.iterdir()], check=True)
