//! Secrets that must not be found anywhere, in every form in which they might have been written, and the search for
//! them.

use std::collections::BTreeMap;

/// Bytes by which a canary is recognised before it is compared; none is shorter.
const HEAD_BYTES: usize = 8;
/// Whatever part of a key is written, half of it is found.
const HALF_BYTES: usize = 16;

/// Secrets, each in the forms it might be written in.
#[derive(Default)]
pub(crate) struct Canaries {
    forms: Vec<Form>,
    by_head: BTreeMap<[u8; HEAD_BYTES], Vec<usize>>,
    first_two: Vec<bool>,
}

struct Form {
    kind: &'static str,
    form: &'static str,
    bytes: Vec<u8>,
}

impl Canaries {
    /// Adds a secret: raw, in hexadecimal, as Rust prints bytes, and in base64 wherever a group may begin.
    pub(crate) fn add(&mut self, kind: &'static str, secret: &[u8]) {
        let hex: String = secret.iter().map(|b| format!("{b:02x}")).collect();
        let spaced: Vec<String> = secret.iter().map(ToString::to_string).collect();
        self.add_form(kind, "raw", secret.to_vec());
        self.add_form(kind, "upper-case hex", hex.to_uppercase().into_bytes());
        self.add_form(kind, "hex", hex.into_bytes());
        self.add_form(kind, "as Rust prints bytes", spaced.join(", ").into_bytes());
        self.add_form(kind, "as JSON bytes", spaced.join(",").into_bytes());
        for begins in ["base64", "base64, one byte on", "base64, two bytes on"]
            .into_iter()
            .enumerate()
        {
            let (skipped, form) = begins;
            self.add_form(kind, form, base64(&secret[skipped..]));
        }
    }

    /// Adds a key: the whole and each half, because a part of a key is as bad.
    pub(crate) fn add_key(&mut self, kind: &'static str, key: &[u8; 32]) {
        self.add(kind, key);
        self.add(kind, &key[..HALF_BYTES]);
        self.add(kind, &key[HALF_BYTES..]);
    }

    fn add_form(&mut self, kind: &'static str, form: &'static str, bytes: Vec<u8>) {
        let head = *bytes.first_chunk().expect("secrets are long");
        self.by_head.entry(head).or_default().push(self.forms.len());
        self.first_two.resize(1 << 16, false);
        self.first_two[usize::from(head[0]) << 8 | usize::from(head[1])] = true;
        self.forms.push(Form { kind, form, bytes });
    }

    /// The first canary in these bytes, but for those of the kind that belongs there.
    pub(crate) fn found_in(&self, bytes: &[u8], but_for: Option<&str>) -> Option<String> {
        for (at, head) in bytes.windows(HEAD_BYTES).enumerate() {
            let hinted = self
                .first_two
                .get(usize::from(head[0]) << 8 | usize::from(head[1]));
            if hinted != Some(&true) {
                continue;
            }
            let candidates = <[u8; HEAD_BYTES]>::try_from(head)
                .ok()
                .and_then(|head| self.by_head.get(&head));
            for form in candidates.into_iter().flatten().map(|index| &self.forms[*index]) {
                if Some(form.kind) != but_for && bytes[at..].starts_with(&form.bytes) {
                    return Some(format!("{}, {}, at {at}", form.kind, form.form));
                }
            }
        }
        None
    }

    /// How many forms of each kind there are.
    pub(crate) fn kinds(&self) -> BTreeMap<&'static str, usize> {
        let mut kinds = BTreeMap::new();
        for form in &self.forms {
            *kinds.entry(form.kind).or_insert(0) += 1;
        }
        kinds
    }

    /// Hides each form among other bytes, and fails unless the search finds it there.
    pub(crate) fn assert_each_can_be_found(&self) {
        for form in &self.forms {
            let hidden = [&[0x5a; 1_001], form.bytes.as_slice(), b"and more"].concat();
            let found = self.found_in(&hidden, None);
            let found = found.unwrap_or_else(|| panic!("{}, {} is not found", form.kind, form.form));
            // Another form may begin with the same bytes.
            assert!(found.ends_with(", at 1001"), "{found}");
        }
    }
}

/// Whole groups only: the last ones depend on what follows.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |g: &[u8]| {
        let n = u32::from(g[0]) << 16 | u32::from(g[1]) << 8 | u32::from(g[2]);
        [18, 12, 6, 0].map(|shift| ALPHABET[(n >> shift & 63) as usize])
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

/// The bytes of a PEM file's first block.
pub(crate) fn pem_bytes(pem: &str) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let body = pem.lines().skip(1).take_while(|line| !line.starts_with("-----"));
    let digits: Vec<u8> = body
        .flat_map(str::bytes)
        .filter(|c| c.is_ascii_alphanumeric() || b"+/".contains(c))
        .collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let bits = group
            .iter()
            .fold(0_u32, |bits, c| bits << 6 | u32::from(value(*c)));
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}

#[test]
fn every_form_of_a_secret_is_found_wherever_it_lies() {
    let mut canaries = Canaries::default();
    let key: [u8; 32] = std::array::from_fn(|i| 200 - 3 * i as u8);
    canaries.add_key("a key", &key);
    canaries.add("a plaintext", b"canary-plaintext-0");
    canaries.assert_each_can_be_found();
    assert_eq!(canaries.found_in(&[7; 5_000], None), None);
    // Half a key, alone; and a key that was encoded together with what stood before it.
    assert!(canaries.found_in(&[b"x", &key[16..]].concat(), None).is_some());
    for before in 0..3 {
        let together = [vec![1; before], key.to_vec(), vec![2; 3]].concat();
        assert!(
            canaries.found_in(&base64(&together), None).is_some(),
            "{before} bytes before it"
        );
    }
    assert_eq!(canaries.found_in(&key, Some("a key")), None);
}

#[test]
fn a_pem_file_gives_its_bytes() {
    assert_eq!(
        pem_bytes("-----BEGIN X-----\nYXR0YWNrIGF0\nIGRhd24=\n-----END X-----\n"),
        b"attack at dawn"
    );
}
