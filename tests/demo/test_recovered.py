"""Simulated recoveries: what differs from frame to frame is what was planted, not how the film was made to weave."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from film_recovery.demo.recovered import Clip
from film_recovery.imaging.luma import luma


@pytest.mark.parametrize("seed", [1, 2])
def test_all_frames_are_resampled_alike(seed):
    noise = cv2.GaussianBlur(np.random.default_rng(3).normal(size=(96, 128)), (0, 0), 0.4)
    still = np.repeat((0.5 + 0.05 * noise / noise.std())[..., None], 3, axis=2).astype(np.float32)
    clip = Clip("restored", [still] * 12, 0.0, seed)
    fine = [
        np.log(np.mean((y - cv2.GaussianBlur(y, (0, 0), 1.0)) ** 2))
        for y in (luma(clip.recovered(frame)) for frame in clip.frames)
    ]
    assert abs(fine[0] - np.median(fine)) < 0.25
    assert np.ptp(fine) < 0.5
