//! One region's group in one process: real sockets on loopback, real disks in temporary folders,
//! plain text instead of TLS.

mod admission;
mod failover;
mod membership;
mod old_disks;
mod reads;
mod recovery;
mod region;
mod snapshots;
mod storage_suite;
mod writes;
