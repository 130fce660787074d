//! What both doors need, that of mail and that of the web: letting connections in, places for them,
//! certificates and where they come from.
//!
//! Knows sockets' sizes and certificates; nothing of mail, lists, pages or settings.

pub mod acme;
pub mod certificate;
pub mod certificates;
pub mod door;
pub mod slots;
