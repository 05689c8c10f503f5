"""GFN2-xTB energies and forces in eV and Å, through tblite."""

import numpy as np
from ase.units import Bohr, Hartree
from tblite.interface import Calculator

METHOD = "GFN2-xTB"

# Unpaired electrons of the isolated atoms' ground states (Hund's rules).
ATOMS = {1: 1, 6: 2, 7: 3, 8: 2, 9: 1, 16: 2}


class Surface:
    """The potential energy surface of one molecule."""

    def __init__(self, species, positions, accuracy):
        self.calculator = Calculator(METHOD, np.asarray(species), np.asarray(positions, float) / Bohr)
        self.calculator.set("verbosity", 0)
        self.calculator.set("accuracy", accuracy)
        self.last = None

    def evaluate(self, positions, restart=True):
        """Energy (eV) and forces (eV/Å); `None` where the charges do not converge.

        With `restart` the previous charges are the guess, which is faster; without it the
        result does not depend on what was computed before.
        """
        self.calculator.update(positions=np.asarray(positions, float) / Bohr)
        try:
            result = self.calculator.singlepoint(self.last if restart else None)
        except RuntimeError:
            self.last = None
            return None
        self.last = result
        energy = float(result["energy"]) * Hartree
        forces = -np.array(result["gradient"]) * (Hartree / Bohr)
        if not (np.isfinite(energy) and np.isfinite(forces).all()):
            return None
        return energy, forces


def atom_energies():
    """Energy of each isolated neutral atom (eV)."""
    energies = {}
    for z, unpaired in ATOMS.items():
        calculator = Calculator(METHOD, np.array([z]), np.zeros((1, 3)), uhf=unpaired)
        calculator.set("verbosity", 0)
        calculator.set("accuracy", 0.01)
        energies[z] = float(calculator.singlepoint()["energy"]) * Hartree
    return energies
