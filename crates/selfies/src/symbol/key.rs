//! Symbols as numbers: finding the end of one and looking it up.
//!
//! Nearly all symbols fit in 16 bytes, so a symbol is found by loading 16 bytes
//! as one number, looking for the `]` in it with a few word operations, and
//! using the bytes up to there as the key of a flat hash table.

/// Sixteen bytes of text that begin with a symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window(u128);

impl Window {
    const ONES: u128 = u128::MAX / 255;
    const HIGHS: u128 = Self::ONES << 7;

    /// The bytes from `at` on, zeros after the end of the text.
    #[inline]
    pub(crate) fn load(text: &[u8], at: usize) -> Self {
        if let Some(bytes) = text.get(at..at + 16) {
            Self(u128::from_le_bytes(
                bytes.try_into().expect("the slice has sixteen bytes"),
            ))
        } else {
            Self::load_end(text, at)
        }
    }

    #[inline]
    fn load_end(text: &[u8], at: usize) -> Self {
        if let (Some(start), true) = (text.len().checked_sub(16), at < text.len()) {
            let bytes = text[start..].try_into().expect("sixteen bytes are left");
            return Self(u128::from_le_bytes(bytes) >> (8 * (at - start)));
        }
        let mut bytes = [0; 16];
        let rest = text.get(at..).unwrap_or_default();
        bytes[..rest.len()].copy_from_slice(rest);
        Self(u128::from_le_bytes(bytes))
    }

    /// Length of the symbol, its `]` included, if that is among the bytes. The
    /// first byte is not looked at: the reference searches from the second on.
    #[inline]
    pub(crate) fn symbol_length(self) -> Option<usize> {
        let differs = (self.0 | 0xff) ^ (Self::ONES * 0x5d);
        // The lowest flag is exact; a borrow can only raise false ones above it.
        let found = differs.wrapping_sub(Self::ONES) & !differs & Self::HIGHS;
        (found != 0).then(|| found.trailing_zeros() as usize / 8 + 1)
    }

    /// The first `length` bytes, up to sixteen, as a key.
    #[inline]
    pub(crate) fn key(self, length: usize) -> Key {
        Key(self.0 & (u128::MAX >> (128 - 8 * length)))
    }
}

/// The bytes of a symbol of at most sixteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u128);

impl Key {
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves are taken apart on purpose"
    )]
    fn hash(self) -> u64 {
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let (low, high) = (self.0 as u64, (self.0 >> 64) as u64);
        (low ^ high.wrapping_mul(MIX).rotate_left(29)).wrapping_mul(MIX)
    }
}

/// A flat hash table from keys to numbers.
#[derive(Clone, Debug)]
pub(crate) struct KeyMap {
    /// By hash; zero for a free slot, since no symbol is all zeros.
    keys: Vec<Key>,
    values: Vec<u32>,
    shift: u32,
    used: usize,
}

impl KeyMap {
    pub(crate) fn new() -> Self {
        Self {
            keys: vec![Key(0); 512],
            values: vec![0; 512],
            shift: 64 - 9,
            used: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// The number of a key.
    #[inline]
    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        let mask = self.keys.len() - 1;
        let mut at = self.slot(key);
        loop {
            let known = self.keys[at & mask];
            if known == key {
                return Some(self.values[at & mask]);
            }
            if known == Key(0) {
                return None;
            }
            at += 1;
        }
    }

    /// Adds a key that is not there.
    pub(crate) fn insert(&mut self, key: Key, number: u32) {
        self.place(key, number);
        self.used += 1;
        if self.used * 4 > self.keys.len() {
            self.grow();
        }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "shifted to table size")]
    fn slot(&self, key: Key) -> usize {
        (key.hash() >> self.shift) as usize
    }

    fn place(&mut self, key: Key, number: u32) {
        let mask = self.keys.len() - 1;
        let mut at = self.slot(key);
        while self.keys[at & mask] != Key(0) {
            at += 1;
        }
        self.keys[at & mask] = key;
        self.values[at & mask] = number;
    }

    fn grow(&mut self) {
        let size = self.keys.len() * 2;
        let keys = std::mem::replace(&mut self.keys, vec![Key(0); size]);
        let values = std::mem::replace(&mut self.values, vec![0; size]);
        self.shift -= 1;
        for (key, number) in keys.into_iter().zip(values) {
            if key != Key(0) {
                self.place(key, number);
            }
        }
    }
}
