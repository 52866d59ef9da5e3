"""restic: a backup is made, checked and brought back."""

import os

import openssh
import trees


def restic(server, *arguments, check=True):
    words = ["ssh", "-F", "none", "-p", str(server.port), *(str(word) for word in openssh.options(server)),
             f"{server.user}@127.0.0.1", "-s", "sftp"]
    env = {**os.environ, "RESTIC_PASSWORD": "backup", "RESTIC_CACHE_DIR": str(server.root.parent / "cache")}
    return openssh.run(["restic", "-r", f"sftp:{server.user}@127.0.0.1:/repository", "-o", f"sftp.command={' '.join(words)}",
                        *arguments], check=check, env=env)


def test_backup_check_restore(server, work):
    source = trees.make_tree(work / "source", bytes_names=True)
    trees.write(source / "larger", 20_000_000)
    restic(server, "init")
    restic(server, "backup", source)
    (source / "size-4096").write_text("changed")
    restic(server, "backup", source)
    assert restic(server, "snapshots", "--json").stdout.count('"short_id"') == 2
    restic(server, "check", "--read-data")
    restic(server, "restore", "latest", "--target", work / "back")
    trees.assert_same(source, work / "back" / str(source).lstrip("/"), want=("mode", "mtime"))
    restic(server, "forget", "--keep-last", "1", "--prune")
    restic(server, "check")
