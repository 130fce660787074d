//! What is printed once and read at leisure: letters, completions, manual pages.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use super::args::Cli;
use super::{Voice, show};
use crate::domain::list::Language;
use crate::letters::{Letters, samples};

/// Every letter with its sample facts.
pub(super) fn letters(only: Option<Language>, voice: &Voice) -> anyhow::Result<()> {
    let (letters, _) = Letters::new(None);
    let samples = samples().into_iter().filter(|sample| only.is_none_or(|only| sample.language == only));
    let mut documents = Vec::new();
    let mut text = String::new();
    for sample in samples {
        let mail = sample.compose(&letters);
        let language = sample.language.tag();
        documents.push(json!({
            "letter": sample.kind.name(),
            "language": language,
            "sample": sample.name,
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
        }));
        let title = format!("{} ({language}, {})", sample.kind.name(), sample.name);
        text.push_str(&format!("== {title}\n\n{}\n\n{}\n\n", mail.subject, mail.text.trim_end()));
    }
    if voice.json { show::json(&documents.into()) } else { show::print(&text) }
}

pub(super) fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "parvis", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(())
}

/// One page for the program and one for each command.
pub(super) fn man(dir: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(dir)?;
    clap_mangen::generate_to(Cli::command(), dir)?;
    Ok(())
}
