"""Twisted Conch's SFTP server, over the folders of the system: PORT FOLDER HOST_KEY AUTHORIZED_KEYS."""

import sys

from twisted.conch import avatar
from twisted.conch.checkers import InMemorySSHKeyDB, SSHPublicKeyChecker
from twisted.conch.ssh import factory, filetransfer, keys, session
from twisted.conch.unix import SFTPServerForUnixConchUser
from twisted.cred.portal import Portal
from twisted.internet import reactor
from twisted.python import components
from twisted.python.filepath import FilePath


class User(avatar.ConchUser):
    """The system's files, with nobody's identity changed."""

    def __init__(self):
        super().__init__()
        self.channelLookup[b"session"] = session.SSHSession
        self.subsystemLookup[b"sftp"] = filetransfer.FileTransferServer

    def getUserGroupId(self):
        return None, None

    def getHomeDir(self):
        return FilePath(sys.argv[2])

    def _runAsUser(self, calls, *args, **kw):
        result = None
        for call in calls if hasattr(calls, "__iter__") else [(calls, args, kw)]:
            function, arguments, keywords = (*call, (), {})[:3]
            result = function(*arguments, **keywords)
        return result

    def logout(self):
        pass


components.registerAdapter(SFTPServerForUnixConchUser, User, filetransfer.ISFTPServer)


class Realm:
    def requestAvatar(self, avatarId, mind, *interfaces):
        user = User()
        return interfaces[0], user, user.logout


port, _, host_key, authorized = sys.argv[1:]
server = factory.SSHFactory()
server.privateKeys = {b"ssh-ed25519": keys.Key.fromFile(host_key)}
server.publicKeys = {b"ssh-ed25519": server.privateKeys[b"ssh-ed25519"].public()}
with open(authorized, "rb") as lines:
    known = [keys.Key.fromString(line) for line in lines if line.startswith(b"ssh-ed25519")]
server.portal = Portal(Realm(), [SSHPublicKeyChecker(InMemorySSHKeyDB({b"joe": known}))])
reactor.listenTCP(int(port), server, interface="127.0.0.1")
print(f"listening on port {port}", flush=True)
reactor.run()
