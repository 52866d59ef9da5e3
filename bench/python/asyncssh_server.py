"""AsyncSSH's SFTP server: PORT FOLDER HOST_KEY AUTHORIZED_KEYS."""

import asyncio
import sys

import asyncssh


class Server(asyncssh.SSHServer):
    def password_auth_supported(self):
        return False


async def main(port, folder, host_key, authorized):
    await asyncssh.listen("127.0.0.1", int(port), server_factory=Server, server_host_keys=[host_key],
                          authorized_client_keys=authorized, allow_scp=False,
                          sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=folder.encode()))
    print(f"listening on port {port}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
