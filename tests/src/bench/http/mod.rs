//! What AWS clients see: signed AWS JSON over HTTP/1.1 and TLS beside a bare axum echo, alone and while others misbehave.

pub mod callers;
pub mod echo;
pub mod hostile;
pub mod run;
