//! What members, animators, readers and peers can see of Parvis, driven from outside its modules.

mod config;
mod dialogues;
mod letters;
mod smtp_door;
mod smtp_order;
mod store;
