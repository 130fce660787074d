//! What Parvis remembers, and what it remembers after every kind of accident.

mod crashes;
mod damage;
mod full_disk;
mod history;
mod life;
mod reopen;
mod scene;
mod tell;
mod threads;
