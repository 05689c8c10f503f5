"""Writes ase_rows.json: python make_ase_rows.py (ASE 3.29.0)."""
import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db import connect

rows = connect("ase_rows.json", use_lock_file=False, append=False)
water = Atoms("OH2", positions=[[0, 0, 0.1], [0, 0.76, -0.5], [0, -0.76, -0.5]])
forces = [[0, 0, 0.3], [0, 0.1, -0.15], [0, -0.1, -0.15]]
water.calc = SinglePointCalculator(water, energy=-14.2, forces=forces)
rows.write(water, name="water")
silicon = Atoms(
    "Si2",
    scaled_positions=[[0, 0, 0], [0.25, 0.25, 0.25]],
    cell=[[0, 2.7, 2.7], [2.7, 0, 2.7], [2.7, 2.7, 0]],
    pbc=True,
)
silicon.calc = SinglePointCalculator(
    silicon, energy=-10.8, forces=np.zeros((2, 3)) + 0.01, stress=[0.1, 0.2, 0.3, 0.01, 0.02, 0.03]
)
rows.write(silicon)
