//! The words of `parvis bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `parvis bench`
#[derive(Args, Debug)]
pub(in crate::cli) struct BenchArgs {
    /// What to measure
    #[arg(value_enum)]
    pub(in crate::cli) what: BenchWhat,
    /// Where to work; a new temporary folder if not said
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) dir: Option<PathBuf>,
    /// Members of the list
    #[arg(long, default_value_t = 10_000)]
    pub(in crate::cli) members: u32,
    /// Messages; 20000 if not said, 80000 for search and pages
    #[arg(long)]
    pub(in crate::cli) messages: Option<u32>,
    /// Bytes of each message
    #[arg(long, default_value_t = 4_096)]
    pub(in crate::cli) bytes: usize,
    /// Connections
    #[arg(long, default_value_t = 50)]
    pub(in crate::cli) connections: usize,
    /// Sign each copy of a fan-out with a new RSA key of 2048 bits
    #[arg(long)]
    pub(in crate::cli) signed: bool,
    /// Read the pages of this data folder instead of an archive made here; no server may have it open
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) data: Option<PathBuf>,
    /// Readers at the same time; 1 for search, 8 for pages if not said
    #[arg(long)]
    pub(in crate::cli) readers: Option<usize>,
    /// How long is read
    #[arg(long, default_value_t = 10)]
    pub(in crate::cli) seconds: u64,
    /// Carry copies to this sink instead of our own
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) sink: Option<String>,
}

/// What `bench` can measure.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::cli) enum BenchWhat {
    /// One post to many members, a copy each
    FanOut,
    /// Posts taken over SMTP, durable before each answer
    Ingest,
    /// An archive put into a list
    Import,
    /// Starting with many posts in the store
    Start,
    /// Words looked for in an archive, over HTTP
    Search,
    /// Pages of conversations, over HTTP
    Pages,
    /// A backup, its rehearsal, a restore, and a start of what was restored
    Recovery,
}
