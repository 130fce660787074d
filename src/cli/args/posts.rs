//! `parvis post` and what belongs to it, as one types it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `parvis post`
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct PostArgs {
    /// What is to be set right
    #[command(subcommand)]
    pub(in crate::cli) set_right: Option<PostCommand>,
    /// The list
    #[arg(required = true)]
    pub(in crate::cli) list: Option<String>,
    /// The message; - for standard input
    #[arg(required = true)]
    pub(in crate::cli) file: Option<PathBuf>,
    /// The envelope's sender; the author if not said
    #[arg(long, value_name = "A")]
    pub(in crate::cli) sender: Option<String>,
}

/// `parvis post move …`
#[derive(Subcommand, Debug)]
pub(in crate::cli) enum PostCommand {
    /// Make a post, with the answers to it, an answer to another
    #[command(after_help = "Example: parvis post move '<4711@mail.example>' '<1234@mail.example>'")]
    Move {
        /// The post, by its Message-ID
        message_id: String,
        /// What it answers from now on
        target: String,
        /// Where several lists have it
        #[arg(long)]
        list: Option<String>,
    },
    /// Begin a conversation of its own with a post and the answers to it
    #[command(after_help = "Example: parvis post split '<4711@mail.example>'")]
    Split {
        /// The post, by its Message-ID
        message_id: String,
        /// Where several lists have it
        #[arg(long)]
        list: Option<String>,
    },
    /// Make one conversation of two
    #[command(after_help = "Example: parvis post join '<4711@mail.example>' '<1234@mail.example>'")]
    Join {
        /// A post of one, by its Message-ID
        message_id: String,
        /// A post of the other
        with: String,
        /// Where several lists have them
        #[arg(long)]
        list: Option<String>,
    },
    /// Show a post no more; its place says that there was one
    #[command(after_help = "Example: parvis post withdraw '<4711@mail.example>'")]
    Withdraw {
        /// The post, by its Message-ID
        message_id: String,
        /// Where several lists have it
        #[arg(long)]
        list: Option<String>,
    },
}
