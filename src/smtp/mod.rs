//! How mail travels: posts in, copies out. Knows addresses and bytes; nothing of lists, members or storage.

pub mod client;
pub mod dot_stuff;
pub mod route;
