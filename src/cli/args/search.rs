//! The words of `parvis search`.

use std::ffi::OsString;

use clap::Args;

/// `parvis search`
#[derive(Args, Debug)]
#[command(after_help = "Example: parvis search quartier@lists.example.org 'fête from:anne after:2026-03'")]
pub(in crate::cli) struct SearchArgs {
    /// The list
    pub(in crate::cli) list: String,
    /// Words, "phrases", from: subject: after: before: has:attachment list: and -word
    #[arg(required = true, num_args = 1.., value_name = "QUERY")]
    pub(in crate::cli) query: Vec<String>,
}

/// Options that may stand behind every command, and whether a value follows.
const EVERYWHERE: &[(&str, bool)] =
    &[("--config", true), ("--json", false), ("--help", false), ("-h", false)];

/// A command line in which `-word` behind `search` is a word and no option: the options that may
/// stand everywhere come first, and `--` before the rest. Any other command line as it is.
pub(in crate::cli) fn with_words_apart(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut args = args.peekable();
    let mut line: Vec<OsString> = args.next().into_iter().collect();
    line.extend(options(&mut args));
    if args.peek().is_none_or(|word| word != "search") {
        line.extend(args);
        return line;
    }
    line.extend(args.next());
    let mut words = Vec::new();
    while args.peek().is_some() {
        line.extend(options(&mut args));
        match args.next() {
            Some(word) if word == "--" => words.extend(args.by_ref()),
            word => words.extend(word),
        }
    }
    line.push("--".into());
    line.extend(words);
    line
}

/// Takes the options that stand here.
fn options(args: &mut std::iter::Peekable<impl Iterator<Item = OsString>>) -> Vec<OsString> {
    let mut taken = Vec::new();
    while let Some(option) = args.next_if(|word| {
        let name = word.to_string_lossy();
        EVERYWHERE.iter().any(|(option, _)| name.split('=').next() == Some(*option))
    }) {
        let value_follows = EVERYWHERE.iter().any(|(name, value)| *value && option == *name);
        taken.push(option);
        if value_follows {
            taken.extend(args.next());
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::with_words_apart;

    #[test]
    fn words_and_options() {
        for (written, apart) in [
            ("parvis search l puits", "parvis search -- l puits"),
            ("parvis search l -puits --json école", "parvis search --json -- l -puits école"),
            ("parvis --json search l a --config f", "parvis --json search --config f -- l a"),
            ("parvis --config=f search l -- --json", "parvis --config=f search -- l --json"),
            ("parvis search --help", "parvis search --help --"),
            ("parvis search", "parvis search --"),
            ("parvis list ls --json", "parvis list ls --json"),
            ("parvis --version", "parvis --version"),
            ("parvis", "parvis"),
        ] {
            let args = written.split(' ').map(Into::into);
            let line: Vec<String> =
                with_words_apart(args).into_iter().map(|word| word.into_string().unwrap()).collect();
            assert_eq!(line.join(" "), apart, "{written}");
        }
    }
}
