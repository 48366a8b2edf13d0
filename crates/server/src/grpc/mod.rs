//! The public gRPC service: protobuf messages in, operations called, protobuf messages out.
