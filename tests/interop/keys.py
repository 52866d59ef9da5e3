"""Keys of the client and the host, made once per test run."""

import pathlib
import subprocess

# A name for each, ssh-keygen's arguments, and the algorithm by which a client asks for it.
KINDS = {
    "ed25519": (["-t", "ed25519"], "ssh-ed25519"),
    "ecdsa256": (["-t", "ecdsa", "-b", "256"], "ecdsa-sha2-nistp256"),
    "ecdsa384": (["-t", "ecdsa", "-b", "384"], "ecdsa-sha2-nistp384"),
    "ecdsa521": (["-t", "ecdsa", "-b", "521"], "ecdsa-sha2-nistp521"),
    "rsa": (["-t", "rsa", "-b", "2048"], "rsa-sha2-512"),
}


class Keys:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        for kind, (arguments, _) in KINDS.items():
            for role in ("host", "client"):
                self._make(role, kind, arguments)
        self._make("stranger", "ed25519", ["-t", "ed25519"])
        self.authorized = self.directory / "authorized_keys"
        self.authorized.write_text("".join(self.public("client", kind) for kind in KINDS))
        self.known_hosts = self.directory / "known_hosts"
        self.known_hosts.write_text("".join("* " + self.public("host", kind) for kind in KINDS))

    def _make(self, role, kind, arguments):
        subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", f"{role}-{kind}", "-f", self.path(role, kind), *arguments],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def path(self, role, kind="ed25519"):
        return self.directory / f"{role}_{kind}"

    def public(self, role, kind="ed25519"):
        return self.path(role, kind).with_suffix(".pub").read_text()

    def fingerprint(self, role, kind="ed25519"):
        """Such as "SHA256:abc..."."""
        output = subprocess.run(["ssh-keygen", "-l", "-f", self.path(role, kind).with_suffix(".pub")], check=True,
                                capture_output=True, text=True).stdout
        return output.split()[1]
