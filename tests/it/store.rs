//! What Parvis remembers, and what it remembers after every kind of accident.

mod crashes;
mod damage;
mod failing_calls;
mod format;
mod full_disk;
mod history;
mod killed;
mod life;
mod reopen;
mod scene;
mod sealing;
mod tell;
mod threads;
