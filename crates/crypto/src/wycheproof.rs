//! Project Wycheproof's vectors, which were made to break implementations. Within the parameters that the service
//! offers every valid vector is accepted and every invalid one refused; a vector outside them is refused too, and counted
//! apart. Both go through the code that serves callers.

mod aes_gcm;
mod ecdh;
mod ecdsa;
mod ed25519;
mod hmac;
mod key_wrap;
mod ml_dsa;
mod ml_kem;
mod rsa_oaep;
mod rsa_signatures;
mod tally;
