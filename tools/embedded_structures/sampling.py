"""Geometries of one molecule around and away from its minimum."""

import numpy as np
from ase.units import fs, kB

# Every nucleus moves with the same mass. The configurations that a canonical average visits do
# not depend on the masses, and with no light atom the step can be four times longer.
MASS = 12.0  # u
STEP = 1.5 * fs
FRICTION = 1.0 / (40.0 * fs)
STEPS_BETWEEN_FRAMES = 30  # 45 fs: more than a friction time and about two periods of a C-H stretch
STEPS_BEFORE_FIRST = 400
LONGEST_BOND = 1.7  # times its length at the minimum; beyond this the molecule has come apart


def broken(positions, bonds, lengths):
    """Whether any bond has left the range in which the molecule keeps its name."""
    now = np.linalg.norm(positions[bonds[:, 0]] - positions[bonds[:, 1]], axis=1)
    return bool((now > LONGEST_BOND * lengths).any())


def langevin(surface, minimum, bonds, temperature, frames, rng):
    """Frames of Langevin dynamics (BAOAB splitting, doi:10.1063/1.4802990) at `temperature` (K).

    A trajectory in which a bond breaks starts again from the minimum with new velocities.
    """
    lengths = np.linalg.norm(minimum[bonds[:, 0]] - minimum[bonds[:, 1]], axis=1)
    spread = np.sqrt(kB * temperature / MASS)
    decay = np.exp(-FRICTION * STEP)
    kick = spread * np.sqrt(1.0 - decay * decay)
    out, restarts, start = [], 0, True
    while len(out) < frames:
        if start:
            positions = minimum.copy()
            velocities = spread * rng.standard_normal(positions.shape)
            forces = surface.evaluate(positions)[1]
            remaining, start = STEPS_BEFORE_FIRST, False
        velocities += 0.5 * STEP * forces / MASS
        positions += 0.5 * STEP * velocities
        velocities = decay * velocities + kick * rng.standard_normal(positions.shape)
        positions += 0.5 * STEP * velocities
        evaluated = surface.evaluate(positions)
        if evaluated is None or broken(positions, bonds, lengths):
            restarts, start = restarts + 1, True
            if restarts > 50:
                raise RuntimeError(f"the molecule falls apart at {temperature} K")
            continue
        forces = evaluated[1]
        velocities += 0.5 * STEP * forces / MASS
        remaining -= 1
        if remaining == 0:
            out.append(positions.copy())
            remaining = STEPS_BETWEEN_FRAMES
    return out, restarts


def displaced(minimum, frames, rng):
    """Independent Gaussian displacements of every coordinate, from gentle to strong."""
    widths = rng.uniform(0.02, 0.12, size=frames)  # Å
    return [minimum + w * rng.standard_normal(minimum.shape) for w in widths]


def side_of(bonds, atoms, bond):
    """The atoms that move with the second end of `bond`; `None` where the bond is in a ring."""
    neighbours = [[] for _ in range(atoms)]
    for a, b in bonds:
        neighbours[a].append(b)
        neighbours[b].append(a)
    first, second = bond
    seen, todo = {second}, [second]
    while todo:
        here = todo.pop()
        for there in neighbours[here]:
            if (here, there) == (second, first) or there in seen:
                continue
            if there == first:
                return None
            seen.add(there)
            todo.append(there)
    return sorted(seen)


def stretched(minimum, bonds, frames, rng):
    """Bonds from 0.82 to 1.55 of their length on a slightly displaced molecule.

    One side of the bond moves as a rigid body; a bond in a ring, which has no sides, moves its
    two ends apart instead, over a third of the range.
    """
    out = []
    for k in range(frames):
        first, second = bonds[k % len(bonds)]
        positions = minimum + 0.02 * rng.standard_normal(minimum.shape)
        axis = positions[second] - positions[first]
        change = rng.uniform(0.82, 1.55) - 1.0
        side = side_of(bonds, len(minimum), (first, second))
        if side is None:
            positions[second] += axis * change / 6.0
            positions[first] -= axis * change / 6.0
        else:
            positions[side] += axis * change
        out.append(positions)
    return out
