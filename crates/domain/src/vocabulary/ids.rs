//! Identifiers of accounts, keys, materials, nodes and lives of regions.

use super::{Malformed, malformed};
use std::fmt;
use std::str::FromStr;

/// A Raft member of one region.
pub type NodeId = u64;

/// A wrapping key of one region; grows with each rotation, the first is 1.
pub type WrappingKeyId = u64;

/// A region's HPKE key pair, by its counter; a lower counter is never accepted after a higher one.
pub type HpkeKeyId = u64;

/// An AWS account id: exactly 12 decimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId([u8; 12]);

impl AccountId {
    /// The account id that sorts first; a bound for ranges.
    pub const FIRST: Self = Self(*b"000000000000");

    /// The 12 ASCII digits.
    pub const fn digits(&self) -> &[u8; 12] {
        &self.0
    }

    /// The account id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for AccountId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let digits: [u8; 12] = text
            .as_bytes()
            .try_into()
            .map_err(|_| malformed("an account id is 12 decimal digits"))?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(malformed("an account id is 12 decimal digits"));
        }
        Ok(Self(digits))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a key id names an ordinary or a multi-Region key; also the `kind` byte of a ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyIdKind {
    /// An ordinary key: the id is a UUID.
    Uuid,
    /// A multi-Region key: the id is `mrk-` and 32 hexadecimal digits.
    MultiRegion,
}

/// A KMS key's id: a UUID, or `mrk-` and 32 hexadecimal digits for a multi-Region key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    /// Ordinary or multi-Region.
    pub kind: KeyIdKind,
    /// The 128 bits behind the text.
    pub bytes: [u8; 16],
}

/// Hexadecimal digits between the hyphens of a UUID (RFC 9562).
const UUID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

impl KeyId {
    /// An ordinary key's id from the 16 bytes of a UUID.
    pub const fn uuid(bytes: [u8; 16]) -> Self {
        Self {
            kind: KeyIdKind::Uuid,
            bytes,
        }
    }

    /// A multi-Region key's id from 16 random bytes.
    pub const fn multi_region(bytes: [u8; 16]) -> Self {
        Self {
            kind: KeyIdKind::MultiRegion,
            bytes,
        }
    }

    /// Whether this is a multi-Region key's id.
    pub fn is_multi_region(&self) -> bool {
        self.kind == KeyIdKind::MultiRegion
    }
}

impl FromStr for KeyId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        const REASON: Malformed = malformed("a key id is a UUID, or mrk- and 32 hexadecimal digits");
        if let Some(hex) = text.strip_prefix("mrk-") {
            return Ok(Self::multi_region(parse_hex::<16>(hex).ok_or(REASON)?));
        }
        if !text.split('-').map(str::len).eq(UUID_GROUPS) {
            return Err(REASON);
        }
        let mut digits = text.bytes().filter(|digit| *digit != b'-');
        let mut bytes = [0; 16];
        for byte in &mut bytes {
            let pair = digits.next().and_then(nibble).zip(digits.next().and_then(nibble));
            let (high, low) = pair.ok_or(REASON)?;
            *byte = high << 4 | low;
        }
        Ok(Self::uuid(bytes))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_multi_region() {
            f.write_str("mrk-")?;
            return write_hex(f, &self.bytes);
        }
        let mut rest = self.bytes.as_slice();
        for (place, digits) in UUID_GROUPS.iter().enumerate() {
            if place > 0 {
                f.write_str("-")?;
            }
            let (group, others) = rest.split_at_checked(digits / 2).unwrap_or((rest, &[]));
            write_hex(f, group)?;
            rest = others;
        }
        Ok(())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $reason:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                parse_hex::<$bytes>(text).map(Self).ok_or(malformed($reason))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

random_id!(
    /// The id of one key material, as AWS KMS shows it: 64 hexadecimal digits. Random, never derived from the bytes.
    MaterialId, 32, "a key material id is 64 hexadecimal digits"
);
random_id!(
    /// The id of a region's or a replica's present life; renewed by restore or re-creation.
    Incarnation, 16, "an incarnation is 32 hexadecimal digits"
);
random_id!(
    /// The id of one import token and of the wrapping key pair that it belongs to.
    ImportTokenId, 32, "an import token id is 64 hexadecimal digits"
);
random_id!(
    /// The id of one formatted disk.
    StoreId, 16, "a store id is 32 hexadecimal digits"
);

fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

/// Upper case is refused: two spellings of one id would be two cache keys, two policies, two log lines.
const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Bytes that are shown in one piece: those of the longest id.
const SHOWN_BYTES: usize = 32;

/// Two lower-case digits a byte. Ids are shown with every answer, so this allocates nothing and hands on whole pieces.
fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for piece in bytes.chunks(SHOWN_BYTES) {
        let mut text = [0; 2 * SHOWN_BYTES];
        for (pair, byte) in text.chunks_exact_mut(2).zip(piece) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        let digits = text.get(..2 * piece.len()).unwrap_or_default();
        f.write_str(std::str::from_utf8(digits).unwrap_or_default())?;
    }
    Ok(())
}
