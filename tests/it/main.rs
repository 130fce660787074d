//! What members, animators, readers and peers can see of Parvis, driven from outside its modules.

mod dialogues;
mod smtp_door;
mod smtp_order;
