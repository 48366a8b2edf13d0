//! The unambiguous encoding of byte strings that are bound together: `field(x) = u32be(length) || x`
//! (SECURITY.md, "All other bound byte strings"). It must not know what the fields mean.

/// A byte string made of length-prefixed fields.
#[derive(Default)]
pub(crate) struct Fields(Vec<u8>);

impl Fields {
    /// Starts with the label, which is a field itself.
    pub(crate) fn new(label: &str) -> Self {
        Self(Vec::with_capacity(128)).bytes(label.as_bytes())
    }

    /// Appends a field of bytes. Longer than 4 GiB is impossible here: every input is limited before.
    pub(crate) fn bytes(mut self, value: &[u8]) -> Self {
        append(&mut self.0, value);
        self
    }

    /// Appends a field of UTF-8 text.
    pub(crate) fn text(self, value: &str) -> Self {
        self.bytes(value.as_bytes())
    }

    /// Appends a number as u64be.
    pub(crate) fn number(self, value: u64) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    /// The finished byte string.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Appends `field(value)` to `out`.
pub(crate) fn append(out: &mut Vec<u8>, value: &[u8]) {
    out.extend_from_slice(&length(value));
    out.extend_from_slice(value);
}

/// The u32be length prefix of `value`.
pub(crate) fn length(value: &[u8]) -> [u8; 4] {
    u32::try_from(value.len())
        .expect("every bound field is limited far below 4 GiB")
        .to_be_bytes()
}

/// Takes one field off the front: (field, rest), or `None` if the bytes end too early.
pub(crate) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (prefix, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*prefix)).ok()?;
    rest.split_at_checked(length)
}
