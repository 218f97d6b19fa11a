"""MNIST and CIFAR-10: tiny files in the official formats, and the real ones if LOSSMATTERS_DATA is set."""

from __future__ import annotations

import gzip
import hashlib
import os
import pickle
import struct

import numpy as np
import pytest

from lossmatters.empirics.data import DATASETS, Dataset, load
from lossmatters.empirics.data.cifar10 import FILES as CIFAR10_FILES
from lossmatters.empirics.data.cifar10 import cifar10, read_batch
from lossmatters.empirics.data.files import DataError, OfficialFile
from lossmatters.empirics.data.mnist import FILES as MNIST_FILES
from lossmatters.empirics.data.mnist import mnist

HAS_FILES = pytest.mark.skipif("LOSSMATTERS_DATA" not in os.environ, reason="needs the official files")
RNG = np.random.default_rng(0)


def idx(array):
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return gzip.compress(head + array.tobytes(), mtime=0)


def old_pickle(images, labels):
    """The opcodes with which Python 2 wrote a batch: protocol 2, `str` for bytes, flags as 0 and 1."""

    def text(value):
        return b"U" + bytes([len(value)]) + value

    raw = images.tobytes()
    parts = [
        b"\x80\x02}(",
        text(b"labels") + b"](" + b"".join(b"K" + bytes([v]) for v in labels) + b"e",
        text(b"data") + b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R",
        b"(K\x01" + b"M" + struct.pack("<H", len(images)) + b"M" + struct.pack("<H", 3072) + b"\x86",
        b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb",
        b"\x89T" + struct.pack("<I", len(raw)) + raw + b"tb",
        b"u.",
    ]
    return b"".join(parts)


def put(folder, files, contents):
    """Write `contents` under the names of `files`; the same files with the checksums of these."""
    found = []
    for file, content in zip(files, contents, strict=True):
        path = file.under(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        found.append(OfficialFile(file.path, hashlib.md5(content).hexdigest(), len(content)))
    return tuple(found)


def random_images(size, channels, side):
    labels = np.arange(size, dtype=np.uint8) % 10
    return RNG.integers(0, 256, (size, channels, side, side), dtype=np.uint8), labels


def tiny_mnist(folder, train=20, test=10):
    (images, labels), (more, more_labels) = random_images(train, 1, 28), random_images(test, 1, 28)
    contents = [idx(images[:, 0]), idx(labels), idx(more[:, 0]), idx(more_labels)]
    return put(folder, MNIST_FILES, contents), images, labels, more


def test_mnist_is_read_as_it_was_written(tmp_path):
    files, images, labels, more = tiny_mnist(tmp_path)
    data = mnist(tmp_path, files=files, download=False)
    assert np.array_equal(data.train_inputs, images)
    assert np.array_equal(data.train_labels, labels)
    assert np.array_equal(data.test_inputs, more)
    assert data.is_images
    assert data.input_shape == (1, 28, 28)


def test_mnist_with_a_changed_byte_is_not_parsed(tmp_path):
    files, *_ = tiny_mnist(tmp_path)
    path = files[2].under(tmp_path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz must be the official file"):
        mnist(tmp_path, files=files, download=False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x00\x00\x0d\x01\x00\x00\x00\x00", "must be an IDX file of bytes"),
        (struct.pack(">BBBBI", 0, 0, 8, 1, 5) + b"1234", "must hold 5 values, got values=4"),
    ],
    ids=["of floats", "cut short"],
)
def test_what_is_no_idx_file_is_refused(tmp_path, content, message):
    files, *_ = tiny_mnist(tmp_path)
    wrong = put(tmp_path, files[:1], [gzip.compress(content)])
    with pytest.raises(DataError, match=message):
        mnist(tmp_path, files=(*wrong, *files[1:]), download=False)


def test_cifar10_is_read_as_it_was_written(tmp_path):
    batches = [random_images(10 * (n + 1), 3, 32) for n in range(6)]
    contents = [old_pickle(images, labels) for images, labels in batches]
    files = put(tmp_path, CIFAR10_FILES, contents)
    data = cifar10(tmp_path, files=files, download=False)
    assert np.array_equal(data.train_inputs, np.concatenate([images for images, _ in batches[:5]]))
    assert np.array_equal(data.train_labels, np.concatenate([labels for _, labels in batches[:5]]))
    assert np.array_equal(data.test_inputs, batches[5][0])
    assert data.input_shape == (3, 32, 32)


class Runs:
    def __reduce__(self):
        return os.mkdir, ("ran",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(Runs()), r"it names (posix|nt)\.mkdir"),
        (pickle.dumps({"data": "?", "labels": Runs()}, 2), r"it names (posix|nt)\.mkdir"),
        (b"cnumpy\nload\n.", r"it names numpy\.load"),
        (b"\x80\x02}.", "'data'"),
        (b"", "must be a batch of CIFAR-10"),
        (pickle.dumps({"data": b"?" * 3072, "labels": [1]}, 2), r"it names _codecs\.encode"),
        (pickle.dumps({"data": "?", "labels": [1]}, 2), "must hold images as an"),
    ],
)
def test_a_pickle_that_names_anything_else_is_not_run(tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "batch").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_batch(tmp_path / "batch")
    assert not (tmp_path / "ran").exists()


def test_images_of_another_length_or_number_are_refused(tmp_path):
    images, labels = random_images(10, 3, 32)
    (tmp_path / "batch").write_bytes(old_pickle(images, labels[:-1]))
    with pytest.raises(DataError, match="n images of 3072 bytes and n labels"):
        read_batch(tmp_path / "batch")


def images_of(train_labels, test_labels, **changes):
    parts = {
        "name": "tiny",
        "train_inputs": np.arange(len(train_labels) * 4, dtype=np.uint8).reshape(-1, 1, 2, 2),
        "train_labels": np.array(train_labels),
        "test_inputs": np.zeros((len(test_labels), 1, 2, 2), np.uint8),
        "test_labels": np.array(test_labels),
        "num_classes": 2,
        "mean": (1.0,),
        "std": (2.0,),
    }
    return Dataset(**{**parts, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean": ()}, r"mean must be 1 finite numbers, got mean=\(\)"),
        ({"std": (1.0, 1.0)}, r"std must be 1 finite numbers, got std=\(1.0, 1.0\)"),
        ({"std": (0.0,)}, r"std must be > 0, got std=\(0.0,\)"),
        ({"mean": (float("nan"),)}, "mean must be 1 finite numbers"),
        (
            {"test_inputs": np.zeros((2, 1, 2, 3), np.uint8)},
            "test inputs must be of the kind of the training",
        ),
        ({"test_inputs": np.zeros((2, 4), np.float32)}, "test inputs must be of the kind of the training"),
        ({"train_inputs": np.zeros((4, 4), np.uint8)}, r"train arrays must be of shapes \(N, C, H, W\) and"),
    ],
)
def test_images_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        images_of([0, 1, 0, 1], [0, 1], **changes)


def test_the_scaling_is_part_of_the_hash():
    hashes = {
        images_of([0, 1], [0, 1], **change).sha256 for change in ({}, {"mean": (2.0,)}, {"std": (1.0,)})
    }
    assert len(hashes) == 3


def test_a_subset_has_as_many_of_each_class_in_their_order():
    labels = [0] * 7 + [1] * 5 + [0]
    data = images_of(labels, [0, 1, 1])
    part = data.subset("part", train=6, seed=3)
    assert np.bincount(part.train_labels).tolist() == [3, 3]
    rows = part.train_inputs[:, 0, 0, 0] // 4  # the place that each came from
    assert (np.diff(rows.astype(int)) > 0).all()
    assert np.array_equal(part.train_labels, np.array(labels)[rows])
    assert part.sha256 == data.subset("part", train=6, test=None, seed=3).sha256
    assert part.sha256 != data.subset("part", train=6, seed=4).sha256
    assert len(part.test_labels) == 3
    assert np.array_equal(data.subset("part", train=6, test=2, seed=3).train_inputs, part.train_inputs)


@pytest.mark.parametrize("size", [0, 3, 12])
def test_a_subset_that_cannot_be_balanced_is_refused(size):
    with pytest.raises(ValueError, match=rf"train must be a multiple of 2 in 2\.\.10, got train={size}"):
        images_of([0] * 7 + [1] * 5, [0, 1]).subset("part", train=size)


def test_a_part_is_asked_for_by_text(tmp_path, monkeypatch):
    files, *_ = tiny_mnist(tmp_path, train=40, test=20)
    monkeypatch.setattr(
        "lossmatters.empirics.data._OFFICIAL", {"mnist": lambda *_, **__: mnist(tmp_path, files=files)}
    )
    data = load("mnist( test=10,train=20 )", tmp_path)
    assert data.name == "mnist(train=20, test=10, seed=0)"
    assert load(data.name, tmp_path).sha256 == data.sha256
    assert load("mnist", tmp_path).name == "mnist"


@pytest.mark.parametrize(
    "text",
    ["mnist(train=)", "mnist(train=1.5)", "mnist(size=10)", "mnist(seed=1,seed=2)", "digits(train=-10)"],
)
def test_a_part_that_is_not_understood_is_refused(text):
    with pytest.raises(ValueError, match="dataset must be a name with train=, test= and seed="):
        load(text, "/nowhere", download=False)


@pytest.mark.parametrize("name", [name for name in DATASETS if name != "digits"])
def test_missing_files_are_said_plainly(tmp_path, name):
    with pytest.raises(DataError, match="Put the official files here:"):
        load(name, tmp_path, download=False)


@HAS_FILES
@pytest.mark.parametrize(
    ("name", "shape", "sizes", "sha256"),
    [
        (
            "mnist",
            (1, 28, 28),
            (60_000, 10_000),
            "973e851b2ef66a276726493e490e43c711c9eb3b276d931d5f208780f3ae09cb",
        ),
        (
            "cifar10",
            (3, 32, 32),
            (50_000, 10_000),
            "0dfa7b423851f58c3b498f7a4c7f0ee8139da79fc6e934d2f4ed5e6a80faaacf",
        ),
    ],
)
def test_the_official_files(name, shape, sizes, sha256):
    data = load(name, download=False)
    assert data.input_shape == shape
    assert (len(data.train_labels), len(data.test_labels)) == sizes
    assert data.sha256 == sha256
    values = np.arange(256)
    for channel, (mean, std) in enumerate(zip(data.mean, data.std, strict=True)):
        counts = np.bincount(data.train_inputs[:, channel].ravel(), minlength=256)
        exact_mean = int((counts * values).sum()) / int(counts.sum())
        square = int((counts * values**2).sum()) / int(counts.sum())
        # given to six decimals
        assert mean == pytest.approx(exact_mean, abs=5.1e-7)
        assert std == pytest.approx((square - exact_mean**2) ** 0.5, abs=5.1e-7)
