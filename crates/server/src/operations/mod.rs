//! The operations of the service model: authenticate has happened, here a call is parsed, authorized, decided,
//! carried out and answered. One file an operation. Adapters (gRPC, HTTP) translate shapes and hold no rules.

pub mod authorization;
pub mod cache;
pub mod call;
pub mod change;
pub mod marker;
pub mod metadata;
pub mod service;
pub mod validation;

mod cancel_key_deletion;
mod create_alias;
mod create_key;
mod data_key;
mod decrypt;
mod delete_alias;
mod describe_key;
mod disable_key;
mod disable_key_rotation;
mod enable_key;
mod enable_key_rotation;
mod encrypt;
mod generate_data_key;
mod generate_data_key_without_plaintext;
mod generate_random;
mod get_key_rotation_status;
mod list_aliases;
mod list_key_rotations;
mod list_keys;
mod list_resource_tags;
mod page;
mod re_encrypt;
mod replicate_key;
mod rotate_key_on_demand;
mod schedule_key_deletion;
mod symmetric;
mod tag_resource;
mod untag_resource;
mod update_alias;
mod update_key_description;
mod update_primary_region;

pub use call::{Call, RequestId};
pub use service::Service;
