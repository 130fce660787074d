//! The command line as an operator drives it: the real program, in a folder of its own, with no
//! server and beside one. What is asked and answered must not differ between the two.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![allow(clippy::disallowed_methods, reason = "a real program is waited for in real time")]

mod archives;
mod drill;
mod lists;
mod members;
mod posts;
mod queue;
mod recovery;
mod scene;
mod search;
mod server;
mod strangers;
mod upkeep;
mod usage;
