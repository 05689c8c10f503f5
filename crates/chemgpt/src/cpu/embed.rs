//! Token and position tables: gather forward, scatter backward.

use std::sync::Arc;

use backend::custom::SliceOp;

/// Sum of a row of each table for every token: inputs are the tables \[V, C\] and \[P, C\], the output is \[N, C\].
#[derive(Clone, Debug)]
pub(crate) struct EmbedOp {
    pub(crate) width: usize,
    pub(crate) ids: Arc<Vec<u32>>,
    pub(crate) places: Arc<Vec<u32>>,
}

impl SliceOp<2> for EmbedOp {
    type Saved = ();

    fn forward(&self, [tokens, positions]: [&[f32]; 2], _tracked: bool) -> (Vec<f32>, ()) {
        let c = self.width;
        let mut out = Vec::with_capacity(self.ids.len() * c);
        for (&id, &place) in self.ids.iter().zip(self.places.iter()) {
            let token = &tokens[id as usize * c..][..c];
            let position = &positions[place as usize * c..][..c];
            out.extend(token.iter().zip(position).map(|(a, b)| a + b));
        }
        (out, ())
    }

    fn backward(
        &self,
        (): (),
        inputs: [&[f32]; 2],
        gradient: Vec<f32>,
        wanted: [bool; 2],
    ) -> [Option<Vec<f32>>; 2] {
        let scatter = |rows: &[u32], length: usize| {
            let c = self.width;
            let mut out = vec![0.0; length];
            for (&row, gradient) in rows.iter().zip(gradient.chunks_exact(c)) {
                for (out, g) in out[row as usize * c..][..c].iter_mut().zip(gradient) {
                    *out += g;
                }
            }
            out
        };
        [
            wanted[0].then(|| scatter(&self.ids, inputs[0].len())),
            wanted[1].then(|| scatter(&self.places, inputs[1].len())),
        ]
    }
}
