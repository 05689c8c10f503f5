//! Symbols as numbers: finding the end of one and looking it up.
//!
//! Nearly all symbols fit in 16 bytes, so a symbol is found by loading 16 bytes
//! as one number, looking for the `]` in it with a few word operations, and
//! using the bytes up to there as the key of a flat hash table.

/// Sixteen bytes of text that begin with a symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    low: u64,
    high: u64,
}

/// The symbol at the beginning of a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShortSymbol {
    /// Length, its `]` included; 0 if that is not in the window.
    pub(crate) length: usize,
    /// Its bytes, zeros after them.
    pub(crate) key: Key,
}

impl Window {
    /// The bytes from `at` on, zeros after the end of the text.
    #[inline]
    pub(crate) fn load(text: &[u8], at: usize) -> Self {
        match text.get(at..at + 16) {
            Some(bytes) => Self::new(u128::from_le_bytes(
                bytes.try_into().expect("the slice has sixteen bytes"),
            )),
            None => Self::load_end(text, at),
        }
    }

    #[inline]
    fn load_end(text: &[u8], at: usize) -> Self {
        if let (Some(start), true) = (text.len().checked_sub(16), at < text.len()) {
            let bytes = text[start..].try_into().expect("sixteen bytes are left");
            return Self::new(u128::from_le_bytes(bytes) >> (8 * (at - start)));
        }
        let mut bytes = [0; 16];
        let rest = text.get(at..).unwrap_or_default();
        bytes[..rest.len()].copy_from_slice(rest);
        Self::new(u128::from_le_bytes(bytes))
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "halves are taken apart")]
    const fn new(bytes: u128) -> Self {
        Self {
            low: bytes as u64,
            high: (bytes >> 64) as u64,
        }
    }

    /// Finds the end of the symbol. The first byte is not looked at: the
    /// reference searches for `]` from the second on.
    #[inline]
    pub(crate) fn symbol(self) -> ShortSymbol {
        // Bit 7 of every byte that is `]`. The lowest flag of a word is exact; a
        // borrow can only raise false ones above it.
        let brackets = |word: u64| {
            let differs = word ^ 0x5d5d_5d5d_5d5d_5d5d;
            differs.wrapping_sub(0x0101_0101_0101_0101) & !differs & 0x8080_8080_8080_8080
        };
        // All bits up to the lowest one; all there are if there is none.
        let up_to = |flags: u64| flags ^ flags.wrapping_sub(1);
        let low = brackets(self.low | 0xff);
        let high = brackets(self.high);
        let in_low = low != 0;
        let low_length = low.trailing_zeros() as usize / 8 + 1;
        let high_length = high.trailing_zeros() as usize / 8 + 9;
        // Selected without branches: the lengths of symbols cannot be foretold.
        let length = if in_low { low_length } else { high_length };
        let found = (low | high) != 0;
        ShortSymbol {
            length: if found { length } else { 0 },
            key: Key {
                low: self.low & up_to(low),
                high: if in_low { 0 } else { self.high & up_to(high) },
            },
        }
    }
}

/// The bytes of a symbol of at most sixteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    low: u64,
    high: u64,
}

impl Key {
    /// No symbol, since a symbol holds a `]`.
    const FREE: Self = Self { low: 0, high: 0 };

    #[inline]
    fn hash(self) -> u64 {
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        (self.low ^ self.high.rotate_left(23)).wrapping_mul(MIX)
    }
}

/// A flat hash table with symbols for keys.
#[derive(Clone, Debug)]
pub(crate) struct KeyMap {
    slots: Vec<(Key, u32)>,
    shift: u32,
    used: usize,
}

impl KeyMap {
    pub(crate) fn new() -> Self {
        Self {
            slots: vec![(Key::FREE, 0); 512],
            shift: 64 - 9,
            used: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// The value of a key.
    #[inline]
    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = self.slot(key);
        loop {
            let (known, value) = self.slots[at & mask];
            // Both words at once, so that there is one branch to foretell.
            if (known.low ^ key.low) | (known.high ^ key.high) == 0 {
                return Some(value);
            }
            if known == Key::FREE {
                return None;
            }
            at += 1;
        }
    }

    /// Adds a key that is not there.
    pub(crate) fn insert(&mut self, key: Key, value: u32) {
        self.place(key, value);
        self.used += 1;
        if self.used * 4 > self.slots.len() {
            self.grow();
        }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "shifted to table size")]
    fn slot(&self, key: Key) -> usize {
        (key.hash() >> self.shift) as usize
    }

    fn place(&mut self, key: Key, value: u32) {
        let mask = self.slots.len() - 1;
        let mut at = self.slot(key);
        while self.slots[at & mask].0 != Key::FREE {
            at += 1;
        }
        self.slots[at & mask] = (key, value);
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let slots = std::mem::replace(&mut self.slots, vec![(Key::FREE, 0); size]);
        self.shift -= 1;
        for (key, value) in slots {
            if key != Key::FREE {
                self.place(key, value);
            }
        }
    }
}
