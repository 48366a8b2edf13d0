//! What the encoding promises, on arbitrary values, on hostile bytes, and on bytes written by earlier versions.

mod examples;
mod golden;
mod hostile;
mod round_trip;
mod sample;
mod sample_commands;
mod sample_rows;
