//! What a message is: bytes to meaning and back. No I/O, no clock.

pub mod parse;
