//! The load: callers in every region that do a little of everything and write down what they were answered.

pub mod callers;
pub mod calls;
pub mod keys;
