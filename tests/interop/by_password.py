"""An example, or another small server with the user demo, and OpenSSH's clients, which log in by password."""

import os

import openssh
from process import sanitizer_env
from test_examples import EXAMPLES, Example

OPTIONS = ["-F", "none", "-q", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=no",
           "-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1"]


class ByPassword(Example):
    def __init__(self, name, folder, place=EXAMPLES):
        self.ask = folder.parent / "ask"
        self.ask.write_text("#!/bin/sh\necho demo\n")
        self.ask.chmod(0o700)
        super().__init__(name, folder, place)

    def run(self, *command, text_in=None, check=True):
        env = {**os.environ, **sanitizer_env(), "SSH_ASKPASS": str(self.ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":"}
        return openssh.run(command, text_in=text_in, check=check, env=env)

    def sftp(self, batch, check=True):
        return self.run("sftp", *OPTIONS, "-P", self.port, "-b", "-", "demo@127.0.0.1", text_in=batch + "\n", check=check)

    def scp(self, *arguments, check=True):
        return self.run("scp", *OPTIONS, "-P", self.port, *arguments, check=check)
