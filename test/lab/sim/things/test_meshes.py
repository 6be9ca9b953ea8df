# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Meshes are closed, face outwards and have the size that was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from promptda_ros.lab.sim.things.meshes import cut_out, grow, lathe, Mesh, sweep

cv2 = pytest.importorskip('cv2')

SQUARE = np.array([(0.02, 0.0), (0.03, 0.0), (0.03, 0.01), (0.02, 0.01)])


def ball() -> Mesh:
    return grow(lambda points: np.linalg.norm(points, axis=-1) - 0.04, np.full(3, 0.04), 0.004)


def plate_with_hole() -> Mesh:
    def draw(px, scale, picture) -> None:
        cv2.rectangle(picture, px((-0.03, -0.02)), px((0.03, 0.02)), 255, -1)
        cv2.circle(picture, px((0, 0)), round(0.01 * scale), 0, -1)

    return cut_out(draw, half_m=(0.03, 0.02), thickness_m=0.01, cell_m=0.001)


def volume_m3(mesh: Mesh) -> float:
    corner = mesh.vertices_m[mesh.triangles]
    return float(np.einsum('ij,ij->', corner[:, 0], np.cross(corner[:, 1], corner[:, 2])) / 6)


@pytest.mark.parametrize('mesh', [lathe(SQUARE), ball(), plate_with_hole()])
def test_surface_is_closed(mesh: Mesh) -> None:
    """Every edge of a closed surface belongs to two triangles that run along it both ways."""
    edges = {(int(t[i]), int(t[(i + 1) % 3])) for t in mesh.triangles for i in range(3)}
    assert len(edges) == 3 * len(mesh.triangles)
    assert all((end, begin) in edges for begin, end in edges)


def test_lathe_of_a_square_is_a_ring() -> None:
    assert volume_m3(lathe(SQUARE, 200)) == pytest.approx(np.pi * 5e-4 * 0.01, rel=0.01)


def test_sweep_along_a_line_is_a_cylinder() -> None:
    path = np.stack([np.linspace(0, 0.1, 5), np.zeros(5), np.ones(5)], axis=1)
    assert volume_m3(sweep(path, 0.01, 200)) == pytest.approx(np.pi * 1e-4 * 0.1, rel=0.01)


def test_sweep_along_a_coil_keeps_its_radius() -> None:
    turn = np.linspace(0, 9, 80)
    path = np.stack([0.05 * np.cos(turn), 0.05 * np.sin(turn), 0.004 * turn], axis=1)
    rings = sweep(path, 0.003, 8).vertices_m.reshape(82, 8, 3)[1:-1]
    away_m = np.linalg.norm(rings - path[:, None], axis=-1)
    np.testing.assert_allclose(away_m, 0.003, rtol=1e-6)


def test_grown_ball_has_the_volume_of_a_ball() -> None:
    assert volume_m3(ball()) == pytest.approx(4 / 3 * np.pi * 0.04**3, rel=0.03)


def test_sheet_with_a_hole_weighs_less_by_the_hole() -> None:
    expected = (0.06 * 0.04 - np.pi * 1e-4) * 0.01
    assert volume_m3(plate_with_hole()) == pytest.approx(expected, rel=0.06)
