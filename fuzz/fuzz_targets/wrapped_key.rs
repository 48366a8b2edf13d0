#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kms_fuzz::wrapped_key::wrapped_key(bytes);
});
