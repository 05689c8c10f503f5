//! Structures in, numbers out.

#![expect(
    unsafe_code,
    reason = "a C interface takes pointers, and its names must not be mangled"
)]

use crate::{
    potential::Potential,
    status::{Failure, Status, guard},
};

/// Atoms and their cell. Zero in a field that is not set means: not there.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Structure {
    /// Number of atoms.
    pub atoms: usize,
    /// Atomic number of each atom.
    pub atomic_numbers: *const i32,
    /// Three coordinates of each atom (angstrom).
    pub positions: *const f64,
    /// Nine numbers: the cell vectors as rows (angstrom); null for a molecule.
    pub cell: *const f64,
    /// Which cell vectors repeat.
    pub periodic: [bool; 3],
    /// Total charge (e).
    pub charge: i32,
    /// Unpaired electrons.
    pub unpaired: u32,
}

/// What a potential says about a structure. The caller sets the pointers, null for what it does not
/// want, and the call writes the rest.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Evaluation {
    /// Total energy (eV).
    pub energy: f64,
    /// Three forces of each atom (eV/angstrom).
    pub forces: *mut f64,
    /// The energy attributed to each atom (eV).
    pub atom_energies: *mut f64,
    /// Nine numbers: the stress (eV/angstrom^3), positive under tension; not a number where the cell does
    /// not repeat along all three axes.
    pub stress: *mut f64,
    /// Standard deviation of the energy over the members of an ensemble (eV); not a number otherwise.
    pub energy_uncertainty: f64,
    /// The same of each force component (eV/angstrom).
    pub force_uncertainty: *mut f64,
}

/// Evaluates a structure. Where it fails, nothing is written.
///
/// # Safety
/// `potential` is null or from `egnn_load`; the other pointers are null or point to as many numbers as
/// their fields say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egnn_evaluate(
    potential: *const Potential,
    structure: *const Structure,
    result: *mut Evaluation,
) -> Status {
    guard(|| {
        // SAFETY: the caller promises null or something valid for each.
        let (potential, structure, result) =
            unsafe { (potential.as_ref(), structure.as_ref(), result.as_mut()) };
        let potential = potential.ok_or_else(|| Failure::null("potential"))?;
        let structure = structure.ok_or_else(|| Failure::null("structure"))?;
        let result = result.ok_or_else(|| Failure::null("result"))?;
        // SAFETY: the caller promises that its fields say how many numbers there are.
        let structure = unsafe { read(structure)? };
        // A thread that panicked with the lock leaves a neighbour list that is whole or gone.
        let mut calculator = potential
            .calculator
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let said = calculator
            .evaluate(&structure)
            .map_err(|error| Failure::of(Status::EGNN_NOT_EVALUATED, &error))?;
        drop(calculator);
        let unknown = f64::NAN;
        result.energy = said.energy;
        result.energy_uncertainty = said.uncertainty.as_ref().map_or(unknown, |u| u.energy);
        let stress = said.stress.unwrap_or([[unknown; 3]; 3]);
        let spread = said
            .uncertainty
            .map_or_else(|| vec![[unknown; 3]; structure.len()], |u| u.forces);
        // SAFETY: the caller promises null or room for each.
        unsafe {
            write(result.forces, said.forces.as_flattened());
            write(result.atom_energies, &said.atom_energies);
            write(result.stress, stress.as_flattened());
            write(result.force_uncertainty, spread.as_flattened());
        }
        Ok(())
    })
}

/// # Safety
/// The pointers of the structure are null or point to as many numbers as its fields say.
unsafe fn read(structure: &Structure) -> Result<atoms::Structure, Failure> {
    let invalid = |text: String| Failure {
        status: Status::EGNN_NOT_EVALUATED,
        text,
    };
    let atoms = structure.atoms;
    if structure.atomic_numbers.is_null() {
        return Err(Failure::null("atomic_numbers"));
    }
    if structure.positions.is_null() {
        return Err(Failure::null("positions"));
    }
    // A count that no memory can hold must not become the length of a slice.
    if atoms > i32::MAX as usize {
        return Err(invalid(format!("{atoms} atoms are too many")));
    }
    // SAFETY: they are not null, so the caller promises that many numbers.
    let (numbers, positions) = unsafe {
        (
            std::slice::from_raw_parts(structure.atomic_numbers, atoms),
            std::slice::from_raw_parts(structure.positions.cast::<[f64; 3]>(), atoms),
        )
    };
    let mut species = Vec::with_capacity(atoms);
    for (atom, number) in numbers.iter().enumerate() {
        let z = u8::try_from(*number);
        species.push(z.map_err(|_| invalid(format!("atom {atom} has atomic number {number}")))?);
    }
    let cell = (!structure.cell.is_null()).then(|| {
        // SAFETY: it is not null, so the caller promises nine numbers.
        unsafe { structure.cell.cast::<[[f64; 3]; 3]>().read_unaligned() }
    });
    Ok(atoms::Structure {
        species,
        positions: positions.to_vec(),
        cell,
        periodic: structure.periodic,
        charge: structure.charge,
        spin: structure.unpaired,
        ..atoms::Structure::default()
    })
}

/// # Safety
/// `to` is null or has room for the numbers.
unsafe fn write(to: *mut f64, numbers: &[f64]) {
    if !to.is_null() {
        // SAFETY: the caller's promise; memory of the caller does not overlap with ours.
        unsafe { std::ptr::copy_nonoverlapping(numbers.as_ptr(), to, numbers.len()) };
    }
}
