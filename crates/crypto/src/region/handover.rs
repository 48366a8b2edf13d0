//! What a region signs when it hands over the primary role of a multi-Region key.

use crate::fields::Fields;
use kms_domain::vocabulary::{AccountId, Epoch, KeyId};

const LABEL: &str = "concord.kms/handover/v1";

/// The fields of a hand-over proof: the holder of epoch `from` says that `to` follows it for this key.
pub fn handover_fields(
    cluster: &str,
    account: &AccountId,
    key_id: &KeyId,
    from: &Epoch,
    to: &Epoch,
) -> Fields {
    Fields::new(LABEL)
        .text(cluster)
        .account(account)
        .key_id(key_id)
        .epoch(from)
        .epoch(to)
}
