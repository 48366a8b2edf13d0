#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kms_fuzz::sealing_key::sealing_key(bytes);
});
