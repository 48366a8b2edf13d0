//! The AWS operations, one file each: decide on a consistent view, propose, answer.
