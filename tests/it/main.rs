//! What members, animators, readers and peers can see of Parvis, driven from outside its modules.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails where something is missing, and waits for real programs by a real clock"
)]

mod auth;
mod bounces;
mod check;
mod commands;
mod config;
mod conversation;
mod copies;
mod demo;
mod dependencies;
mod dialogues;
mod digests;
mod dns;
mod fake_dns;
mod fake_peer;
mod fan_out;
mod faults;
mod from_lines;
mod init;
mod killed;
mod letters;
mod lives;
mod mboxes;
mod pacing;
mod pages;
mod phrasings;
mod reading;
mod sealing;
mod searching;
mod signing;
mod simulation;
mod sink;
mod small_disk;
mod smtp_door;
mod smtp_order;
mod smtp_road;
mod starttls;
mod store;
mod tidy;
mod transfer;
mod web_sockets;
