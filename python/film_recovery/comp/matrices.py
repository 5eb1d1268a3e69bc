"""The matrices of geometry nodes: 3×3, source to destination, in Nuke's coordinates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from film_recovery.comp.sampling import Matrix


def moved(x: float, y: float) -> Matrix:
    """A move by (x, y)."""
    return np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])


def transform_matrix(
    translate: tuple[float, ...],
    rotate: float,
    scale: tuple[float, ...],
    skew: tuple[float, float],
    skew_order: str,
    center: tuple[float, ...],
) -> Matrix:
    """The 3×3 matrix, source to destination, of a Transform with these knobs."""
    angle = math.radians(rotate)
    cosine, sine = math.cos(angle), math.sin(angle)
    if rotate % 90 == 0:  # exact, so that quarter turns copy pixels
        cosine, sine = float(round(cosine)), float(round(sine))
    turned = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]])
    skew_x = np.array([[1, skew[0], 0], [0, 1, 0], [0, 0, 1.0]])
    skew_y = np.array([[1, 0, 0], [skew[1], 1, 0], [0, 0, 1.0]])
    skewed = skew_x @ skew_y if skew_order == "XY" else skew_y @ skew_x
    linear = turned @ np.diag([*scale, 1.0]) @ skewed
    return moved(*translate) @ moved(*center) @ linear @ moved(-center[0], -center[1])


def pin_matrix(source: Any, target: Any) -> Matrix | None:
    """The 3×3 matrix that takes up to four points (N, 2) onto others; None if there is none."""
    count = len(source)
    if count == 0:
        return np.eye(3)
    # Points are brought to about ±1 first: raw pixel coordinates lose half of the digits.
    middle, size = source.mean(axis=0), max(1.0, float(np.abs(source - source.mean(axis=0)).max()))
    goal_middle, goal_size = target.mean(axis=0), max(1.0, float(np.abs(target - target.mean(axis=0)).max()))
    u, v = ((source - middle) / size).T
    x, y = ((target - goal_middle) / goal_size).T
    rows, goals, unknown = _equations(count, u, v, x, y)
    matrix_rows = np.array(rows)
    if np.linalg.matrix_rank(matrix_rows, tol=1e-9) < unknown:
        return None
    h = np.linalg.lstsq(matrix_rows, np.array(goals), rcond=None)[0]
    if count == 4:
        inner = np.array([[h[0], h[1], h[2]], [h[3], h[4], h[5]], [h[6], h[7], 1.0]])
    elif count == 3:
        inner = np.array([[h[0], h[1], h[2]], [h[3], h[4], h[5]], [0, 0, 1.0]])
    elif count == 2:
        inner = np.array([[h[0], -h[1], h[2]], [h[1], h[0], h[3]], [0, 0, 1.0]])
    else:
        inner = np.eye(3)
    outward = np.diag([goal_size, goal_size, 1.0])
    outward[:2, 2] = goal_middle
    inward = np.diag([1 / size, 1 / size, 1.0])
    inward[:2, 2] = -middle / size
    matrix = outward @ inner @ inward
    return matrix if abs(np.linalg.det(inner)) > 1e-12 else None


def _equations(count: int, u: Any, v: Any, x: Any, y: Any) -> tuple[list[list[float]], list[float], int]:
    """Linear equations of the map's coefficients, their right sides, and how many coefficients there are."""
    rows: list[list[float]] = []
    goals: list[float] = []
    for index in range(count):
        a, b, c, d = float(u[index]), float(v[index]), float(x[index]), float(y[index])
        goals += [c, d]
        if count == 4:
            rows += [[a, b, 1, 0, 0, 0, -a * c, -b * c], [0, 0, 0, a, b, 1, -a * d, -b * d]]
        elif count == 3:
            rows += [[a, b, 1, 0, 0, 0], [0, 0, 0, a, b, 1]]
        else:
            rows += [[a, -b, 1, 0], [b, a, 0, 1]]
    if count == 1:
        return [[1, 0], [0, 1]], goals, 2
    return rows, goals, len(rows[0])
