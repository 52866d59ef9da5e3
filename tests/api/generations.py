"""Programs and libraries of this release and of a next one, in every pair: `generations` works, sftp reaches its server, and the
structures that callbacks are shown are as long as the library's. What only the next release knows is refused.

Usage: generations.py NOW NEXT LIBRARY_DIRECTORY [--next], with the library of that release in the directory
NOW and NEXT are `generations` compiled with the headers of this and the next release."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

from next_headers import INCLUDE, grown

BATCH = "put {file} /up\nget /up {file}.back\nls -l /\n"
SHOWN = {"event", "request", "problem", "info", "file"}


def environment(directory):
    return {**os.environ, "LD_LIBRARY_PATH": str(directory)}


def run(program, what, directory):
    result = subprocess.run([program, what], text=True, capture_output=True, env=environment(directory), timeout=60, check=False)
    if result.returncode:
        sys.exit(f"{program} {what}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout.splitlines()


def transfer(port):
    """A clean session of OpenSSH's client, and a client that breaks the protocol."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "file"
        file.write_text("Hello")
        options = ["-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR", "-oIdentitiesOnly=yes",
                   "-oIdentityFile=none", "-oBatchMode=yes"]
        address = ["-F", "none", *options]
        if subprocess.run(["ssh", *address, "-p", str(port), "joe@127.0.0.1", "ping"], text=True, check=True, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout != "pong\n":
            sys.exit("no answer to the command")
        subprocess.run(["sftp", *address, "-P", str(port), "-b", "-", "joe@127.0.0.1"], text=True, check=True,
                       input=BATCH.format(file=file), stdout=subprocess.DEVNULL, timeout=60)
        if pathlib.Path(f"{file}.back").read_text() != "Hello":
            sys.exit("what came back differs")
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(b"no SSH\r\n" * 1024)
        try:
            while line.recv(4096):
                pass
        except ConnectionError:
            pass


def serve(program, directory, of_next):
    with subprocess.Popen([program, "server"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=environment(directory)) as process:
        try:
            transfer(int(process.stdout.readline().split()[1]))
            lines = process.communicate("", timeout=60)[0].splitlines()
        finally:
            process.kill()
    told = dict(line.split(": ") for line in lines)
    if process.returncode or told.pop("server", "") != "done":
        sys.exit(f"{program} server: {process.returncode}")
    if told != dict.fromkeys(SHOWN, "next" if of_next else "now"):
        sys.exit(f"{program} server: callbacks were shown {told}")


def main():
    now, following, directory = sys.argv[1:4]
    of_next = "--next" in sys.argv
    if not shutil.which("sftp"):
        sys.exit(77)
    ends, begins = run(now, "sizes", directory), run(following, "sizes", directory)
    if ends != begins:
        sys.exit(f"structures that end in padding, where a new member would not be seen: {sorted(set(ends) ^ set(begins))}")
    declared = {name for path in INCLUDE.rglob("*.h") for name in grown(path.read_text())[1]}
    growing = {line.split()[0] for line in ends}
    if growing != declared:
        sys.exit(f"generations.c must use these, too, and say their sizes: {sorted(declared ^ growing)}")
    for program in (now, following):
        run(program, "client", directory)
        serve(program, directory, of_next and program == following)
    if not of_next:
        refused = {line.removeprefix("refused: ") for line in run(following, "unknown", directory)}
        # Those that only the library makes or fills, and the one that is tried by the server.
        made = {"sally_auth_event", "sally_channel_options", "sally_connection_facts", "sally_connection_info", "sally_counters", "sally_file_info",
                "sally_problem", "sally_session_request", "sally_sign_request"}
        if growing != refused | made:
            sys.exit(f"not tried: {sorted(growing - refused - made)}")
    print("done")


if __name__ == "__main__":
    main()
