//! What members, animators, readers and peers can see of Parvis, driven from outside its modules.

mod mboxes;
mod reading;
