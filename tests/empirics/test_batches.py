"""Batches made on the device against NumPy, one image at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lossmatters.empirics.data.batches import Batches, Crops

RNG = np.random.default_rng(0)
MEAN, STD = (10.0, 120.5, 200.0), (40.0, 60.25, 80.0)


def images(number=6, channels=3, side=8):
    return RNG.integers(0, 256, (number, channels, side, side), dtype=np.uint8)


def expected(image, top, left, mirrored, margin, size):
    """One crop, the long way."""
    padded = np.pad(image, ((0, 0), (margin, margin), (margin, margin)))
    crop = padded[:, top : top + size, left : left + size]
    crop = crop[:, :, ::-1] if mirrored else crop
    channels = len(image)
    mean, std = (np.array(v[:channels]).reshape(-1, 1, 1) for v in (MEAN, STD))
    return (crop - mean) / std


@pytest.mark.parametrize(("margin", "size"), [(0, 8), (4, 8), (0, 5), (2, 12)])
@pytest.mark.parametrize("channels", [1, 3])
def test_crops_are_those_of_numpy(margin, size, channels):
    found = images(channels=channels)
    batches = Batches(found, MEAN[:channels], STD[:channels], size=size, margin=margin, dtype=torch.float64)
    index = torch.tensor([[0, 5, 5], [2, 1, 0]])
    crops = batches.draw(torch.Generator().manual_seed(1), 2, 3)
    taken = batches.take(index, crops)
    assert taken.shape == (2, 3, channels, size, size)
    for place in np.ndindex(2, 3):
        one = crops[place]
        begin = int(one.top), int(one.left), bool(one.mirrored)
        one = expected(found[index[place]], *begin, margin, size)
        # two roundings here and two there, of numbers below 10 (std is above 25)
        assert np.abs(taken[place].numpy() - one).max() < 1e-14


def test_without_crops_the_middle_is_taken():
    found = images(side=8)
    for margin in (0, 3):
        batches = Batches(found, MEAN, STD, size=5, margin=margin, dtype=torch.float64)
        taken = batches.take(torch.arange(6))
        for n in range(6):
            assert np.abs(taken[n].numpy() - expected(found[n], 1, 1, False, 0, 5)).max() < 1e-14


def test_a_mirrored_image_is_told_apart():
    batches = Batches(images(), MEAN, STD)
    still = Crops(torch.zeros(6, dtype=torch.long), torch.zeros(6, dtype=torch.long), torch.zeros(6).bool())
    turned = Crops(still.top, still.left, torch.ones(6).bool())
    plain = batches.take(torch.arange(6))
    assert torch.equal(plain, batches.take(torch.arange(6), still))
    assert torch.equal(plain.flip(-1), batches.take(torch.arange(6), turned))
    assert not torch.equal(plain, plain.flip(-1))


def test_each_place_and_side_is_drawn_as_often():
    batches = Batches(images(side=8), MEAN, STD, margin=1)
    number = 30_000
    crops = batches.draw(torch.Generator().manual_seed(0), number)
    cells = torch.bincount(crops.top * 6 + crops.left * 2 + crops.mirrored, minlength=18)
    assert len(cells) == 18  # 3 tops, 3 lefts, 2 sides
    # a cell's count has a deviation of 40: five of them, for 18 cells, is passed once in 10^5 draws
    assert (cells - number / 18).abs().max() < 5 * (number / 18 * 17 / 18) ** 0.5
    assert crops.top.min() == 0


def test_draws_repeat_and_do_not_depend_on_mirroring():
    batches = Batches(images(), MEAN, STD, margin=4)
    first, second, plain = (
        batches.draw(torch.Generator().manual_seed(3), 50, mirror=mirror) for mirror in (True, True, False)
    )
    for name in ("top", "left", "mirrored"):
        assert torch.equal(getattr(first, name), getattr(second, name))
    assert torch.equal(first.top, plain.top)
    assert torch.equal(first.left, plain.left)
    assert first.mirrored.any()
    assert not plain.mirrored.any()
    assert torch.equal(first[3:5].top, first.top[3:5])


def test_batches_lie_in_memory_as_convolutions_like_them():
    batches = Batches(images(), MEAN, STD, margin=4)
    crops = batches.draw(torch.Generator().manual_seed(0), 6)
    for taken in (batches.take(torch.arange(6)), batches.take(torch.arange(6), crops)):
        assert taken.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pixels_are_scaled_before_they_are_rounded(dtype):
    found = images()
    wide = Batches(found, MEAN, STD, dtype=torch.float64).take(torch.arange(6))
    narrow = Batches(found, MEAN, STD, dtype=dtype).take(torch.arange(6))
    assert narrow.dtype == dtype
    # one rounding to dtype; float32 has three more before, of numbers up to 5 that may cancel
    step = torch.finfo(dtype).eps
    assert ((narrow.double() - wide).abs() <= step * wide.abs() + 4e-6).all()


def test_inputs_that_are_no_images_are_taken_as_they_are():
    inputs = RNG.random((6, 4), dtype=np.float32)
    batches = Batches(inputs)
    index = torch.tensor([[3, 1], [0, 0]])
    assert np.array_equal(batches.take(index).numpy(), inputs[index.numpy()])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 9}, r"size must be in 1\.\.8, got size=9"),
        ({"size": 0}, r"size must be in 1\.\.8, got size=0"),
        ({"margin": -1}, "margin must be >= 0, got margin=-1"),
    ],
)
def test_crops_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Batches(images(), MEAN, STD, **options)
    with pytest.raises(ValueError, match="images must be square"):
        Batches(images()[:, :, :5], MEAN, STD, margin=1)
