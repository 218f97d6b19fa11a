"""A user's data: every form gives the same data set, without copies, and what cannot be one is refused."""

from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pytest
import torch

from lossmatters.empirics.data import as_dataset, load, part, sizes
from lossmatters.empirics.data.batches import Batches
from lossmatters.empirics.data.sources import read_npy
from lossmatters.empirics.data.stored import store, stored

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 2, 3)).astype(np.float32), np.arange(30) % 3
TX, TY = RNG.normal(size=(9, 2, 3)).astype(np.float32), np.arange(9) % 3


class MapStyle(torch.utils.data.Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, place):
        return torch.from_numpy(self.x[place]), int(self.y[place])


class Columns:
    """What is used of a Hugging Face dataset."""

    def __init__(self, **columns):
        self.columns, self.column_names = columns, list(columns)

    def __getitem__(self, name):
        return self.columns[name]


def forms(folder):
    np.savez(folder / "mine.npz", x_train=X, y_train=Y, x_test=TX, y_test=TY)
    return {
        "arrays": (X, Y, TX, TY),
        "tensors": tuple(map(torch.from_numpy, (X, Y, TX, TY))),
        "mapping": {"inputs": X, "labels": Y, "test_inputs": TX, "test_labels": TY},
        "file": str(folder / "mine.npz"),
        "map-style": (MapStyle(X, Y), MapStyle(TX, TY)),
        "columns": {"train": Columns(x=X, label=Y.tolist()), "test": Columns(x=list(TX), label=TY)},
    }


@pytest.mark.parametrize("form", ["arrays", "tensors", "mapping", "file"])
def test_every_form_has_the_same_content(form, tmp_path):
    found = as_dataset(forms(tmp_path)[form])
    assert (found.num_classes, found.input_shape) == (3, (2, 3))
    assert np.array_equal(found.train_inputs, X)
    assert np.array_equal(found.test_labels, TY)
    assert found.sha256 == as_dataset((X, Y, TX, TY)).sha256
    changed = X.copy()
    changed[0, 0, 0] += 1
    assert as_dataset((changed, Y, TX, TY)).sha256 != found.sha256


@pytest.mark.parametrize("form", ["map-style", "columns"])
def test_what_is_read_sample_by_sample_too(form, tmp_path):
    seen = []
    found = as_dataset(forms(tmp_path)[form], progress=lambda done, total: seen.append((done, total)))
    assert found.sha256 == as_dataset((X, Y, TX, TY)).sha256
    assert form != "map-style" or (seen[0], seen[29], seen[-1]) == ((1, 30), (30, 30), (9, 9))


def test_a_hugging_face_dataset():
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    table = datasets.Dataset.from_dict({"x": X.tolist(), "label": Y.tolist()})
    held = datasets.Dataset.from_dict({"x": TX.tolist(), "label": TY.tolist()})
    found = as_dataset(datasets.DatasetDict({"train": table, "test": held}))
    assert found.sha256 == as_dataset((X, Y, TX, TY)).sha256


def test_without_a_test_split_a_fifth_of_each_class_is_held_out():
    found = as_dataset((X, Y))
    assert np.bincount(found.test_labels).tolist() == [2, 2, 2]
    assert np.bincount(found.train_labels).tolist() == [8, 8, 8]
    whole = np.concatenate([found.train_inputs, found.test_inputs]).reshape(30, -1)
    assert np.array_equal(np.sort(whole, axis=0), np.sort(X.reshape(30, -1), axis=0))
    assert found == as_dataset((X, Y))
    assert found.every_input is found.train_inputs.base, "one copy, of both parts"


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((4, 6), (1, 4, 6)), ((3, 4, 6), (3, 4, 6)), ((4, 6, 3), (3, 4, 6)), ((1, 6, 1), (1, 6, 1))],
)
def test_images_of_bytes_stay_bytes_channels_first(shape, wanted):
    images = RNG.integers(0, 256, size=(12, *shape), dtype=np.uint8)
    found = as_dataset((images, np.arange(12) % 2))
    assert (found.input_shape, found.is_images) == (wanted, True)
    every = Batches(found.every_input, found.mean, found.std).take(torch.arange(12))
    assert every.shape == (12, *wanted)
    train = every[: len(found.train_labels)].double()
    assert torch.allclose(train.mean(dim=(0, 2, 3)), torch.zeros(wanted[0]).double(), atol=1e-5)
    assert torch.allclose(train.std(dim=(0, 2, 3), correction=0), torch.ones(wanted[0]).double(), atol=1e-5)


def test_a_channel_of_one_shade_is_no_division_by_zero():
    found = as_dataset((np.full((8, 1, 2, 2), 7, np.uint8), np.arange(8) % 2))
    assert (found.mean, found.std) == ((7.0,), (1.0,))


def test_rows_of_bytes_are_scaled_and_other_numbers_become_float32():
    assert as_dataset((np.full((8, 2), 51, np.uint8), np.arange(8) % 2)).train_inputs[0, 0] == np.float32(0.2)
    assert as_dataset((np.ones((8, 2), np.int16), np.arange(8) % 2)).train_inputs.dtype == np.float32


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ((X, Y[:-1]), ValueError, "inputs must be as many as labels, 29, got inputs=30"),
        ((X, Y - 1), ValueError, r"labels must be in 0\.\.1, got labels=-1"),
        ((X, Y * 2), ValueError, r"labels must be of every class in 0\.\.4, got labels='none of \[1, 3\]'"),
        ((X, Y, TX, TY * 0), ValueError, r"test_labels must be of every class in 0\.\.2, got"),
        ((X, Y.astype(float)), TypeError, "labels must be integers, got labels='float64'"),
        ((X, np.array(["a", "b"] * 15)), TypeError, r"integers \(numpy.unique\(names"),
        ((np.where(np.arange(3) == 1, np.nan, X), Y), ValueError, "inputs must be finite, got inputs=nan"),
        ((X[:, 0, 0], Y), ValueError, r"inputs must be of shape \(N, \.\.\.\)"),
        ((X, Y, TX), ValueError, "dataset must be .* got dataset='3 parts'"),
        ({"inputs": X}, ValueError, "dataset must be one with inputs and labels"),
        ({"x": X, "y": Y, "x_test": TX}, ValueError, "both test_inputs and test_labels"),
        (({"x": X}, Y), TypeError, "dataset must be made of arrays of numbers, got dataset='dict'"),
        (7, TypeError, "dataset must be a name, arrays, .* got dataset='int'"),
        ((X, Y, TX[:, :1], TY), ValueError, "test inputs must be of the kind of the training inputs"),
        (([[0.0], [1.0], [2.0]], [0, 0, 1]), ValueError, "labels must be of two samples or more a class"),
    ],
)
def test_what_cannot_be_a_data_set_is_refused(source, error, message):
    with pytest.raises(error, match=message):
        as_dataset(source)


def test_no_program_is_read_from_a_file(tmp_path):
    class Evil:
        def __reduce__(self):
            return exec, ("raise SystemExit('a program ran')",)

    objects = np.array([Evil()], dtype=object)
    np.savez(tmp_path / "evil.npz", inputs=objects, labels=Y)
    with pytest.raises(ValueError, match="without Python objects"):
        as_dataset(tmp_path / "evil.npz")
    np.save(tmp_path / "evil.npy", objects)
    with pytest.raises(ValueError, match="without Python objects"):
        read_npy(tmp_path / "evil.npy", "noise")
    (tmp_path / "pickle.npy").write_bytes(pickle.dumps([1]))
    with pytest.raises(ValueError, match="without Python objects"):
        read_npy(tmp_path / "pickle.npy", "noise")
    with pytest.raises(SystemExit, match="a program ran"):  # what would have happened otherwise
        np.load(tmp_path / "evil.npy", allow_pickle=True)


@pytest.mark.parametrize("cut", [0, 10, 400])
def test_a_broken_file_is_refused(tmp_path, cut):
    path = tmp_path / "cut.npz"
    np.savez(path, inputs=X, labels=Y)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"dataset must be .*\.npz"):
        as_dataset(path)
    with pytest.raises(ValueError, match="dataset must be a file that can be read"):
        as_dataset(tmp_path / "none.npz")


def test_a_file_is_a_text_for_load_and_has_parts(tmp_path):
    path = tmp_path / "my data.npz"
    np.savez(path, inputs=X, labels=Y)
    assert load(str(path)) is load(str(path)), "read once"
    assert (sizes(str(path)).train, sizes(str(path)).test) == (24, 6)
    small = load(part(str(path), 3))
    assert (small.name, len(small.train_labels)) == ("my-data.npz(train=3, test=3, seed=0)", 3)
    np.savez(path, inputs=X + 1, labels=Y)
    assert load(str(path)).train_inputs.mean() > X.mean() + 0.5, "another content is read anew"


def test_a_stored_data_set_is_the_same_and_found_out_if_changed(tmp_path):
    data = as_dataset((X, Y, TX, TY), name="mine")
    path = store(data, tmp_path)
    found = load(path)
    assert (found, found.description) == (data, data.description)
    assert found.every_input is found.train_inputs.base
    torch.from_numpy(found.every_input)  # torch takes arrays that can be written without a warning
    inputs = np.load(f"{path}/inputs.npy")
    inputs[0] += 1
    np.save(f"{path}/inputs.npy", inputs)
    with pytest.raises(ValueError, match="dataset must be what was stored, of SHA-256"):
        stored(path)


def test_a_large_data_set_is_not_copied_on_the_way():
    """numpy tells tracemalloc of each array: a copy of these 64 MB would show. torch shares their memory."""
    inputs, labels = np.zeros((4000, 4000), np.float32), np.arange(4000) % 10

    def peak(work):
        tracemalloc.start()
        found = work()
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size / inputs.nbytes, found

    both, data = peak(lambda: as_dataset((inputs, labels, inputs[:100], labels[:100])))
    assert both < 0.4, "two arrays: nothing but what is looked at in pieces"
    one, data = peak(lambda: as_dataset((inputs, labels)))
    assert 0.9 < one < 1.4, "one array to split: one copy, which the test must be able to see"
    more, batches = peak(lambda: Batches(data.every_input))
    assert more < 0.1
    assert batches.inputs.data_ptr() == data.every_input.ctypes.data
