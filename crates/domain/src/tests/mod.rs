//! The specification of this crate, as tests on whole states.

mod aliases;
mod deletion;
mod keys;
mod log_time;
mod properties;
mod request_ids;
mod resolving;
mod rotating;
mod state_table;
mod tags;
mod test_region;
