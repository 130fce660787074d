//! How mail travels: the door posts come in by, and the road copies leave by.
//!
//! Knows addresses and bytes; nothing of lists, members or storage.

pub mod client;
mod command;
mod connection;
mod content;
pub mod dot_stuff;
pub mod envelope;
pub mod received;
pub mod reply;
pub mod route;
pub mod server;
pub mod session;
mod stream;
