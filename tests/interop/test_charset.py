"""Names of files in other charsets than UTF-8, and names that are in none."""

import os

import pytest

import pythonic
import raw_sftp
import test_versions
from raw_sftp import text
from test_versions import attrs_of, get_text

NAME = "файл"
THERE = NAME.encode("koi8-r")
TRANSLATION_ERROR = 0x800


@pytest.fixture
def koi8(start):
    return start(settings={"sftp.filename_charset": "KOI8-R"})


@pytest.fixture
def session():
    clients = []

    def begin(server, version):
        client = pythonic.paramiko_transport(server)
        clients.append(client)
        channel = client.open_session()
        channel.invoke_subsystem("sftp")
        channel.settimeout(20)
        return test_versions.Session(channel, version)

    yield begin
    for client in clients:
        client.close()


def there(server, name=THERE):
    return os.path.join(os.fsencode(server.root), name)


def names(session, path="/"):
    kind, body = session.ask(raw_sftp.OPENDIR, text(path))
    assert kind == raw_sftp.HANDLE
    kind, body = session.ask(raw_sftp.READDIR, text(body[4:]))
    found, body = {}, body[4:]
    while len(body) > 1:
        name, body = get_text(body)
        if session.version == 3:
            _, body = get_text(body)
        found[name], body = attrs_of(session.version, body)
    return {name: attrs for name, attrs in found.items() if name not in (b".", b"..")}


def translate(session, on):
    return session.extended("filename-translation-control", bytes([on]))


@pytest.mark.parametrize("version", (3, 4, 5, 6))
def test_names_are_translated(koi8, session, version):
    with open(there(koi8), "wb") as file:
        file.write(b"1234")
    s = session(koi8, version)
    assert s.pairs["filename-charset"] == b"KOI8-R"
    utf8, raw = NAME.encode(), THERE
    assert list(names(s)) == [utf8 if version > 3 else raw]
    assert s.stat(b"/" + (utf8 if version > 3 else raw))["size"] == 4
    assert translate(s, False) == 0
    assert list(names(s)) == [raw] and s.stat(b"/" + raw)["size"] == 4 and s.stat(b"/" + utf8) == 2
    assert translate(s, True) == 0
    assert list(names(s)) == [utf8] and s.stat(b"/" + utf8)["size"] == 4
    handle = s.open("/" + NAME + "2", test_versions.WRITE_DATA, test_versions.CREATE_NEW)
    assert s.close(handle) == 0
    assert os.path.exists(there(koi8, THERE + b"2"))
    assert s.code(raw_sftp.OPENDIR, text("/日本")) == (20 if version > 5 else 5)


def test_after_version_select(koi8, session):
    open(there(koi8), "wb").close()
    s = session(koi8, 3)
    assert s.pairs["filename-charset"] == b"KOI8-R"
    assert s.extended("version-select", text("6")) == 0
    s.version = 6
    assert list(names(s)) == [NAME.encode()]


def test_what_is_no_utf8_is_marked(server, session):
    open(there(server, b"caf\xe9"), "wb").close()
    (server.root / "plain").write_bytes(b"")
    for version in (4, 5, 6):
        s = session(server, version)
        assert s.pairs["filename-charset"] == b"UTF-8"
        found = names(s)
        assert set(found) == {b"caf\xe9", b"plain"}
        assert s.stat(b"/caf\xe9")["size"] == 0
        if version == 6:
            assert found[b"caf\xe9"]["untranslated"] == b"caf\xe9"
            assert found[b"caf\xe9"]["bits"][0] & TRANSLATION_ERROR
            assert not found[b"plain"]["bits"][0] & TRANSLATION_ERROR
            assert translate(s, False) == 0
            assert "untranslated" not in names(s)[b"caf\xe9"]


def test_names_of_no_charset(start, session):
    server = start(settings={"sftp.filename_charset": ""})
    open(there(server, b"caf\xe9"), "wb").close()
    s = session(server, 6)
    assert "filename-charset" not in s.pairs and translate(s, True) == 8
    assert "untranslated" not in names(s)[b"caf\xe9"]


@pytest.mark.parametrize("charset", ("no-such", "UTF-16", "ISO-2022-JP", "KOI8-R//TRANSLIT"))
def test_charsets_that_cannot_be(start, charset):
    with pytest.raises(AssertionError):
        start(settings={"sftp.filename_charset": charset})


@pytest.mark.parametrize("version", (4, 5, 6))
def test_lftp(koi8, server, work, version):
    (work / "file").write_text("text\n")
    for one in (koi8, server):
        test_versions.lftp(one, version, "set file:charset UTF-8", f"put {work}/file -o {NAME}", f"mkdir {NAME}.d",
                           f"mv {NAME} {NAME}.d/", f"get {NAME}.d/{NAME} -o {work}/back")
        assert (work / "back").read_text() == "text\n"
        (work / "back").unlink()
    assert os.listdir(there(koi8, THERE + b".d")) == [THERE]
    assert os.listdir(there(server, NAME.encode() + b".d")) == [NAME.encode()]


def test_lftp_of_version_6_and_names_of_no_charset(server, work):
    os.mkdir(there(server, b"d"))
    for name in (b"caf\xe9", b"plain", b"\xff\xfe"):
        with open(there(server, b"d/" + name), "wb") as file:
            file.write(name)
    result = test_versions.lftp(server, 6, "set file:charset ISO-8859-1", "cls -l /d", "cat /d/plain")
    assert "plain" in result.stdout
