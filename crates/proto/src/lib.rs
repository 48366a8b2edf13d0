//! Code generated from proto/: the public API, the calls between nodes and regions, and the encoding of log
//! entries, rows and snapshots. No logic lives here, and nothing here knows what a message means.

mod redacted;

/// The generated code, in the nesting of the .proto packages, which is what the code itself expects.
#[allow(missing_docs, unreachable_pub, clippy::all, rustdoc::all)]
mod concord {
    pub mod kms {
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/concord.kms.v1.rs"));
        }
        pub mod admin {
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/concord.kms.admin.v1.rs"));
            }
        }
        pub mod internal {
            pub mod raft {
                pub mod v1 {
                    include!(concat!(env!("OUT_DIR"), "/concord.kms.internal.raft.v1.rs"));
                }
            }
            pub mod state {
                pub mod v1 {
                    include!(concat!(env!("OUT_DIR"), "/concord.kms.internal.state.v1.rs"));
                }
            }
            pub mod replication {
                pub mod v1 {
                    include!(concat!(
                        env!("OUT_DIR"),
                        "/concord.kms.internal.replication.v1.rs"
                    ));
                }
            }
        }
    }
}

/// The public API for callers (proto/kms/v1/kms.proto).
pub mod kms {
    pub use crate::concord::kms::v1;

    /// The encoded `FileDescriptorSet` of this API and its imports, for gRPC reflection on the client listener.
    pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/kms_descriptor.bin"));
}

/// The public API for operators (proto/kms/v1/admin.proto).
pub mod admin {
    pub use crate::concord::kms::admin::v1;

    /// The encoded `FileDescriptorSet` of this API and its imports, for gRPC reflection on the admin listener.
    pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/admin_descriptor.bin"));
}

/// Protocols and encodings that only nodes see (proto/kms/internal/v1).
pub mod internal {
    /// Calls between the nodes of one region.
    pub mod raft {
        pub use crate::concord::kms::internal::raft::v1;
    }
    /// The encoding of commands, rows and snapshots.
    pub mod state {
        pub use crate::concord::kms::internal::state::v1;
    }
    /// Calls between regions.
    pub mod replication {
        pub use crate::concord::kms::internal::replication::v1;
    }
}
