"""Drives serve_ipi by ASE's SocketIOCalculator: a relaxation, a short MD, forces equal to a direct call.

usage: ipi.py SERVE_IPI POTENTIAL_PREDICT MODEL STRUCTURE.xyz [--tcp]

SERVE_IPI and POTENTIAL_PREDICT are the examples as programs. The last line is `ASE agrees: …`.
"""

import os
import socket
import subprocess
import sys
import tempfile

import ase
import ase.io
import numpy as np
from ase import units
from ase.calculators.socketio import SocketIOCalculator
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS


def direct(predict, model, frames):
    """Energies (eV), forces (eV/A) and stresses (eV/A^3) by a direct call."""
    with tempfile.TemporaryDirectory() as folder:
        given, out = os.path.join(folder, "in.xyz"), os.path.join(folder, "out.xyz")
        bare = [ase.Atoms(a.numbers, a.positions, cell=a.cell, pbc=a.pbc) for a in frames]
        # Sixteen digits: the positions must be the same to the last bit that matters.
        with open(given, "w") as file:
            for atoms in bare:
                cell = " ".join(repr(float(x)) for x in atoms.cell.array.ravel())
                lattice = f'Lattice="{cell}" ' if atoms.pbc.any() else ""
                flags = " ".join("T" if p else "F" for p in atoms.pbc)
                file.write(f'{len(atoms)}\n{lattice}Properties=species:S:1:pos:R:3 pbc="{flags}"\n')
                for symbol, r in zip(atoms.symbols, atoms.positions):
                    file.write(f"{symbol} {float(r[0])!r} {float(r[1])!r} {float(r[2])!r}\n")
        subprocess.run([predict, "--model", model, given, "--out", out], check=True, stdout=subprocess.DEVNULL)
        said = ase.io.read(out, index=":")
    return [(a.get_potential_energy(), a.get_forces(), a.get_stress() if a.pbc.all() else None) for a in said]


def main():
    serve, predict, model, path = sys.argv[1:5]
    tcp = "--tcp" in sys.argv[5:]
    atoms = ase.io.read(path, index=0)
    atoms.calc = None
    if tcp:
        with socket.socket() as free:
            free.bind(("localhost", 0))
            port = free.getsockname()[1]
        server, client = {"port": port}, ["--port", str(port)]
    else:
        name = f"chemscale_{os.getpid()}"
        server, client = {"unixsocket": name}, ["--unix", name]
    frames, seen = [], []

    def note():
        frames.append(atoms.copy())
        stress = atoms.get_stress() if atoms.pbc.all() else None
        seen.append((atoms.get_potential_energy(), atoms.get_forces(), stress))

    process = subprocess.Popen([serve, "--model", model, path, *client])
    try:
        with SocketIOCalculator(timeout=60, **server) as calculator:
            atoms.calc = calculator
            start = atoms.get_potential_energy()
            relaxation = BFGS(atoms, logfile=None)
            relaxation.attach(note, interval=5)
            relaxation.run(fmax=0.05, steps=60)
            end = atoms.get_potential_energy()
            assert end < start, f"a relaxation from {start} eV ended at {end} eV"
            MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=np.random.default_rng(1))
            dynamics = VelocityVerlet(atoms, timestep=0.5 * units.fs)
            totals = []
            dynamics.attach(note, interval=10)
            dynamics.attach(lambda: totals.append(atoms.get_total_energy()))
            dynamics.run(100)
    finally:
        try:
            code = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert code == 0, f"serve_ipi ended with {code}"
    swing = (max(totals) - min(totals)) / len(atoms)
    assert swing < 5e-3, f"the total energy swings by {swing} eV/atom"
    worst = [0.0, 0.0, 0.0]
    for (e, f, s), (de, df, ds) in zip(seen, direct(predict, model, frames)):
        worst[0] = max(worst[0], abs(e - de))
        worst[1] = max(worst[1], abs(f - df).max())
        if s is not None:
            worst[2] = max(worst[2], abs(s - ds).max())
    # ASE's hartree and bohr are those of CODATA 2014, ours of 2022: they differ by less than 1e-8 of the energy.
    # Positions pass through bohr, and a float32 model sees a rounding of them.
    energy_scale = max(1.0, abs(seen[0][0]))
    assert worst[0] < 2e-8 * energy_scale, worst
    assert worst[1] < 2e-4, worst
    assert worst[2] < 2e-5, worst
    print(
        f"ASE agrees: {len(seen)} frames, energy to {worst[0]:.1e} eV, forces to {worst[1]:.1e} eV/A, "
        f"stress to {worst[2]:.1e} eV/A^3, relaxed by {start - end:.3f} eV, swing {1e3 * swing:.3f} meV/atom"
    )


if __name__ == "__main__":
    main()
