//! Parvis, an email-first community list server: the rooms, in the order a post meets them.
//!
//! Arrows point down: what stands lower knows nothing of what stands above it. A test holds them.

// How it runs.
pub mod cli;
pub mod config;
pub mod init;
pub mod serve;

// What happens: to a post, at an operator's wish, before a reader's eyes.
pub mod admin;
pub mod check;
pub mod demo;
pub mod flow;
pub mod web;

// What asks, carries, remembers, understands, and writes.
pub mod auth;
pub mod digest;
pub mod dns;
pub mod filter;
pub mod letters;
pub mod net;
pub mod paper;
pub mod recovery;
pub mod search;
pub mod sign;
pub mod smtp;
pub mod store;
pub mod understand;

// What a message is: bytes and meaning.
pub mod mail;

// What a list is: values and rules.
pub mod domain;
