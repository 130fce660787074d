//! What members, animators, readers and peers can see of Parvis, driven from outside its modules.
mod config;
mod copies;
mod dependencies;
mod dialogues;
mod fake_peer;
mod init;
mod letters;
mod mboxes;
mod pages;
mod reading;
mod simulation;
mod smtp_door;
mod smtp_order;
mod smtp_road;
mod store;
mod tidy;
mod transfer;
