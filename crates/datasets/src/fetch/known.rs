//! The registry of published sets.

use crate::structures::Units;

/// A checksum in lower-case hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// MD5, as figshare and Zenodo publish it.
    Md5(&'static str),
    /// SHA-256.
    Sha256(&'static str),
}

/// One file of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteFile {
    /// Name in the cache.
    pub name: &'static str,
    /// Address.
    pub url: &'static str,
    /// Size, where it is known.
    pub bytes: Option<u64>,
    /// Checksum, where one is published; otherwise that of the first download is recorded.
    pub checksum: Option<Checksum>,
}

/// A published set: where it is, what its numbers mean, whose it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownSet {
    /// Short name for [`super::fetch`].
    pub name: &'static str,
    /// What it holds.
    pub title: &'static str,
    /// Its files.
    pub files: &'static [RemoteFile],
    /// Units of its numbers and the sign of its force array; nothing for sets of molecules.
    pub units: Option<Units>,
    /// What energies are counted from.
    pub energy_zero: &'static str,
    /// Terms of use.
    pub licence: &'static str,
    /// What to cite.
    pub citation: &'static str,
}

const fn file(name: &'static str, url: &'static str) -> RemoteFile {
    RemoteFile {
        name,
        url,
        bytes: None,
        checksum: None,
    }
}

impl RemoteFile {
    const fn with(mut self, bytes: u64, checksum: Checksum) -> Self {
        self.bytes = Some(bytes);
        self.checksum = Some(checksum);
        self
    }
}

const TOTAL: &str = "total energy of nuclei and electrons";
const NONE: &str = "no energies";

/// All sets on record. Sizes and checksums are those that the hosts, the sets' own files or other readers of them
/// publish; a set without one is recorded at its first download.
#[must_use]
pub fn known_sets() -> &'static [KnownSet] {
    SETS
}

const SETS: &[KnownSet] = &[
    KnownSet {
        name: "pubchem10m",
        title: "ten million molecules of PubChem, one SMILES a line",
        files: &[file(
            "pubchem_10m.txt.zip",
            "https://deepchemdata.s3-us-west-1.amazonaws.com/datasets/pubchem_10m.txt.zip",
        )],
        units: None,
        energy_zero: NONE,
        licence: "public domain (PubChem)",
        citation: "Kim et al., Nucleic Acids Res. 49, D1388 (2021), doi:10.1093/nar/gkaa971",
    },
    KnownSet {
        name: "moses",
        title: "MOSES: 1.9 million lead-like molecules, CSV with columns SMILES and SPLIT",
        files: &[file(
            "dataset_v1.csv",
            "https://media.githubusercontent.com/media/molecularsets/moses/master/data/dataset_v1.csv",
        )
        .with(
            84_482_588,
            Checksum::Sha256("bb47a94d347afd476d3828b5e26dceeabc42a2d8cf92a791d00349f22fea0d8b"),
        )],
        units: None,
        energy_zero: NONE,
        licence: "MIT",
        citation: "Polykovskiy et al., Front. Pharmacol. 11, 565644 (2020), doi:10.3389/fphar.2020.565644",
    },
    KnownSet {
        name: "zinc250k",
        title: "250,000 drug-like molecules of ZINC, CSV with columns smiles, logP, qed, SAS",
        files: &[file(
            "250k_rndm_zinc_drugs_clean_3.csv",
            "https://raw.githubusercontent.com/aspuru-guzik-group/chemical_vae/master/models/zinc_properties/250k_rndm_zinc_drugs_clean_3.csv",
        )],
        units: None,
        energy_zero: NONE,
        licence: "terms of ZINC",
        citation: "Gómez-Bombarelli et al., ACS Cent. Sci. 4, 268 (2018), doi:10.1021/acscentsci.7b00572",
    },
    KnownSet {
        name: "ani1x",
        title: "ANI-1x and ANI-1ccx: 5 million conformations of small organic molecules, wB97X/6-31G(d) and more",
        files: &[file("ani1x-release.h5", "https://figshare.com/ndownloader/files/18112775").with(
            5_590_846_027,
            Checksum::Md5("98090dd6679106da861f52bed825ffb7"),
        )],
        units: Some(Units::HARTREE_ANGSTROM),
        energy_zero: TOTAL,
        licence: "CC0",
        citation: "Smith et al., Sci. Data 7, 134 (2020), doi:10.1038/s41597-020-0473-z",
    },
    KnownSet {
        name: "rmd17",
        title: "revised MD17: ten molecules, 100,000 frames each, PBE/def2-SVP",
        files: &[file("rmd17.tar.bz2", "https://figshare.com/ndownloader/files/23950376")],
        units: Some(Units::KCAL_PER_MOL),
        energy_zero: TOTAL,
        licence: "CC0",
        citation: "Christensen and von Lilienfeld, Mach. Learn. Sci. Technol. 1, 045018 (2020), doi:10.1088/2632-2153/abba6f",
    },
    KnownSet {
        name: "3bpa",
        title: "3BPA: dynamics of a flexible drug-like molecule at 300, 600 and 1200 K, wB97X/6-31G(d)",
        files: &[file(
            "dataset_3BPA.tar.gz",
            "https://github.com/davkovacs/BOTNet-datasets/raw/main/dataset_3BPA.tar.gz",
        )],
        units: Some(Units::EV),
        energy_zero: TOTAL,
        licence: "MIT (repository), CC-BY-4.0 (ColabFit)",
        citation: "Kovács et al., J. Chem. Theory Comput. 17, 7696 (2021), doi:10.1021/acs.jctc.1c00647",
    },
    KnownSet {
        name: "spice",
        title: "SPICE 1.1.4: 1.1 million conformations of drug-like molecules and peptides, wB97M-D3(BJ)/def2-TZVPPD",
        files: &[file(
            "SPICE-1.1.4.hdf5",
            "https://zenodo.org/records/8222043/files/SPICE-1.1.4.hdf5",
        )
        .with(
            16_058_156_944,
            Checksum::Md5("f27d4c81da0e37d6547276bf6b4ae6a1"),
        )],
        units: Some(Units::ATOMIC.with_gradients()),
        energy_zero: TOTAL,
        licence: "CC0",
        citation: "Eastman et al., Sci. Data 10, 11 (2023), doi:10.1038/s41597-022-01882-6",
    },
    KnownSet {
        name: "qm9",
        title: "QM9: 133,885 molecules of up to nine heavy atoms, B3LYP/6-31G(2df,p), no forces",
        files: &[file(
            "dsgdb9nsd.xyz.tar.bz2",
            "https://figshare.com/ndownloader/files/3195389",
        )
        .with(
            86_144_227,
            Checksum::Md5("ad1ebd51ee7f5b3a6e32e974e5d54012"),
        )],
        units: Some(Units::HARTREE_ANGSTROM),
        energy_zero: TOTAL,
        licence: "CC0",
        citation: "Ramakrishnan et al., Sci. Data 1, 140022 (2014), doi:10.1038/sdata.2014.22",
    },
    KnownSet {
        name: "comp6-s66x8",
        title: "S66x8 of COMP6: 66 dimers at eight distances, wB97X/6-31G(d); its `forces` are gradients",
        files: &[file(
            "s66x8_wb97x6-31gd.h5",
            "https://github.com/isayev/COMP6/raw/master/COMP6v1/s66x8/s66x8_wb97x6-31gd.h5",
        )],
        units: Some(Units::HARTREE_ANGSTROM.with_gradients()),
        energy_zero: TOTAL,
        licence: "MIT",
        citation: "Smith et al., J. Chem. Phys. 148, 241733 (2018), doi:10.1063/1.5023802",
    },
];
