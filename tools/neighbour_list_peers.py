#!/usr/bin/env python3
"""CPU time of full neighbour lists (pairs and shifts, 5 Å) by vesin, matscipy and ASE on the atoms of
benches/neighbour_list.rs; median and minimum in ms.

    python -m venv venv && venv/bin/pip install numpy ase matscipy vesin && OMP_NUM_THREADS=1 venv/bin/python neighbour_list_peers.py
"""
import time

import ase.neighborlist
import numpy as np
from matscipy.neighbours import neighbour_list
from vesin import NeighborList

CUTOFF = 5.0
MASK = (1 << 64) - 1


def liquid(n):
    edge = (n / 0.1) ** (1 / 3)
    state, flat = 12345, []
    for _ in range(3 * n):
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        flat.append((state >> 11) / (1 << 53) * edge)
    return np.array(flat).reshape(n, 3), np.eye(3) * edge


def report(name, call, repeats):
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append((time.process_time() - start) * 1e3)
    times.sort()
    print(f"{name:30} median {times[len(times) // 2]:10.3f} ms   min {times[0]:10.3f} ms", flush=True)


for n in (192, 1536, 10_000):
    positions, box = liquid(n)
    repeats = max(5, min(100, 100_000 // n))
    for ordered in (False, True):
        peer = NeighborList(cutoff=CUTOFF, full_list=True, sorted=ordered)
        report(f"vesin, {'sorted' if ordered else 'unsorted'}, {n} atoms",
               lambda: peer.compute(points=positions, box=box, periodic=True, quantities="ijS"), repeats)
    report(f"matscipy, {n} atoms",
           lambda: neighbour_list("ijS", positions=positions, cell=box, pbc=[True] * 3, cutoff=CUTOFF), repeats)
    report(f"ASE, {n} atoms",
           lambda: ase.neighborlist.primitive_neighbor_list("ijS", [True] * 3, box, positions, CUTOFF), 3)
