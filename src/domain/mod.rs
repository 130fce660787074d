//! What a list is: values and rules. No I/O, no clock, no randomness, no log.
//!
//! Everything here can be tested by a value in and a value out. Time, keys and what the store
//! knows come in as arguments; what should happen goes out as a value that `flow` carries out.

pub mod address;
pub mod authority;
pub mod calendar;
pub mod care;
pub mod command;
pub mod contraction;
pub mod door;
pub mod edition;
pub mod from_line;
pub mod ids;
pub mod list;
pub mod member;
pub mod moderation;
pub mod mta_sts;
pub mod network;
pub mod pace;
pub mod proof;
pub mod reach;
pub mod recipient;
pub mod retry;
pub mod rhythm;
pub mod thread;
pub mod time;
pub mod token;
pub mod units;
pub mod unwanted;
pub mod wish;
