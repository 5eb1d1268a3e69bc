"""Two scans of one picture, related by a known matrix: rendered from a larger picture, never by the product's warp."""

from __future__ import annotations

import cv2
import numpy as np

OVERSAMPLED = 3


def turned(width, height, *, scale=1.0, degrees=0.0, shift=(0.0, 0.0), perspective=(0.0, 0.0)):
    """A matrix about the middle, array convention: Source pixels to scene pixels."""
    angle = np.radians(degrees)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    middle = np.array([[1.0, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
    return middle @ np.array([[c, -s, shift[0]], [s, c, shift[1]], [*perspective, 1]]) @ np.linalg.inv(middle)


def seen(picture, matrix, width, height, scale=1.0):
    """``picture`` on ``width`` × ``height`` pixels: pixel p shows ``scale`` · matrix · p of it, or black.

    Nine samples a pixel, by Lanczos, then means of areas.
    """
    half = np.array([[1.0, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    fine = np.diag([scale, scale, 1.0]) @ matrix @ np.diag([1 / OVERSAMPLED, 1 / OVERSAMPLED, 1.0])
    large = cv2.warpPerspective(
        picture,
        np.linalg.inv(half) @ fine @ half,
        (width * OVERSAMPLED, height * OVERSAMPLED),
        flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
    )
    return cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)


def faded(picture, rng):
    """Dyes mixed, each channel's own curve and floor, and uneven light."""
    height, width = picture.shape[:2]
    mixed = np.clip(picture @ (np.eye(3) * 0.6 + rng.uniform(0, 0.15, (3, 3))).T, 0, 1)
    mixed = mixed ** rng.uniform(0.6, 1.5, 3) * rng.uniform(0.5, 0.9, 3) + rng.uniform(0.03, 0.2, 3)
    light = cv2.resize(rng.uniform(0.85, 1.15, (4, 5)), (width, height), interpolation=cv2.INTER_CUBIC)
    return (mixed * light[..., None]).astype(np.float32)


def grainy(picture, rng, amount=0.025):
    noise = cv2.GaussianBlur(rng.normal(0, 1, picture.shape).astype(np.float32), (0, 0), 0.8)
    return np.clip(picture + noise / noise.std() * amount, 0, 1).astype(np.float32)


def dusty(picture, rng, count=40):
    made = picture.copy()
    height, width = made.shape[:2]
    for _ in range(count):
        value = float(rng.choice([0, 1]))
        place = int(rng.integers(width)), int(rng.integers(height))
        cv2.circle(made, place, int(rng.integers(1, 4)), (value,) * 3, -1, cv2.LINE_AA)
    return made


def monochrome(picture):
    return np.repeat((picture @ np.array([0.5, 0.4, 0.1], np.float32))[..., None], 3, axis=2)


def pair(picture, matrix, width, height, scale, change=lambda source: source):
    """Reference, Source and the true matrix between them, Reference to Source; ``matrix``: Source to Reference."""
    whole = np.ones(picture.shape[:2], np.float32)
    reference = np.maximum(seen(picture, np.eye(3), width, height, scale), 0.002)
    source = np.maximum(seen(picture, matrix, width, height, scale), 0.002)
    there = (seen(whole, matrix, width, height, scale) > 0.999)[..., None]
    return (
        reference,
        np.where(there, np.maximum(change(source), 0.002), 0).astype(np.float32),
        np.linalg.inv(matrix),
    )
