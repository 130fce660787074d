//! The words of `parvis search`.

use clap::Args;

/// `parvis search`
#[derive(Args, Debug)]
#[command(after_help = "Example: parvis search quartier@lists.example.org 'fête from:anne after:2026-03'")]
pub(in crate::cli) struct SearchArgs {
    /// The list
    pub(in crate::cli) list: String,
    /// Words, "phrases", from: subject: after: before: has:attachment list: and -word
    #[arg(required = true, num_args = 1.., value_name = "QUERY", allow_hyphen_values = true)]
    pub(in crate::cli) query: Vec<String>,
}
