#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kms_fuzz::raft_message::raft_message(bytes);
});
