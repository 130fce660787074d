//! What a message is: bytes to meaning and back. No clock, no network, no storage.
//!
//! Everything here may be fed by strangers: nothing panics, nothing is quadratic.

pub mod html;
pub mod maildir;
pub mod mask;
pub mod mbox;
pub mod quote;
pub mod show;
pub mod text;
