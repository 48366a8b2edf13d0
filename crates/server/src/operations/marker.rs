//! Pagination markers: opaque, and of no use when altered or carried to another listing or caller.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kms_domain::KmsError;
use kms_domain::vocabulary::AccountId;

const TAG_BYTES: usize = 32;
const MARKER_CHARS_MAX: usize = 1_024;

/// Makes and checks markers with a key that all nodes of a region share, so any node continues any listing.
pub struct Markers {
    key: aws_lc_rs::hmac::Key,
}

impl Markers {
    /// Markers under this 32-byte key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            key: aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key),
        }
    }

    /// A marker after `position` in `listing` of `account`.
    pub fn seal(&self, listing: &str, account: AccountId, position: &str) -> String {
        let mut bytes = self.tag(listing, account, position.as_bytes()).as_ref().to_vec();
        bytes.extend_from_slice(position.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position that a marker of this listing and account names.
    pub fn open(&self, listing: &str, account: AccountId, marker: &str) -> Result<String, KmsError> {
        if marker.len() > MARKER_CHARS_MAX {
            return Err(KmsError::InvalidMarker);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(marker)
            .map_err(|_| KmsError::InvalidMarker)?;
        let (tag, position) = bytes.split_at_checked(TAG_BYTES).ok_or(KmsError::InvalidMarker)?;
        aws_lc_rs::hmac::verify(&self.key, &Self::bound(listing, account, position), tag)
            .map_err(|_| KmsError::InvalidMarker)?;
        String::from_utf8(position.to_vec()).map_err(|_| KmsError::InvalidMarker)
    }

    fn tag(&self, listing: &str, account: AccountId, position: &[u8]) -> aws_lc_rs::hmac::Tag {
        aws_lc_rs::hmac::sign(&self.key, &Self::bound(listing, account, position))
    }

    fn bound(listing: &str, account: AccountId, position: &[u8]) -> Vec<u8> {
        let label = "concord.kms/v1/marker";
        let mut bytes = kms_crypto::Fields::new(label)
            .text(listing)
            .account(&account)
            .as_bytes()
            .to_vec();
        bytes.extend_from_slice(position);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(n: char) -> AccountId {
        n.to_string().repeat(12).parse().expect("12 digits")
    }

    #[test]
    fn a_marker_opens_only_unaltered_and_only_in_its_own_listing() {
        let markers = Markers::new(&[7; 32]);
        let marker = markers.seal("ListKeys", account('1'), "position");
        assert_eq!(
            markers.open("ListKeys", account('1'), &marker),
            Ok("position".into())
        );
        assert_eq!(
            markers.open("ListAliases", account('1'), &marker),
            Err(KmsError::InvalidMarker)
        );
        assert_eq!(
            markers.open("ListKeys", account('2'), &marker),
            Err(KmsError::InvalidMarker)
        );
        assert_eq!(
            Markers::new(&[8; 32]).open("ListKeys", account('1'), &marker),
            Err(KmsError::InvalidMarker)
        );
        for i in 0..marker.len() {
            let mut altered = marker.clone().into_bytes();
            altered[i] = if altered[i] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).expect("ascii");
            assert_eq!(
                markers.open("ListKeys", account('1'), &altered),
                Err(KmsError::InvalidMarker)
            );
        }
        for hostile in ["", "A", "====", "\u{0}", &"A".repeat(100_000)] {
            assert_eq!(
                markers.open("ListKeys", account('1'), hostile),
                Err(KmsError::InvalidMarker)
            );
        }
    }
}
