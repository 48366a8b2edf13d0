//! What regions may rely on between each other. Two regions in one process, with real keys and real calls on the
//! loopback interface, each a `State` instead of a group of nodes.

mod fixture;
mod framing;
mod receiving;
mod scheduling;
mod sealing_keys;
mod shipping;
