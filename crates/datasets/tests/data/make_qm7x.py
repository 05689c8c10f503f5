"""Writes qm7x.hdf5: python make_qm7x.py (h5py 3.16.0)."""
import h5py
import numpy as np

with h5py.File("qm7x.hdf5", "w") as file:
    for molecule, species in (("1", [6, 1, 1, 1, 1]), ("7", [8, 1, 1])):
        group = file.create_group(molecule)
        for k in range(3):
            geometry = group.create_group(f"Geom-m{molecule}-i1-c1-{'opt' if k == 0 else f'd{k}'}")
            n = len(species)
            geometry["atNUM"] = np.array(species, dtype="i8")
            geometry["atXYZ"] = np.arange(3 * n, dtype="f8").reshape(n, 3) * 0.9 + 0.01 * k
            geometry["ePBE0+MBD"] = np.array([-1100.0 - k])
            geometry["totFOR"] = np.full((n, 3), 0.5 - k)
            geometry["atC6"] = np.zeros(n)
