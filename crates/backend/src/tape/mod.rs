//! A reverse-mode tape whose gradients can be differentiated again.
//!
//! Burn's own `backward` consumes its graph and returns gradients without one, so a loss on forces,
//! which are gradients themselves, cannot be trained with it. Here a [`Var`] is a Burn tensor and
//! the place where it was made; every operation leaves on the [`Tape`] a rule that maps the
//! gradient of its output to gradients of its inputs, **written in the same operations**. Walking
//! the tape back therefore writes the gradient's own computation down, and walking back from a
//! function of the gradients gives second derivatives. Tensors stay on a plain device: Burn's
//! automatic differentiation is not involved.
//!
//! Three things keep the work down.
//! - What depends on no input is a constant and is never written down.
//! - Every input has a [`Role`]. A walk names the roles it wants, and rules and gradients that lead
//!   to other roles are skipped: forces never touch the weights' gradients.
//! - A walk that is the last one ([`Graph::Drop`]) writes nothing.
//!
//! ```
//! use backend::tape::{Graph, Role, Tape};
//! use burn::tensor::Tensor;
//!
//! let device = backend::device("flex")?;
//! let tape = Tape::new();
//! let x = tape.input(Tensor::<1>::from_floats([3.0], &device), Role::Coordinates);
//! let w = tape.input(Tensor::<1>::from_floats([2.0], &device), Role::Parameters);
//! let energy = x.square().mul(&w); // w x²
//! let slope = tape.gradients(&energy, Role::Coordinates, Graph::Keep).of(&x).unwrap(); // 2 w x
//! let loss = slope.square(); // 4 w² x²
//! let by_w = tape.gradients(&loss, Role::Parameters, Graph::Drop).of(&w).unwrap(); // 8 w x²
//! assert_eq!(by_w.value().clone().into_scalar::<f32>(), 144.0);
//! # Ok::<(), backend::DeviceError>(())
//! ```

mod arithmetic;
mod blocks;
mod elementwise;
mod index;
mod linear;
mod message;
mod reduce;
mod shape;
mod table;
#[cfg(test)]
mod tests;
mod vector;

use std::{
    any::Any,
    cell::RefCell,
    fmt,
    rc::{Rc, Weak},
};

use burn::tensor::{DType, Device, Tensor};

pub use table::{Location, Table};

/// What an input is to the computation; walks name the roles whose gradients they want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Positions, bond vectors, strain: what forces are derivatives by.
    Coordinates,
    /// Weights: what training changes.
    Parameters,
}

impl Role {
    fn bit(self) -> u8 {
        match self {
            Self::Coordinates => 1,
            Self::Parameters => 2,
        }
    }
}

/// Whether a walk writes its own computation down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Graph {
    /// The gradients can be differentiated again.
    Keep,
    /// The gradients are constants.
    Drop,
}

/// The record of a computation; dropping it frees what the rules have kept.
///
/// A variable that outlives its tape is a constant from then on.
#[derive(Default)]
pub struct Tape {
    record: Rc<Record>,
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape").field("nodes", &self.len()).finish()
    }
}

#[derive(Default)]
struct Record {
    rules: RefCell<Vec<Option<Rc<Rule>>>>,
    paused: std::cell::Cell<bool>,
}

/// Maps the gradient of a node's output to the inputs' gradients.
type Rule = dyn Fn(&mut Gradients, Box<dyn Any>);

/// Where a variable was made.
#[derive(Clone)]
struct Place {
    record: Weak<Record>,
    node: usize,
    roles: u8,
}

/// A tensor of rank D on a tape, or a constant.
#[derive(Clone)]
pub struct Var<const D: usize> {
    value: Tensor<D>,
    place: Option<Place>,
}

impl<const D: usize> fmt::Debug for Var<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Var")
            .field("shape", &self.value.dims())
            .field("node", &self.place.as_ref().map(|place| place.node))
            .finish()
    }
}

impl Tape {
    /// An empty tape.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an input on the tape.
    #[must_use]
    pub fn input<const D: usize>(&self, value: Tensor<D>, role: Role) -> Var<D> {
        Var {
            value,
            place: Some(push(&self.record, role.bit(), None)),
        }
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.record.rules.borrow().len()
    }

    /// Whether nothing has been written down.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The gradients of the sum of `y`'s elements by the inputs of the given role.
    #[must_use]
    pub fn gradients<const D: usize>(&self, y: &Var<D>, role: Role, graph: Graph) -> Gradients {
        let seed = Var::constant(Tensor::ones(y.dims(), (&y.device(), y.dtype())));
        self.gradients_from(&[(y, seed)], role, graph)
    }

    /// The gradients of Σ seed · y by the inputs of the given role, over several outputs of one
    /// rank.
    #[must_use]
    pub fn gradients_from<const D: usize>(
        &self,
        outputs: &[(&Var<D>, Var<D>)],
        role: Role,
        graph: Graph,
    ) -> Gradients {
        let paused = self.record.paused.replace(graph == Graph::Drop);
        let mut gradients = Gradients {
            slots: Vec::new(),
            wanted: role.bit(),
        };
        gradients.slots.resize_with(self.len(), || None);
        for (y, seed) in outputs {
            gradients.add(y, || seed.clone());
        }
        for node in (0..gradients.slots.len()).rev() {
            // The rule is cloned out because it writes new nodes while it runs.
            let back = self.record.rules.borrow()[node].clone();
            if let Some(back) = back
                && let Some(gradient) = gradients.slots[node].take()
            {
                back(&mut gradients, gradient);
            }
        }
        self.record.paused.set(paused);
        gradients
    }
}

fn push(record: &Rc<Record>, roles: u8, rule: Option<Rc<Rule>>) -> Place {
    let mut nodes = record.rules.borrow_mut();
    nodes.push(rule);
    Place {
        record: Rc::downgrade(record),
        node: nodes.len() - 1,
        roles,
    }
}

/// The gradients that a walk has found.
pub struct Gradients {
    slots: Vec<Option<Box<dyn Any>>>,
    wanted: u8,
}

impl fmt::Debug for Gradients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.slots.iter().flatten().count();
        f.debug_struct("Gradients")
            .field("found", &found)
            .finish_non_exhaustive()
    }
}

impl Gradients {
    /// The gradient by an input, or `None` if the output does not depend on it.
    #[must_use]
    pub fn of<const D: usize>(&self, x: &Var<D>) -> Option<Var<D>> {
        let slot = self.slots.get(x.place.as_ref()?.node)?.as_ref()?;
        slot.downcast_ref::<Var<D>>().cloned()
    }

    /// Adds to the gradient of `x`, unless the walk does not want it.
    fn add<const D: usize>(&mut self, x: &Var<D>, gradient: impl FnOnce() -> Var<D>) {
        let Some(place) = &x.place else { return };
        if place.roles & self.wanted == 0 {
            return;
        }
        let gradient = gradient();
        debug_assert_eq!(
            gradient.dims(),
            x.dims(),
            "a gradient has its input's shape"
        );
        let slot = &mut self.slots[place.node];
        let sum = match slot.take() {
            None => gradient,
            Some(other) => other
                .downcast::<Var<D>>()
                .expect("a node's gradients have one rank")
                .add(&gradient),
        };
        *slot = Some(Box::new(sum));
    }
}

impl<const D: usize> Var<D> {
    /// A tensor that no gradient is wanted for.
    #[must_use]
    pub fn constant(value: Tensor<D>) -> Self {
        Self { value, place: None }
    }

    /// The tensor.
    #[must_use]
    pub fn value(&self) -> &Tensor<D> {
        &self.value
    }

    /// The tensor, without the place on the tape.
    #[must_use]
    pub fn into_value(self) -> Tensor<D> {
        self.value
    }

    /// The same tensor as a constant.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self::constant(self.value.clone())
    }

    /// The extents of the tensor.
    #[must_use]
    pub fn dims(&self) -> [usize; D] {
        self.value.dims()
    }

    /// The device of the tensor.
    #[must_use]
    pub fn device(&self) -> Device {
        self.value.device()
    }

    /// The float type of the tensor.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.value.dtype()
    }

    /// Whether gradients flow through this variable.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.place.is_some()
    }

    /// Makes a variable from its value, where it came from, and the rule back.
    ///
    /// The rule is only built, and its captures only cloned, if something has to be written down.
    fn record<R, const E: usize>(
        value: Tensor<E>,
        inputs: &[Option<&Place>],
        rule: impl FnOnce() -> R,
    ) -> Var<E>
    where
        R: Fn(&mut Gradients, Var<E>) + 'static,
    {
        Self::record_output(value, inputs, |_| rule())
    }

    /// The same for a rule that is best written with the output.
    fn record_output<R, const E: usize>(
        value: Tensor<E>,
        inputs: &[Option<&Place>],
        rule: impl FnOnce(&Var<E>) -> R,
    ) -> Var<E>
    where
        R: Fn(&mut Gradients, Var<E>) + 'static,
    {
        let mut roles = 0;
        let mut record = None;
        for place in inputs.iter().flatten() {
            roles |= place.roles;
            record = record.or_else(|| place.record.upgrade());
        }
        let Some(record) = record.filter(|record| !record.paused.get()) else {
            return Var::constant(value);
        };
        let place = push(&record, roles, None);
        let node = place.node;
        let output = Var {
            value,
            place: Some(place),
        };
        let rule = rule(&output);
        let erased: Rc<Rule> = Rc::new(move |gradients, gradient| {
            let gradient = gradient
                .downcast::<Var<E>>()
                .expect("a node's gradient has its output's rank");
            rule(gradients, *gradient);
        });
        record.rules.borrow_mut()[node] = Some(erased);
        output
    }

    fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}
