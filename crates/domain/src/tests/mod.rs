//! The specification of this crate, as tests on whole states.

mod aim;
mod aliases;
mod any_command;
mod any_identity;
mod any_message;
mod deletion;
mod identities;
mod importing;
mod importing_multi_region;
mod key_usage;
mod keys;
mod log_time;
mod properties;
mod replicating;
mod request_ids;
mod resolving;
mod rotating;
mod state_table;
mod tags;
mod test_region;
