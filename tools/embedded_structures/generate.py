"""Make (or check) the structures that are embedded in the `datasets` crate.

    python generate.py                  # writes ../../crates/datasets/data/gfn2_small_molecules.{npz,json}
    python generate.py --check          # recomputes a sample of the stored file

Everything is seeded; see README.md for how far a second run agrees with the first.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

# One thread: sums then run in one order, and nothing else on the machine is disturbed.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from ase.atoms import Atoms
from ase.calculators.calculator import Calculator as AseCalculator
from ase.calculators.calculator import all_changes
from ase.optimize import BFGS
from rdkit import Chem
from rdkit.Chem import AllChem

from labels import METHOD, Surface, atom_energies
from molecules import MOLECULES
from sampling import MASS, STEPS_BETWEEN_FRAMES, displaced, langevin, stretched

SEED = 20230515
DATA = Path(__file__).resolve().parents[2] / "crates" / "datasets" / "data"
NAME = "gfn2_small_molecules"
LARGEST_FORCE = 30.0  # eV/Å
CLOSEST = 0.55  # Å
LABEL_ACCURACY = 0.01  # tblite's factor on its convergence thresholds
SAMPLING = ["minimum", "md_300K", "md_600K", "md_1200K", "bond_stretch", "displacement"]
# Shares of the frames of a molecule, without the single minimum.
SHARES = {"md_300K": 0.30, "md_600K": 0.25, "md_1200K": 0.25, "bond_stretch": 0.10, "displacement": 0.10}


class Tblite(AseCalculator):
    """The surface as an ASE calculator, for the optimiser only."""

    implemented_properties = ["energy", "forces"]

    def __init__(self, surface):
        super().__init__()
        self.surface = surface

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        evaluated = self.surface.evaluate(atoms.positions)
        if evaluated is None:
            raise RuntimeError("the charges do not converge at a geometry of the optimiser")
        self.results["energy"], self.results["forces"] = evaluated


def minimum_of(smiles, seed):
    """Species, bonds and the nearest GFN2 minimum of an RDKit conformer."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    if AllChem.EmbedMolecule(molecule, randomSeed=seed) != 0:
        raise RuntimeError(f"RDKit finds no geometry for {smiles}")
    species = np.array([a.GetAtomicNum() for a in molecule.GetAtoms()], np.uint8)
    bonds = np.array([(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in molecule.GetBonds()])
    atoms = Atoms(numbers=species, positions=molecule.GetConformer().GetPositions())
    surface = Surface(species, atoms.positions, 0.1)
    atoms.calc = Tblite(surface)
    if not BFGS(atoms, logfile=None).run(fmax=0.002, steps=1000):
        raise RuntimeError(f"{smiles} does not relax")
    return species, bonds, atoms.positions.copy(), surface


def frames_for(species):
    """How many frames a molecule gets: more for those with more to learn."""
    heavy = int((species > 1).sum())
    return {1: 240, 2: 420, 3: 520}.get(heavy, 560)


def sample(index, smiles, seed):
    """All kept frames of one molecule: geometry in float32, then its labels."""
    rng = np.random.default_rng([seed, index])
    species, bonds, minimum, surface = minimum_of(smiles, seed=seed % 100_000 + index)
    total = frames_for(species) - 1
    wanted = {kind: round(total * share) for kind, share in SHARES.items()}
    geometries, restarts = [("minimum", minimum)], {}
    for kind, temperature in (("md_300K", 300.0), ("md_600K", 600.0), ("md_1200K", 1200.0)):
        frames, restarts[kind] = langevin(surface, minimum, bonds, temperature, wanted[kind], rng)
        geometries += [(kind, frame) for frame in frames]
    geometries += [("bond_stretch", g) for g in stretched(minimum, bonds, wanted["bond_stretch"], rng)]
    geometries += [("displacement", g) for g in displaced(minimum, wanted["displacement"], rng)]

    exact = Surface(species, minimum, LABEL_ACCURACY)
    kept, dropped = [], {"unconverged": 0, "force": 0, "contact": 0}
    for kind, positions in geometries:
        # The stored geometry is what gets the label: round first, then evaluate.
        positions = (positions - positions.mean(axis=0)).astype(np.float32)
        distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
        if (distances[np.triu_indices(len(species), 1)] < CLOSEST).any():
            dropped["contact"] += 1
            continue
        evaluated = exact.evaluate(positions, restart=False)
        if evaluated is None:
            dropped["unconverged"] += 1
            continue
        energy, forces = evaluated
        if np.linalg.norm(forces, axis=1).max() > LARGEST_FORCE:
            dropped["force"] += 1
            continue
        kept.append((SAMPLING.index(kind), positions, energy, forces.astype(np.float32)))
    return species, kept, dropped, restarts


def consistency(arrays, seed, frames=400):
    """Forces against central differences of the energy along random directions.

    Returns the slope and the correlation of dE on -F.dR, and the largest error in eV/Å.
    """
    rng = np.random.default_rng([seed, 1_000_000])
    starts = np.concatenate([[0], np.cumsum(arrays["atom_counts"])])
    picked = rng.choice(len(arrays["energies"]), size=min(frames, len(arrays["energies"])), replace=False)
    numeric, stored, energy_error = [], [], 0.0
    for frame in picked:
        rows = slice(starts[frame], starts[frame + 1])
        positions = arrays["positions"][rows].astype(float)
        surface = Surface(arrays["species"][rows], positions, LABEL_ACCURACY)
        direction = rng.standard_normal(positions.shape)
        direction /= np.linalg.norm(direction)
        half = 1e-3  # Å
        up = surface.evaluate(positions + half * direction, restart=False)[0]
        down = surface.evaluate(positions - half * direction, restart=False)[0]
        here = surface.evaluate(positions, restart=False)[0]
        energy_error = max(energy_error, abs(here - arrays["energies"][frame]))
        numeric.append((up - down) / (2 * half))
        stored.append(-float((arrays["forces"][rows] * direction).sum()))
    numeric, stored = np.array(numeric), np.array(stored)
    return {
        "frames": len(picked),
        "slope": float((numeric * stored).sum() / (stored * stored).sum()),
        "correlation": float(np.corrcoef(numeric, stored)[0, 1]),
        "largest_error_ev_per_angstrom": float(np.abs(numeric - stored).max()),
        "largest_energy_error_ev": energy_error,
    }


def acceptable(report):
    """Whether the labels are the gradient of the energy, within the differences' own error."""
    return (
        abs(report["slope"] - 1.0) < 1e-4
        and report["correlation"] > 0.999999
        and report["largest_error_ev_per_angstrom"] < 5e-3
        and report["largest_energy_error_ev"] < 1e-5
    )


def generate(out, seed, count):
    """Sample every molecule and write the two files."""
    began = time.time()
    columns = {"species": [], "atom_counts": [], "positions": [], "forces": [], "energies": [], "molecule": [], "sampling": []}
    entries = []
    for index, (name, smiles) in enumerate(MOLECULES[:count]):
        species, kept, dropped, restarts = sample(index, smiles, seed)
        for kind, positions, energy, forces in kept:
            columns["species"].append(species)
            columns["atom_counts"].append(len(species))
            columns["positions"].append(positions)
            columns["forces"].append(forces)
            columns["energies"].append(energy)
            columns["molecule"].append(index)
            columns["sampling"].append(kind)
        kinds = [kind for kind, *_ in kept]
        energies = np.array([energy for _, _, energy, _ in kept])
        forces = np.concatenate([f for *_, f in kept])
        entries.append(
            {
                "name": name,
                "smiles": smiles,
                "atoms": len(species),
                "frames": len(kept),
                "frames_by_sampling": {s: kinds.count(k) for k, s in enumerate(SAMPLING)},
                "dropped": dropped,
                "restarted_trajectories": restarts,
                "minimum_energy_ev": float(energies[0]) if kinds[0] == 0 else None,
                "energy_std_ev": float(energies.std()),
                "force_rms_ev_per_angstrom": float(np.sqrt((forces.astype(float) ** 2).mean())),
            }
        )
        print(f"{index + 1:3d}/{count} {name:20s} {len(kept):5d} frames, dropped {dropped}, {time.time() - began:6.0f} s", flush=True)

    arrays = {
        "species": np.concatenate(columns["species"]).astype(np.uint8),
        "atom_counts": np.array(columns["atom_counts"], np.int64),
        "positions": np.concatenate(columns["positions"]).astype(np.float32),
        "forces": np.concatenate(columns["forces"]).astype(np.float32),
        "energies": np.array(columns["energies"], np.float64),
        "molecule": np.array(columns["molecule"], np.int64),
        "sampling": np.array(columns["sampling"], np.uint8),
    }
    report = consistency(arrays, seed)
    if not acceptable(report):
        sys.exit(f"the forces are not the gradient of the energies: {report}")

    out.mkdir(parents=True, exist_ok=True)
    archive = out / f"{NAME}.npz"
    aside = out / f"{NAME}.partial.npz"
    np.savez_compressed(aside, **arrays)
    aside.replace(archive)
    size = archive.stat().st_size
    if size >= 6_000_000:
        sys.exit(f"{archive} has {size} bytes; the limit is 6,000,000")
    description = {
        "schema": 1,
        "file": archive.name,
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "bytes": size,
        "frames": len(arrays["energies"]),
        "atoms": int(arrays["atom_counts"].sum()),
        "method": METHOD,
        "charge": 0,
        "unpaired_electrons": 0,
        "electronic_temperature_k": 300.0,
        "tblite_accuracy": LABEL_ACCURACY,
        "units": {"positions": "angstrom", "energies": "eV", "forces": "eV/angstrom"},
        "energy_zero": "total GFN2-xTB energy (valence electrons; no atomic references subtracted)",
        "isolated_atom_energies_ev": {Chem.GetPeriodicTable().GetElementSymbol(z): e for z, e in atom_energies().items()},
        "sampling": SAMPLING,
        "sampling_details": {
            "dynamics": "Langevin (BAOAB), all masses 12 u, step 1.5 fs, friction 1/(40 fs)",
            "mass_u": MASS,
            "steps_between_frames": STEPS_BETWEEN_FRAMES,
            "bond_stretch": "0.82 to 1.55 of the bond, one side moved rigidly, 0.02 angstrom noise",
            "displacement": "Gaussian, width drawn from 0.02 to 0.12 angstrom",
        },
        "kept": {"largest_force_ev_per_angstrom": LARGEST_FORCE, "closest_pair_angstrom": CLOSEST},
        "consistency_of_forces": report,
        "seed": seed,
        "versions": {p: version(p) for p in ("tblite", "rdkit", "ase", "numpy", "scipy")},
        "python": sys.version.split()[0],
        "wall_seconds": round(time.time() - began),
        "references": {
            "GFN2-xTB": "Bannwarth, Ehlert, Grimme, J. Chem. Theory Comput. 15, 1652 (2019), doi:10.1021/acs.jctc.8b01176",
            "tblite": "https://github.com/tblite/tblite",
        },
        "molecules": entries,
    }
    (out / f"{NAME}.json").write_text(json.dumps(description, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(arrays['energies'])} frames of {len(entries)} molecules, {size} bytes, {report}")


def check(out):
    """Recompute a sample of the stored file, and its checksum."""
    description = json.loads((out / f"{NAME}.json").read_text())
    archive = out / description["file"]
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != description["sha256"]:
        sys.exit(f"{archive}: sha256 is {digest}, the description says {description['sha256']}")
    with np.load(archive) as stored:
        report = consistency({name: stored[name] for name in stored.files}, seed=description["seed"] + 1)
    print(report)
    if not acceptable(report):
        sys.exit("the stored labels do not agree with a new calculation")
    print("the stored labels agree with a new calculation")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=DATA, help="folder of the two files (default: the crate's data folder)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=len(MOLECULES), help="only the first molecules, for a quick trial")
    parser.add_argument("--check", action="store_true", help="recompute a sample of the stored file instead of making it")
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.out)
    else:
        generate(arguments.out, arguments.seed, arguments.count)


if __name__ == "__main__":
    main()
