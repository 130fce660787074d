//! What can be typed about somebody.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// `parvis person …`
#[derive(Subcommand, Debug)]
pub(in crate::cli) enum PersonCommand {
    /// All that is held about somebody
    #[command(after_help = "Example: parvis person show anne@example.org")]
    Show {
        /// Any of their addresses
        email: String,
    },
    /// The same with every message of theirs, as one JSON document
    #[command(after_help = "Example: parvis person export anne@example.org --out anne.json")]
    Export {
        /// Any of their addresses
        email: String,
        /// Where to write it, readable to you alone; to standard output if not said
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Forgets somebody everywhere, and says what was done
    #[command(after_help = "Example: parvis person erase anne@example.org --posts withdrawn")]
    Erase {
        /// Any of their addresses
        email: String,
        /// What happens to their posts: they stay under no name, or their text goes
        #[arg(long, value_enum, default_value_t = PostsArg::Nameless)]
        posts: PostsArg,
    },
}

/// What happens to somebody's posts.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::cli) enum PostsArg {
    /// They stay, under no name
    Nameless,
    /// Their text goes
    Withdrawn,
}
