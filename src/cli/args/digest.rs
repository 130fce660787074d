//! The words of `parvis digest`.

use std::path::PathBuf;

use clap::Subcommand;

/// `parvis digest …`
#[derive(Subcommand, Debug)]
pub(in crate::cli) enum DigestCommand {
    /// The next edition as it stands; on a curated list its draft, which the animators get
    #[command(after_help = "Example: parvis digest draft quartier@lists.example.org")]
    Draft {
        /// The list
        list: String,
    },
    /// Send it now
    #[command(after_help = "Example: parvis digest send quartier@lists.example.org")]
    Send {
        /// The list
        list: String,
    },
    /// One that went out; the latest if no number is said
    #[command(after_help = "Example: parvis digest show quartier@lists.example.org 12 --json")]
    Show {
        /// The list
        list: String,
        /// Its number
        #[arg(value_name = "N")]
        number: Option<u32>,
    },
    /// One that went out as an A4 PDF, with whom to hand it to on its last page
    #[command(after_help = "Example: parvis digest print quartier@lists.example.org 12 --pdf edition.pdf")]
    Print {
        /// The list
        list: String,
        /// Its number; the latest if none is said
        #[arg(value_name = "N")]
        number: Option<u32>,
        /// Where it is written; - for standard output
        #[arg(long, value_name = "FILE")]
        pdf: PathBuf,
    },
}
