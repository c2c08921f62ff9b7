"""Images as input of the vision tower."""

import torch

from schemas.sample import RGB


def pixel_values(images: RGB, device: torch.device) -> torch.Tensor:
    """Convert uint8 [n, S, S, 3] to float32 [n, 3, S, S] from -1 to 1, like SigLIP's processor."""
    values = torch.from_numpy(images).to(device).permute(0, 3, 1, 2)
    return values.float() / 127.5 - 1
