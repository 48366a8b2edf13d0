#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kms_fuzz::snapshot_file::snapshot_file(bytes);
});
