"""Batches made on the device: images stay there as bytes, and are cropped, mirrored and scaled in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int, UInt8
from torch import Tensor

from lossmatters.theory.exact import fail


@dataclass(frozen=True)
class Crops:
    """Where the crop of each image begins, and whether it is mirrored; all of one shape."""

    top: Int[Tensor, "*s"]
    left: Int[Tensor, "*s"]
    mirrored: Bool[Tensor, "*s"]

    def __getitem__(self, index: Any) -> Crops:
        """Return some of them, as one indexes a tensor."""
        return Crops(self.top[index], self.left[index], self.mirrored[index])

    @staticmethod
    def stack(parts: Sequence[Crops]) -> Crops:
        """Put those of several networks side by side."""
        return Crops(
            torch.stack([part.top for part in parts]),
            torch.stack([part.left for part in parts]),
            torch.stack([part.mirrored for part in parts]),
        )

    def to(self, device: torch.device | str) -> Crops:
        """Return the same on another device."""
        parts = (self.top, self.left, self.mirrored)
        return Crops(*(part.to(device, non_blocking=True) for part in parts))


class Batches:
    """Inputs on a device, of which batches are taken by index.

    Images are kept as bytes in the order (n, row, column, channel), with a black margin around them, and
    become (…, C, size, size) tensors of `dtype`, standardised, in memory order channels_last. Other inputs
    are kept in `dtype` and taken as they are.

    Parameters
    ----------
    inputs : (N, C, H, W) uint8, or (N, d) float32.
    mean, std : of each channel, in units of 0..255; ignored if the inputs are no images.
    size : the side of a crop, <= H = W plus twice the margin; by default H, the whole image.
    margin : how many black pixels random crops may reach beyond each edge.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        mean: Sequence[float] = (),
        std: Sequence[float] = (),
        *,
        size: int | None = None,
        margin: int = 0,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.dtype, self.are_images = dtype, inputs.dtype == np.uint8
        if not self.are_images:
            self.inputs = torch.from_numpy(inputs).to(device, dtype)
            return
        _, _, height, width = inputs.shape
        if height != width and (margin or size not in (None, height)):
            fail("images", "square where they are cropped", inputs.shape)
        self.side, self.margin = height, margin
        self.size = height if size is None else size
        if margin < 0:
            fail("margin", ">= 0", margin)
        if not 0 < self.size <= height + 2 * margin:
            fail("size", f"in 1..{height + 2 * margin}", size)
        images: UInt8[Tensor, "n h w c"] = torch.from_numpy(inputs).to(device).permute(0, 2, 3, 1)
        if margin:
            images = torch.nn.functional.pad(images, (0, 0, margin, margin, margin, margin))
        self.inputs = images.contiguous()  # which copies nothing of images that lie so already
        # pixel * scale + shift, in float32 whatever the dtype: bfloat16 keeps 8 bits, the offsets need more
        scale = 1 / torch.tensor(std, dtype=torch.float64)
        shift = -torch.tensor(mean, dtype=torch.float64) * scale
        wide = torch.float64 if dtype == torch.float64 else torch.float32
        self.scale, self.shift = scale.to(device, wide), shift.to(device, wide)

    def __len__(self) -> int:
        return len(self.inputs)

    def draw(self, generator: torch.Generator, *shape: int, mirror: bool = True) -> Crops:
        """Draw random crops of shape `shape`: every place equally often, and half of them mirrored.

        Drawn on the generator's device and then moved. A CPU generator gives each device the same crops; an
        epoch's crops, ``draw(generator, N)``, are one small copy. For M networks that see different crops
        of one sample, draw (M, N) or stack M draws; for one order of batches they may as well share them.
        """
        last = self.side + 2 * self.margin - self.size
        on = generator.device
        top, left = torch.randint(0, last + 1, (2, *shape), generator=generator, device=on)
        # drawn even if it is not used, so that crops do not depend on `mirror`
        mirrored = torch.randint(0, 2, shape, generator=generator, device=on).bool() & mirror
        return Crops(top, left, mirrored).to(self.inputs.device)

    def take(self, index: Int[Tensor, "*s"], crops: Crops | None = None) -> Tensor:
        """Return the inputs at `index`, (…) -> (…, C, size, size) or (…, d).

        Parameters
        ----------
        crops : of the shape of `index`; by default the middle of each image, as it is.
        """
        if not self.are_images:
            return self.inputs[index]
        along = torch.arange(self.size, device=index.device)
        if crops is None:
            begin = self.margin + (self.side - self.size) // 2
            images = self.inputs
            if (begin, self.size) != (0, self.side):  # cut out of a square
                images = images[:, begin : begin + self.size, begin : begin + self.size]
            pixels = images[index]
        else:
            rows = crops.top[..., None] + along
            columns = crops.left[..., None] + torch.where(crops.mirrored[..., None], along.flip(0), along)
            pixels = self.inputs[index[..., None, None], rows[..., :, None], columns[..., None, :]]
        scaled = torch.addcmul(self.shift, pixels.to(self.scale.dtype), self.scale).to(self.dtype)
        return scaled.movedim(-1, -3)
