"""Official files: checked before use, fetched and resumed from a server on this machine."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import re
import tarfile
import threading

import pytest

from lossmatters.empirics.data.files import DataError, OfficialFile, data_folder, require

CONTENT = bytes(range(256)) * 40  # 10 240 bytes


def official(path, content=CONTENT, urls=()):
    return OfficialFile(path, hashlib.md5(content).hexdigest(), len(content), tuple(urls))


class Server(http.server.ThreadingHTTPServer):
    """Serves `contents`; `cut` bytes after which a reply breaks off, `ranges` if it can go on elsewhere."""

    def __init__(self, contents, *, cut=None, ranges=True):
        super().__init__(("127.0.0.1", 0), Handler)
        self.contents, self.cut, self.ranges, self.asked = contents, cut, ranges, []

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        content = self.server.contents.get(self.path.lstrip("/"))
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        if content is None:
            self.send_error(404)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and self.server.ranges else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        body = content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cut])

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(contents, **options):
    server = Server(contents, **options)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_missing_file_is_downloaded_once_and_nothing_else_is_left(tmp_path):
    with serving({"a.gz": CONTENT}) as server:
        file = official("set/raw/a.gz", urls=[server.url("a.gz")])
        for _ in range(2):
            assert require([file], tmp_path) == [tmp_path / "set" / "raw" / "a.gz"]
        assert server.asked == [None]
    assert (tmp_path / "set" / "raw" / "a.gz").read_bytes() == CONTENT
    assert names(tmp_path) == ["a.gz"]


def test_a_download_goes_on_where_it_broke_off(tmp_path):
    with serving({"a": CONTENT}, cut=4000) as server:
        require([official("a", urls=[server.url("a")])], tmp_path)
        assert server.asked == [None, "bytes=4000-", "bytes=8000-"]
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_an_interrupted_call_is_taken_up_by_the_next(tmp_path):
    (tmp_path / "a.part").write_bytes(CONTENT[:5000])
    with serving({"a": CONTENT}) as server:
        require([official("a", urls=[server.url("a")])], tmp_path)
        assert server.asked == ["bytes=5000-"]
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("left", [b"?" * 5000, b"?" * len(CONTENT), b"?" * 20_000], ids=len)
def test_what_is_left_but_damaged_is_fetched_anew(tmp_path, left):
    (tmp_path / "a.part").write_bytes(left)
    with serving({"a": CONTENT}) as server:
        require([official("a", urls=[server.url("a")])], tmp_path)
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_server_without_ranges_starts_again(tmp_path):
    (tmp_path / "a.part").write_bytes(CONTENT[:5000])
    with serving({"a": CONTENT}, ranges=False) as server:
        require([official("a", urls=[server.url("a")])], tmp_path)
        assert server.asked == ["bytes=5000-"]
    assert (tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (None, "HTTP 404"),
        (CONTENT[:-1], f"ends after {len(CONTENT) - 1} of {len(CONTENT)} bytes"),
        (CONTENT + b"?", f"sends more than {len(CONTENT)} bytes"),
        (CONTENT[::-1], "does not have the MD5"),
    ],
    ids=["absent", "short", "long", "other"],
)
def test_a_place_that_serves_something_else_gives_way_to_the_next(tmp_path, wrong, reason):
    contents = {"right": CONTENT} | ({} if wrong is None else {"wrong": wrong})
    with serving(contents) as server:
        bad, good = server.url("wrong"), server.url("right")
        with pytest.raises(DataError, match=re.escape(reason)):
            require([official("a", urls=[bad])], tmp_path)
        assert not (tmp_path / "a").exists()
        require([official("a", urls=[bad, good])], tmp_path)
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_without_a_network_the_error_says_which_files_go_where(tmp_path):
    with serving({}) as server:
        gone = server.url("a")
    pair = [official("x/a", urls=[gone]), official("x/b", b"b", urls=[gone])]
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "b").write_bytes(b"b")
    with pytest.raises(DataError) as caught:
        require(pair, tmp_path)
    message = str(caught.value)
    assert f"{tmp_path / 'x' / 'a'}  (MD5 {pair[0].md5})" in message
    assert str(tmp_path / "x" / "b") not in message  # it is there
    assert gone in message
    assert "--data-dir or LOSSMATTERS_DATA" in message


def test_no_connection_is_made_where_none_is_wanted(tmp_path):
    with serving({"a": CONTENT}) as server:
        with pytest.raises(DataError, match="downloading was not asked for"):
            require([official("a", urls=[server.url("a")])], tmp_path, download=False)
        assert server.asked == []


def test_a_file_that_is_not_the_official_one_is_refused_and_kept(tmp_path):
    (tmp_path / "a").write_bytes(b"mine")
    with serving({"a": CONTENT}) as server:
        with pytest.raises(DataError, match=r"must be the official file with the MD5 \w+, got md5="):
            require([official("a", urls=[server.url("a")])], tmp_path)
        assert server.asked == []
    assert (tmp_path / "a").read_bytes() == b"mine"


def packed(*entries):
    """A tar.gz of (name, content) files; content None is a symbolic link to /etc/passwd."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_an_archive_is_fetched_and_only_what_is_wanted_taken_out(tmp_path):
    content = packed(
        ("../outside", b"?"), ("/x/a", b"?"), ("x/a", CONTENT), ("x/b", b"b"), ("x/c", b"?"), ("y/b", None)
    )
    pair = [official("x/a"), official("x/b", b"b")]
    with serving({"all.tar.gz": content}) as server:
        archive = official("all.tar.gz", content, [server.url("all.tar.gz")])
        folder = tmp_path / "in"
        assert [path.read_bytes() for path in require(pair, folder, archive=archive)] == [CONTENT, b"b"]
        assert names(tmp_path) == ["a", "all.tar.gz", "b"]
        (folder / "all.tar.gz").unlink()  # no longer needed
        require(pair, folder, archive=archive)
        assert server.asked == [None]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([("x/a", None)], "must hold x/a"),
        ([("../x/a", CONTENT)], "must hold x/a"),
        ([("x/a", CONTENT + b"?")], "must be of 10240 bytes, got 10241"),
        ([("x/a", CONTENT[::-1])], "the MD5 of x/a must be"),
    ],
    ids=["link", "outside", "size", "content"],
)
def test_an_archive_that_does_not_hold_the_files_is_refused(tmp_path, entries, message):
    content = packed(*entries)
    (tmp_path / "all.tar.gz").write_bytes(content)
    with pytest.raises(DataError, match=message):
        require([official("x/a")], tmp_path, archive=official("all.tar.gz", content), download=False)
    assert names(tmp_path) == ["all.tar.gz"]


def test_the_folder_is_what_was_asked_for_or_the_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("LOSSMATTERS_DATA", raising=False)
    assert data_folder() == tmp_path / "lossmatters"
    monkeypatch.setenv("LOSSMATTERS_DATA", str(tmp_path / "mine"))
    assert data_folder() == tmp_path / "mine"
    assert data_folder(tmp_path / "given") == tmp_path / "given"


def test_nothing_is_fetched_offline(tmp_path, monkeypatch):
    with serving({"file": CONTENT}) as server:
        file = official("file", urls=[server.url("file")])
        monkeypatch.setenv("LOSSMATTERS_OFFLINE", "1")
        with pytest.raises(DataError, match=r"file is missing and was not fetched \(offline\)"):
            require([file], tmp_path, progress=False)
        assert server.asked == []
        monkeypatch.setenv("LOSSMATTERS_OFFLINE", "0")  # the known-false case: it is there to be had
        assert require([file], tmp_path, progress=False)[0].read_bytes() == CONTENT
