# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Things of the workshop, the desk and the kitchen drawer, most of them cut from a sheet."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from promptda_ros.lab.sim.things.geoms import bar, box, chain, felt, Geom, seen, Shape
from promptda_ros.lab.sim.things.meshes import cut_out, lathe, Mesh, sweep

ToPx = Callable[[ArrayLike], NDArray[np.int32]]
Picture = NDArray[np.uint8]


def hammer(rng: np.random.Generator) -> Shape:
    """Make a hammer: a handle through a head."""
    handle, grip = float(rng.uniform(0.05, 0.085)), float(rng.uniform(0.006, 0.011))
    head = rng.uniform(0.01, 0.016), rng.uniform(0.025, 0.04), rng.uniform(0.01, 0.016)
    shaft = bar((-handle, 0, head[2]), (handle, 0, head[2]), grip)
    face = bar(
        (handle, head[1], head[2]),
        (handle, 1.35 * head[1], head[2]),
        0.95 * min(head[0], head[2]),
        kind='cylinder',
        paint=1,
    )
    return Shape('hammer', (shaft, box(head, (handle, 0, head[2]), paint=1), face))


def screwdriver(rng: np.random.Generator) -> Shape:
    """Make a screwdriver: a ribbed grip and a thin blade."""
    grip, length = float(rng.uniform(0.009, 0.016)), float(rng.uniform(0.035, 0.05))
    blade, thin = float(rng.uniform(0.04, 0.08)), float(rng.uniform(0.002, 0.004))
    along = np.linspace(-length, length, 16)
    radius = grip * (0.85 + 0.15 * np.cos(np.linspace(0, rng.uniform(6, 30), 16)))
    radius[[0, -1]] *= 0.6
    path = np.stack([along, 0 * along, 0 * along + grip], axis=1)
    return Shape(
        'screwdriver',
        (
            seen(sweep(path, radius, sides=int(rng.integers(5, 14)))),
            felt(bar(path[0], path[-1], 0.9 * grip, kind='cylinder')),
            bar(path[-1], path[-1] + (blade, 0, 0), thin, kind='cylinder', paint=1),
        ),
    )


def pen(rng: np.random.Generator) -> Shape:
    """Make a pen or pencil with a tip and a differently coloured end."""
    radius, half = float(rng.uniform(0.0035, 0.006)), float(rng.uniform(0.05, 0.075))
    tip = np.array([(half, 0, radius), (half + 0.006, 0, radius), (half + 0.014, 0, radius)])
    cap = float(rng.uniform(-0.8, 0.2)) * half
    return Shape(
        'pen',
        (
            bar((cap, 0, radius), (half, 0, radius), 0.92 * radius, kind='cylinder'),
            bar((-half, 0, radius), (cap, 0, radius), radius, kind='cylinder', paint=1),
            seen(sweep(tip, [0.9 * radius, 0.5 * radius, 0.0005])),
        ),
    )


def wrench(rng: np.random.Generator) -> Shape:
    """Make a spanner, one end open and the other open or a ring."""
    half, wide = float(rng.uniform(0.05, 0.075)), float(rng.uniform(0.005, 0.009))
    head, thick = float(rng.uniform(1.7, 2.3)) * wide, float(rng.uniform(0.004, 0.009))
    ring, tilt = bool(rng.random() < 0.5), float(rng.uniform(-0.4, 0.4))

    def draw(px: ToPx, scale: float, picture: Picture) -> None:
        cv2.line(picture, px((-half, 0)), px((half, 0)), 255, round(2 * wide * scale))
        for side, radius in ((-1, head), (1, 1.1 * head)):
            cv2.circle(picture, px((side * half, 0)), round(radius * scale), 255, -1)
        direction = np.array([np.cos(tilt), np.sin(tilt)])
        across = 0.5 * head * np.array([-direction[1], direction[0]])
        for side in (-1,) if ring else (-1, 1):
            centre = np.array([side * half, 0])
            mouth = [centre - across, centre + across]
            out = [corner + side * 2 * head * direction for corner in mouth[::-1]]
            cv2.fillPoly(picture, [px(mouth + out)], 0)
        if ring:
            cv2.circle(picture, px((half, 0)), round(0.65 * head * scale), 0, -1)

    reach = (half + 1.4 * head, 1.4 * head)
    mesh = cut_out(draw, half_m=reach, thickness_m=thick, cell_m=0.0014)
    shaft = felt(box((half, wide, 0.5 * thick), (0, 0, 0.5 * thick)))
    ends = [
        felt(box((0.8 * head, 0.8 * head, 0.5 * thick), (side * half, 0, 0.5 * thick)))
        for side in (-1, 1)
    ]
    return Shape('wrench', (seen(mesh), shaft, *ends))


def pliers(rng: np.random.Generator) -> Shape:
    """Make pliers or scissors: two arms crossed at a joint."""
    grip, jaw = float(rng.uniform(0.06, 0.085)), float(rng.uniform(0.025, 0.06))
    wide, opening = float(rng.uniform(0.004, 0.007)), float(rng.uniform(0.08, 0.3))
    thick, loops = float(rng.uniform(0.006, 0.012)), bool(rng.random() < 0.4)

    def arm(side: int) -> NDArray[np.float64]:
        turn = np.linspace(0, 1, 8)
        back = np.stack([-grip * turn, side * grip * 1.6 * opening * np.sin(1.4 * turn)], axis=1)
        front = np.array([(jaw * np.cos(opening), -side * 0.6 * jaw * np.sin(opening))])
        return np.concatenate([front, back])

    def draw(px: ToPx, scale: float, picture: Picture) -> None:
        for side in (-1, 1):
            cv2.polylines(picture, [px(arm(side))], False, 255, round(2 * wide * scale))
            if loops:
                end = px(arm(side)[-1])
                cv2.circle(picture, end, round(0.014 * scale), 255, round(0.006 * scale))
        cv2.circle(picture, px((0, 0)), round(1.8 * wide * scale), 255, -1)

    reach = (max(grip, jaw) + 0.025, 1.6 * grip * opening + 0.025)
    mesh = cut_out(draw, half_m=reach, thickness_m=thick, cell_m=0.0015)
    ends = [(side, arm(side)) for side in (-1, 1)]
    felts = [
        felt(bar((*path[0], 0.5 * thick), (*path[-1], 0.5 * thick), 0.5 * thick))
        for _, path in ends
    ]
    return Shape('pliers', (seen(mesh), *felts))


def gear(rng: np.random.Generator) -> Shape:
    """Make a toothed wheel with a bore."""
    radius, teeth = float(rng.uniform(0.018, 0.045)), int(rng.integers(8, 26))
    depth, thick = float(rng.uniform(0.1, 0.22)), float(rng.uniform(0.005, 0.02))
    bore = float(rng.uniform(0.15, 0.6))

    def draw(px: ToPx, scale: float, picture: Picture) -> None:
        turn = np.linspace(0, 2 * np.pi, 12 * teeth, endpoint=False)
        tooth = np.clip(1.8 * np.cos(teeth * turn), -1, 1)
        reach = radius * (1 - depth * (0.5 - 0.5 * tooth))
        rim = np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)
        cv2.fillPoly(picture, [px(rim)], 255)
        cv2.circle(picture, px((0, 0)), round(bore * radius * (1 - depth) * scale), 0, -1)

    mesh = cut_out(draw, half_m=(radius, radius), thickness_m=thick, cell_m=radius / 28)
    wheel = bar((0, 0, 0), (0, 0, thick), (1 - 0.5 * depth) * radius, kind='cylinder')
    return Shape('gear', (seen(mesh), felt(wheel)))


def bracket(rng: np.random.Generator) -> Shape:
    """Make an angle bracket: a drilled sheet with a drilled sheet standing on it."""
    length, thick = float(rng.uniform(0.02, 0.045)), float(rng.uniform(0.002, 0.005))
    wide = float(rng.uniform(0.012, 0.035))
    holes = int(rng.integers(1, 4))

    def draw(px: ToPx, scale: float, picture: Picture) -> None:
        cv2.rectangle(picture, px((-length, -wide)), px((length, wide)), 255, -1)
        for x in np.linspace(-0.6, 0.6, holes) * length if holes > 1 else (0.0,):
            cv2.circle(picture, px((x, 0)), round(0.2 * min(length, wide) * scale), 0, -1)

    sheet = cut_out(draw, half_m=(length, wide), thickness_m=thick, cell_m=wide / 12)
    upright = sheet.vertices_m @ np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]])
    standing = Mesh(upright + np.array([thick - length, 0, length]), sheet.triangles)
    middle = 0.5 * thick
    return Shape(
        'bracket',
        (
            seen(sheet),
            seen(standing),
            felt(box((length, wide, middle), (0, 0, middle))),
            felt(box((middle, wide, length), (middle - length, 0, length))),
        ),
    )


def cutlery(rng: np.random.Generator) -> Shape:
    """Make a fork, a knife or a spoon."""
    half, wide = float(rng.uniform(0.055, 0.08)), float(rng.uniform(0.003, 0.006))
    thick, kind = float(rng.uniform(0.0025, 0.004)), rng.choice(['fork', 'knife', 'spoon'])
    head = float(rng.uniform(0.01, 0.016))

    def draw(px: ToPx, scale: float, picture: Picture) -> None:
        handle = [(-half, -1.5 * wide), (-half, 1.5 * wide), (0.3 * half, 0.7 * wide)]
        cv2.fillPoly(picture, [px([*handle, (0.3 * half, -0.7 * wide)])], 255)
        if kind == 'knife':
            blade = [
                (0.1 * half, -wide),
                (0.95 * half, -wide),
                (half, 0),
                (0.8 * half, 1.6 * wide),
            ]
            cv2.fillPoly(picture, [px([*blade, (0.1 * half, 1.2 * wide)])], 255)
            return
        centre, axes = px((0.65 * half, 0)), (np.array([0.36 * half, head]) * scale).astype(int)
        cv2.ellipse(picture, centre, axes.tolist(), 0, 0, 360, 255, -1)
        for tine in (-0.5, 0, 0.5) if kind == 'fork' else ():
            begin, end = px((0.65 * half, tine * head)), px((1.1 * half, tine * head))
            cv2.line(picture, begin, end, 0, max(1, round(0.25 * head * scale)))

    mesh = cut_out(draw, half_m=(half, 0.02), thickness_m=thick, cell_m=0.0012)
    bow = float(rng.uniform(0, 0.01))  # handles and heads are bent upwards
    vertices = mesh.vertices_m.copy()
    vertices[:, 2] += bow * (vertices[:, 0] / half) ** 2
    along = np.linspace(-half, half, 9)
    spine = np.stack([along, 0 * along, 0.5 * thick + bow * (along / half) ** 2], axis=1)
    front = felt(box((0.3 * half, head, 0.6 * thick), (0.65 * half, 0, 0.5 * (thick + bow))))
    bent = Mesh(vertices, mesh.triangles)
    return Shape('cutlery', (seen(bent), *chain(spine, 0.75 * thick, 4), front))


def bolt(rng: np.random.Generator) -> Shape:
    """Make a bolt: a head with six sides and a grooved shank, sometimes with a nut."""
    radius, length = float(rng.uniform(0.003, 0.009)), float(rng.uniform(0.02, 0.07))
    head, threads = 1.7 * radius, 24
    height = np.linspace(0, length, 2 * threads)
    shank = np.stack([radius * np.where(np.arange(2 * threads) % 2, 0.85, 1), height], axis=1)
    outline = np.concatenate([[(0.0005, 0.0)], shank, [(0.0005, length)]])
    top = np.array([(0.0005, 0.0), (head, 0.0), (head, 1.3 * radius), (0.0005, 1.3 * radius)])
    knobs: list[Geom] = [seen(lathe(top, 6).moved((0, 0, length)))]
    if rng.random() < 0.4:
        knobs.append(seen(lathe(top, 6).moved((0, 0, 0.3 * length)), paint=1))
    path = np.array([(0, 0, 0), (0, 0, length + 1.3 * radius)])
    return Shape(
        'bolt',
        (
            seen(lathe(outline, 16)),
            *knobs,
            *chain(path, radius, 1),
            felt(bar((0, 0, length), (0, 0, length + 1.3 * radius), head, kind='cylinder')),
        ),
    )
