//! What a message is: bytes into meaning and meaning into bytes. No I/O, no clock.
//!
//! Knows the domain's values, and nothing of lists' rules, storage or the network. Everything here
//! takes strangers' bytes: every reader is bounded, linear and total.

pub mod answering;
pub mod autoreply;
pub mod bounce;
pub mod calendar;
pub mod canonical;
pub mod charset;
pub mod compose;
mod content_type;
mod date;
pub mod file_names;
pub mod forget;
pub mod headers;
pub mod html;
pub mod maildir;
pub mod mask;
pub mod mbox;
pub mod mime;
pub mod own_results;
pub mod paragraphs;
pub mod parse;
pub mod quote;
pub(crate) mod references;
pub mod said;
pub mod show;
pub mod signed;
pub mod subject;
pub mod summary;
pub mod text;
pub mod tokens;
pub(crate) mod transfer;
pub mod words;
