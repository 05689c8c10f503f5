//! What a model's weights are called, how large they are, and how they start.

use std::collections::{BTreeMap, HashMap};

use super::Init;

/// One trainable tensor of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name in the reference implementation.
    pub name: String,
    /// Its extents.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: Init,
    pub(super) start: usize,
}

impl Entry {
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What a model's weights are called, how large they are, and how they start.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    pub(super) entries: Vec<Entry>,
    pub(super) by_name: HashMap<String, usize>,
    pub(super) buffers: BTreeMap<String, (Vec<usize>, Vec<f64>)>,
    len: usize,
}

impl Layout {
    /// Declares a trainable tensor.
    ///
    /// # Panics
    /// If the name is taken.
    pub fn weight(&mut self, name: impl Into<String>, shape: &[usize], init: Init) {
        let name = name.into();
        let previous = self.by_name.insert(name.clone(), self.entries.len());
        assert!(previous.is_none(), "the weight {name} is declared twice");
        let entry = Entry {
            name,
            shape: shape.to_vec(),
            init,
            start: self.len,
        };
        self.len += entry.len();
        self.entries.push(entry);
    }

    /// Declares a dense layer `{name}.weight` `[outputs, inputs]` and, if wanted, `{name}.bias`.
    pub fn dense(&mut self, name: &str, inputs: usize, outputs: usize, bias: bool) {
        self.weight(
            format!("{name}.weight"),
            &[outputs, inputs],
            Init::XavierUniform,
        );
        if bias {
            self.weight(format!("{name}.bias"), &[outputs], Init::Zero);
        }
    }

    /// Declares numbers that belong to the model but are not trained, with their usual values.
    pub fn buffer(&mut self, name: impl Into<String>, shape: &[usize], values: Vec<f64>) {
        self.buffers.insert(name.into(), (shape.to_vec(), values));
    }

    /// The trainable tensors in the order of the flat vector.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many trainable numbers there are.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.len
    }
}
