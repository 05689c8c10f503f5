//! `RDKit`'s rules, by the crate [cosmolkit](https://docs.rs/cosmolkit).

use cosmolkit::{Molecule, SmilesWriteParams};

use super::{CanonicalTexts, Oracle};

/// The rules of `RDKit` 2026.09: its verdict on what is a molecule, and its canonical SMILES to the letter.
///
/// Slower than [`OwnRules`](super::OwnRules), which name the same molecules by other texts.
///
/// ```
/// use selfies::metrics::{Oracle, RdkitRules};
///
/// let aspirin = RdkitRules.canonical("OC(=O)c1ccccc1OC(C)=O")?;
/// assert_eq!(aspirin.full, "CC(=O)Oc1ccccc1C(=O)O");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RdkitRules;

impl Oracle for RdkitRules {
    fn canonical(&self, smiles: &str) -> Result<CanonicalTexts, String> {
        let molecule = Molecule::from_smiles(smiles).map_err(|error| error.to_string())?;
        let write = |isomeric_smiles: bool| {
            let options = SmilesWriteParams {
                isomeric_smiles,
                ..SmilesWriteParams::default()
            };
            molecule
                .to_smiles_with_params(&options)
                .map_err(|error| error.to_string())
                .map(|text| String::from_utf8_lossy(text.as_bytes()).into_owned())
        };
        Ok(CanonicalTexts {
            full: write(true)?,
            flat: write(false)?,
        })
    }

    /// logP by S. A. Wildman and G. M. Crippen (doi:10.1021/ci990307l), and QED by G. R. Bickerton et al.
    /// (doi:10.1038/nchem.1243) with its mean weights.
    fn properties(&self, smiles: &str) -> Result<Vec<(&'static str, f64)>, String> {
        let molecule = Molecule::from_smiles(smiles).map_err(|error| error.to_string())?;
        let crippen = molecule
            .crippen_descriptors()
            .map_err(|error| error.to_string())?;
        let qed = molecule.qed().map_err(|error| error.to_string())?;
        Ok(vec![("logP", crippen.logp), ("QED", qed)])
    }
}
