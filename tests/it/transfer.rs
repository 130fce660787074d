//! Archives and members in and out: nothing lost, nothing doubled, nobody written to.

mod export;
mod import;
mod members;
mod scene;
mod tables;
