"""Files of the official data sets: where they lie, and how a missing one is fetched.  No torch here.

Nothing is parsed before its MD5 is the official one. (MD5 guards against damage and mix-ups: it is what the
official pages publish. The files come over https where the host offers it.)
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from lossmatters.theory.cache import user_folder
from lossmatters.theory.files import DiskFullError, space_needed, write_whole
from lossmatters.theory.progress import progress as told

VARIABLE = "LOSSMATTERS_DATA"
OFFLINE = "LOSSMATTERS_OFFLINE"  # set to anything but 0: nothing is ever fetched
CHUNK = 1 << 18
TIMEOUT = 30.0  # seconds without a byte before a connection counts as dead
ATTEMPTS = 3  # connections in a row to one mirror that bring nothing new


class DataError(OSError):
    """A file of a data set is missing or is not the official one; the message says what to do."""


class _Refused(Exception):
    """A mirror does not have the file as it should be."""


@dataclass(frozen=True)
class OfficialFile:
    """One file as its makers publish it.

    Attributes
    ----------
    path : below the data folder, with forward slashes.
    md5 : in hexadecimal.
    size : in bytes; no more is ever downloaded.
    urls : the places to get it from, in the order to try them; empty if it comes inside an archive.
    """

    path: str
    md5: str
    size: int
    urls: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def under(self, folder: Path) -> Path:
        return folder.joinpath(*self.path.split("/"))


def data_folder(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of the data sets: `data_dir`, or LOSSMATTERS_DATA, or the user's cache folder."""
    return user_folder(data_dir if data_dir is not None else os.environ.get(VARIABLE))


def require(
    files: Sequence[OfficialFile],
    folder: Path,
    *,
    archive: OfficialFile | None = None,
    download: bool = True,
    progress: bool = True,
) -> list[Path]:
    """Return the paths of `files`, each present with its official MD5; what is missing is fetched first.

    A file is downloaded beside its place, under a name that ends in ``.part``, checked, and then renamed: a
    file under its own name is whole. A ``.part`` that an interruption left is gone on with. Call it in one
    process at a time.

    Parameters
    ----------
    archive : a tar file that holds all of `files`, which is unpacked if one of them is missing.
    download : whether a missing file may be fetched.
    progress : show a bar on the standard error, if it is a terminal.

    Raises
    ------
    DataError : a file that is there is not the official one, or one is missing and cannot be fetched.
    """
    present = [file.under(folder).is_file() for file in files]
    for file, there in zip(files, present, strict=True):
        if there:
            _check(file, folder)
    if not all(present):
        wanted = files if archive is None else (archive,)
        for file in wanted:
            if file.under(folder).is_file():
                _check(file, folder)
                continue
            try:
                if not download:
                    raise _Refused("downloading was not asked for")
                if os.environ.get(OFFLINE, "0") not in ("", "0"):
                    raise _Refused("offline")
                fetch(file, folder, progress=progress)
            except (_Refused, OSError) as error:
                raise DataError(_advice(file, files, archive, folder, error)) from error
        if archive is not None:
            unpack(archive.under(folder), {file.name: file for file in files}, folder)
    return [file.under(folder) for file in files]


def fetch(file: OfficialFile, folder: Path, *, progress: bool = True) -> Path:
    """Download one file from the first of its places that serves it right; its path.

    Raises
    ------
    OSError : no place does, or the disk takes no more.
    """
    path = file.under(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    reasons = []
    for url in file.urls:
        # What an earlier call left may be damaged: then once more, from nothing.
        for _ in range(2 if part.exists() else 1):
            try:
                with space_needed(part, file.size):
                    _download(url, part, file.size, progress)
            except DiskFullError:
                raise  # at no other place is there more space here
            except (_Refused, OSError, HTTPException) as error:
                reasons.append(f"{url}: {_reason(error)}")
                break
            if md5(part) == file.md5:
                os.replace(part, path)
                return path
            part.unlink()
        else:
            reasons.append(f"{url}: what it serves does not have the MD5 {file.md5}")
    raise OSError("; ".join(reasons) or "no place is known to download it from")


def md5(path: Path) -> str:
    """Return the MD5 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def unpack(archive: Path, members: Mapping[str, OfficialFile], folder: Path) -> None:
    """Take `members`, found by their last name, out of a tar file, and nothing else.

    Nothing of the archive decides where a file is written, of what kind it is, or how large it may become.
    """
    left = dict(members)
    with tarfile.open(archive, "r:*") as tar:
        for entry in tar:
            file = left.get(entry.name.rpartition("/")[2])
            if file is None or entry.name.removeprefix("./") != file.path or not entry.isreg():
                continue
            if entry.size != file.size:
                raise DataError(f"{archive}: {entry.name} must be of {file.size} bytes, got {entry.size}")
            stream = tar.extractfile(entry)
            assert stream is not None  # it is for a regular file
            content = stream.read(file.size)
            if hashlib.md5(content, usedforsecurity=False).hexdigest() != file.md5:
                raise DataError(f"{archive}: the MD5 of {entry.name} must be {file.md5}")
            write_whole(file.under(folder), content)
            del left[file.name]
    if left:
        raise DataError(f"{archive} must hold {', '.join(file.path for file in left.values())}")


def _check(file: OfficialFile, folder: Path) -> None:
    path = file.under(folder)
    found = md5(path)
    if found != file.md5:
        raise DataError(
            f"{path} must be the official file with the MD5 {file.md5}, got md5={found!r}; "
            "remove it to have it fetched again"
        )


def _advice(
    file: OfficialFile,
    files: Iterable[OfficialFile],
    archive: OfficialFile | None,
    folder: Path,
    error: Exception,
) -> str:
    lines = [f"{file.name} is missing and was not fetched ({_reason(error)}). Put the official files here:"]
    lines += [f"  {f.under(folder)}  (MD5 {f.md5})" for f in files if not f.under(folder).is_file()]
    if archive is not None:
        lines.append(f"or the archive they come in: {archive.under(folder)}  (MD5 {archive.md5});")
    lines.append(f"or name the folder that has them by --data-dir or {VARIABLE}.")
    return "\n".join(lines)


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    return str(reason if reason is not None else error) or type(error).__name__


def _download(url: str, part: Path, size: int, progress: bool) -> None:
    """Bring `part` to `size` bytes, going on where it ends; reconnect as long as that brings more."""
    idle = 0
    while True:
        have = part.stat().st_size if part.exists() else 0
        if have == size:
            return
        if have > size:
            part.unlink()
            have = 0
        failure: Exception | None = None
        try:
            _transfer(url, part, have, size, progress)
        except urllib.error.HTTPError as error:
            with error:
                raise _Refused(f"HTTP {error.code} {error.msg}") from error
        except (HTTPException, urllib.error.URLError, ConnectionError, TimeoutError) as error:
            failure = error
        now = part.stat().st_size if part.exists() else 0
        idle = 0 if now > have else idle + 1
        if idle == ATTEMPTS:
            raise _Refused(_reason(failure) if failure else f"ends after {now} of {size} bytes")


def _transfer(url: str, part: Path, have: int, size: int, progress: bool) -> None:
    """Open one connection and append to `part` what comes, up to `size` bytes in all."""
    headers = {"User-Agent": "lossmatters", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT) as response:
        if have and not _continues(response, have):
            have = 0  # the server sends the whole file
        name = part.name.removesuffix(".part")
        with (
            told(name, size, show=progress, unit="bytes") as report,
            part.open("ab" if have else "wb") as stream,
        ):
            while have < size and (chunk := response.read(min(CHUNK, size - have))):
                stream.write(chunk)
                have += len(chunk)
                report(have, "")
        if have == size and response.read(1):
            part.unlink()
            raise _Refused(f"sends more than {size} bytes")


def _continues(response: object, have: int) -> bool:
    """Tell whether a response begins where the part ends."""
    status, headers = getattr(response, "status", None), getattr(response, "headers", {})
    return status == 206 and str(headers.get("Content-Range", "")).startswith(f"bytes {have}-")
