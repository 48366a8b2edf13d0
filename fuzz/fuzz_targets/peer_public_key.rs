#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kms_fuzz::peer_public_key::peer_public_key(bytes);
});
