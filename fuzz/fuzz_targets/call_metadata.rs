#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kms_fuzz::call_metadata::call_metadata(bytes);
});
