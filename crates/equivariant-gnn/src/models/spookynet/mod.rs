//! `SpookyNet`: charge and spin, local and nonlocal interactions, and the physics of large distances
//! (Unke et al., Nat. Commun. 12, 7273 (2021), doi:10.1038/s41467-021-27504-0), with the layers and
//! parameter names of the authors' code.
//!
//! Parity is with the published code, not with the paper's text, where the two differ. DIFFERENCE: modules
//! are not dropped at random during training.
//!
//! Axis letters: G molecules, N atoms, C features.

mod attention;
mod config;
mod dispersion;
mod electrons;
mod electrostatics;
mod embedding;
mod geometry;
mod local;
mod radial;
mod repulsion;
mod residual;
mod state_dict;

use backend::{segment::Index, tape::Var};
use burn::tensor::{DType, Tensor, TensorData};

use super::{Input, Model};
use crate::{
    batch::{Batch, EVERY_PAIR},
    error::Result,
    weights::{Init, Layout, Scope},
};
use electrons::ROWS;
use embedding::Electronic;
use geometry::{Far, Near};
use local::Surroundings;

pub use attention::Attention;
pub use config::{ResidualConfig, SpookyNetConfig};
pub use state_dict::spookynet_state_dict;

impl Model for SpookyNetConfig {
    fn cutoff(&self) -> f64 {
        match (self.sees_far(), self.range) {
            (false, _) => self.cutoff,
            (true, Some(range)) => range,
            (true, None) => EVERY_PAIR,
        }
    }

    fn knows(&self, z: u8) -> bool {
        let rows = if self.dispersion {
            self.dispersion_rows
        } else {
            ROWS
        };
        (1..rows).contains(&usize::from(z))
    }

    fn depth(&self) -> usize {
        self.depth
    }

    fn width(&self) -> usize {
        self.width
    }

    fn validate(&self) -> Result<()> {
        self.check()
    }

    fn layout(&self) -> Layout {
        let (c, blocks) = (self.width, &self.residual);
        let mlp = |blocks, zero| self.mlp(blocks, zero);
        let mut layout = Layout::default();
        layout.weight("element_bias", &[ROWS, 2], Init::Zero);
        embedding::declare_nuclear(&mut layout, c, self.start_at_zero);
        for electronic in [Electronic::Charge, Electronic::Spin] {
            electronic.declare(&mut layout, c, self.electronic_mlp());
        }
        radial::declare(&mut layout, self.functions);
        for t in 0..self.depth {
            let name = format!("module.{t}");
            let local = format!("{name}.local_interaction");
            local::declare(&mut layout, &local, c, self.functions, blocks, mlp);
            if self.attention != Attention::Off {
                let nonlocal = format!("{name}.nonlocal_interaction");
                attention::declare(&mut layout, &nonlocal, c, blocks, mlp, self.seed, t);
            }
            for (part, blocks) in [("pre", blocks.pre), ("post", blocks.post)] {
                let name = format!("{name}.residual_{part}");
                residual::declare_stack(&mut layout, &name, c, mlp(blocks, true));
            }
            let name = format!("{name}.resblock");
            residual::declare(&mut layout, &name, c, mlp(blocks.output, false));
        }
        residual::declare_linear(&mut layout, "output", c, 2, false, Init::Orthogonal);
        if self.repulsion {
            repulsion::declare(&mut layout);
        }
        if self.dispersion {
            dispersion::declare(&mut layout, self.dispersion_rows);
        }
        layout
    }

    fn energies(&self, weights: &Scope<'_>, input: &Input<'_>) -> Var<2> {
        let batch = input.batch;
        let rows = batch.species.iter().map(|&z| u32::from(z)).collect();
        let element = Index::new(rows, ROWS, &batch.device());
        let near = Near::new(input, self.cutoff);
        let features = self.features(weights, batch, &near, &element); // [N, C]
        weights.note(|| "descriptor_f0".into(), &features);

        // The energy and the charge of each atom (eqs. 8 and 23).
        let bias = weights.weight::<2>("element_bias").gather(&element); // [N, 2]
        let output = weights.product("output.weight", &features, 0, 2, None);
        let output = output.add(&bias).cast(DType::F64); // [N, 2]
        let mut energies = output.narrow(1, 0, 1); // [N, 1]
        weights.note(|| "atomic_energy_nn".into(), &energies);
        // The known terms are in eV whatever the network's unit is.
        let mut add = |name: &str, term: &Var<2>| {
            weights.note(|| name.into(), term);
            energies = energies.add(&term.scale(1.0 / weights.unit()));
        };
        if self.repulsion {
            let term = repulsion::energies(weights, batch, &near, self.cutoff);
            add("atomic_zbl", &term);
        }
        if self.sees_far() {
            let charges = conserved(&output.narrow(1, 1, 1), batch); // [N, 1]
            weights.note(|| "partial_charge".into(), &charges);
            let far = Far::new(input);
            let (range, limit) = (self.range, self.limit());
            if self.electrostatics {
                let term = electrostatics::energies(&far, &charges, self.cutoff, range, limit);
                add("atomic_electrostatics", &term);
            }
            if self.dispersion {
                let term = dispersion::energies(weights, batch, &far, &charges, range, limit);
                add("atomic_dispersion", &term);
            }
        }
        energies
    }
}

impl SpookyNetConfig {
    /// The descriptors of the atoms: what all modules put out, summed (eq. 1).
    ///
    /// # Shapes
    /// - output: `[N, C]`
    fn features(&self, weights: &Scope<'_>, batch: &Batch, near: &Near, element: &Index) -> Var<2> {
        let blocks = &self.residual;
        let mlp = |blocks| self.mlp(blocks, false);
        let basis = radial::basis(weights, &near.distance, self.cutoff); // [H, K]
        if weights.is_traced() {
            let each = |x: &Var<2>| x.gather(&near.pairs.filter);
            let cutoff = radial::cutoff_function(&near.distance, self.cutoff);
            weights.note(|| "sr_distance".into(), &each(&near.distance));
            weights.note(|| "fcut".into(), &each(&cutoff));
            weights.note(|| "rbf".into(), &each(&basis));
        }
        let around = Surroundings::new(near.pairs.clone(), basis, near.direction.clone());

        let nuclear = embedding::nuclear(weights, element); // [N, C]
        let [charge, spin] = [Electronic::Charge, Electronic::Spin]
            .map(|electronic| electronic.embed(weights, self.electronic_mlp(), &nuclear, batch));
        weights.note(|| "nuclear_embedding".into(), &nuclear);
        weights.note(|| "charge_embedding".into(), &charge);
        weights.note(|| "spin_embedding".into(), &spin);

        let mut x = nuclear.add(&charge).add(&spin); // [N, C]
        let mut features: Option<Var<2>> = None;
        for t in 0..self.depth {
            let name = format!("module.{t}");
            x = residual::stack(
                weights,
                &format!("{name}.residual_pre"),
                mlp(blocks.pre),
                &x,
            );
            let local = format!("{name}.local_interaction");
            let local = local::apply(weights, &local, blocks, mlp, &around, &x);
            weights.note(|| format!("module{t}.local"), &local);
            let mut sum = x.add(&local);
            if self.attention != Attention::Off {
                let name = format!("{name}.nonlocal_interaction");
                let nonlocal = self
                    .attention
                    .apply(weights, &name, blocks, mlp, &batch.graph, &x);
                weights.note(|| format!("module{t}.nonlocal"), &nonlocal);
                sum = sum.add(&nonlocal);
            }
            let post = format!("{name}.residual_post");
            x = residual::stack(weights, &post, mlp(blocks.post), &sum);
            let output = format!("{name}.resblock");
            let y = residual::apply(weights, &output, mlp(blocks.output), &x);
            weights.note(|| format!("module{t}.x"), &x);
            weights.note(|| format!("module{t}.y"), &y);
            features = Some(features.map_or(y.clone(), |features| features.add(&y)));
        }
        features.expect("there is at least one module")
    }
}

/// What is missing from the total charge is spread evenly over the atoms (eq. 24).
fn conserved(charges: &Var<2>, batch: &Batch) -> Var<2> {
    let graphs = batch.graphs();
    let column = |values: Vec<f64>| {
        let data = TensorData::new(values, [graphs, 1]);
        Var::constant(Tensor::from_data(data, (&batch.device(), DType::F64)))
    };
    let share = column(batch.atoms.iter().map(|&n| 1.0 / n as f64).collect());
    let missing = column(batch.charge.clone())
        .sub(&charges.segment_sum(&batch.graph))
        .mul(&share); // [G, 1]
    charges.add(&missing.gather(&batch.graph))
}
