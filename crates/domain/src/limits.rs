//! Every bound on what callers may give or keep, with its unit in its name. Bounds are AWS KMS's where it has one.

/// Plaintext of one symmetric Encrypt, in bytes.
pub const PLAINTEXT_BYTES_MAX: usize = 4_096;
/// Ciphertext of one Decrypt, in bytes.
pub const CIPHERTEXT_BYTES_MAX: usize = 6_144;
/// Message, digest or message representative of one Sign, Verify, GenerateMac or VerifyMac, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 4_096;
/// Signature of one Verify, or code of one VerifyMac, in bytes.
pub const SIGNATURE_BYTES_MAX: usize = 6_144;
/// Public key of one DeriveSharedSecret, in bytes.
pub const PUBLIC_KEY_BYTES_MAX: usize = 8_192;
/// How long import parameters are good for, in milliseconds.
pub const IMPORT_TOKEN_VALIDITY_MS: u64 = 86_400_000;
/// Farthest end of imported material, in days.
pub const IMPORTED_MATERIAL_VALIDITY_DAYS_MAX: u32 = 365;
/// Bytes of one GenerateRandom or GenerateDataKey.
pub const RANDOM_BYTES_MAX: u32 = 1_024;
/// A key's description, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 8_192;
/// A key policy document, in bytes.
pub const POLICY_BYTES_MAX: usize = 32_768;
/// Description, policy, tags and what is kept for replicas being made, of one key together, in bytes. Above what AWS
/// KMS's single bounds allow in ASCII (60,160), and low enough that a key's row stays below what the image can hold.
pub const KEY_TEXT_BYTES_MAX: usize = 73_728;
/// Tags on one key.
pub const TAGS_PER_KEY_MAX: usize = 50;
/// A tag key, in characters.
pub const TAG_KEY_CHARS_MAX: usize = 128;
/// A tag value, in characters.
pub const TAG_VALUE_CHARS_MAX: usize = 256;
/// Aliases of one key.
pub const ALIASES_PER_KEY_MAX: usize = 50;
/// Aliases of one account in one region. AWS bounds them by 50 for each of 100,000 keys.
pub const ALIASES_PER_ACCOUNT_MAX: usize = 500_000;
/// Customer managed keys of one account in one region.
pub const KEYS_PER_ACCOUNT_MAX: usize = 1_000_000;
/// Shortest and longest waiting period before deletion, in days.
pub const PENDING_WINDOW_DAYS: std::ops::RangeInclusive<u32> = 7..=30;
/// Waiting period when the caller names none, in days.
pub const PENDING_WINDOW_DAYS_DEFAULT: u32 = 30;
/// Shortest and longest automatic rotation period, in days.
pub const ROTATION_PERIOD_DAYS: std::ops::RangeInclusive<u32> = 90..=2_560;
/// Rotation period when the caller names none, in days.
pub const ROTATION_PERIOD_DAYS_DEFAULT: u32 = 365;
/// On-demand rotations in a key's life.
pub const ON_DEMAND_ROTATIONS_MAX: u32 = 25;
/// Replicas of one multi-Region key.
pub const REPLICAS_PER_KEY_MAX: usize = 32;
/// Regions pinned by one region.
pub const PEER_REGIONS_MAX: usize = 32;
/// Grant tokens in one request.
pub const GRANT_TOKENS_MAX: usize = 10;
/// Remembered answers of one principal; the oldest go first.
pub const ANSWERS_PER_PRINCIPAL_MAX: usize = 10_000;
/// How long an answer is remembered, in milliseconds of log time.
pub const ANSWER_MEMORY_MS: u64 = 600_000;
/// A request id from a caller, in bytes.
pub const REQUEST_ID_BYTES_MAX: usize = 128;
/// How long a hand-over may hold back DisableKey and ScheduleKeyDeletion, in milliseconds of log time.
pub const UPDATING_PATIENCE_MS: u64 = 30_000;
/// Keys that one Pulse may change; the rest wait for the next.
pub const KEYS_PER_PULSE_MAX: usize = 100;
/// Materials carried by one shipment; more follow in the next.
pub const MATERIALS_PER_SHIPMENT_MAX: usize = 64;
/// Hand-over proofs kept with one key before a further planned move must wait for the peers to catch up.
pub const HANDOVER_PROOFS_MAX: usize = 64;
/// An operation's name in a request key, in bytes; the longest of AWS KMS has 36.
pub const OPERATION_NAME_BYTES_MAX: usize = 64;
/// Expired answers that one Pulse drops; the rest wait for the next.
pub const ANSWERS_PER_PULSE_MAX: usize = 2_000;
/// Clock readings in one Pulse.
pub const READINGS_PER_PULSE_MAX: usize = 64;
/// How far log time may lag behind a node's clock before it asks for a Pulse, in milliseconds. Kept well below
/// [`UPDATING_PATIENCE_MS`], which is measured in log time.
pub const LOG_TIME_LAG_MS_MAX: u64 = 10_000;
/// Tags in one TagResource or UntagResource.
pub const TAGS_PER_REQUEST_MAX: usize = 50;
/// A description of imported key material, in characters.
pub const MATERIAL_DESCRIPTION_CHARS_MAX: usize = 256;
/// Import tokens of one key; the oldest go first.
pub const IMPORT_TOKENS_PER_KEY_MAX: usize = 16;
/// Imported materials of one key: the first, one for each on-demand rotation, and one that waits.
pub const IMPORTED_MATERIALS_PER_KEY_MAX: usize = ON_DEMAND_ROTATIONS_MAX as usize + 2;
/// Imported materials that one Pulse deletes because their time is over; the rest wait for the next.
pub const EXPIRIES_PER_PULSE_MAX: usize = 100;
/// Import tokens that one Pulse drops because their time is over; the rest wait for the next.
pub const IMPORT_TOKENS_PER_PULSE_MAX: usize = 2_000;
/// Last usages in one command.
pub const KEY_USAGES_PER_COMMAND_MAX: usize = 1_000;
/// Accounts that have a row in one region and are not deleted, other regions' included.
pub const ACCOUNTS_MAX: u64 = 10_000;
/// Accounts that have a row in one region, deleted ones included: their ids are never used again.
pub const ACCOUNT_ROWS_MAX: usize = 100_000;
/// An account's name, in characters.
pub const ACCOUNT_NAME_CHARS_MAX: usize = 50;
/// Access keys of one principal that are not deleted, as in AWS IAM.
pub const ACCESS_KEYS_PER_PRINCIPAL_MAX: u64 = 2;
/// Access keys in one region that are not deleted, other regions' included.
pub const ACCESS_KEYS_MAX: u64 = 100_000;
/// Access keys that have a row in one region, deleted ones included: they must not come back.
pub const ACCESS_KEY_ROWS_MAX: usize = 1_000_000;
/// The name of a principal that has access keys, in characters, as AWS IAM bounds a user's name.
pub const USER_NAME_CHARS_MAX: usize = 64;
