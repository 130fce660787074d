//! What a mail says as a whole: its subject, its text and its address put together.

use super::{PROSE_WORDS_MAX, Said};
use crate::domain::command::{Command, Meaning};
use crate::understand::sentence::Found;

/// The subject and the text of a mail to an address that says nothing itself.
pub(super) fn combined(subject: Said, text: Said) -> Said {
    let same = |a: &[Found], b: &Found| a.iter().any(|found| found.command == b.command);
    match (subject, text) {
        (Said::Silent, text) => text,
        (subject, Said::Silent) => subject,
        // "Settings" above a text that says what they shall be.
        (Said::Sure(subject), Said::Sure(text)) if is_heading(&subject) => Said::Sure(text),
        (Said::Sure(mut subject), Said::Sure(text)) => {
            for found in text {
                if !same(&subject, &found) {
                    subject.push(found);
                }
            }
            if go_together(&subject) { Said::Sure(subject) } else { Said::Guess(subject.remove(0)) }
        }
        (Said::Sure(mut subject), Said::Prose { doubt, words }) => {
            if doubt || words > PROSE_WORDS_MAX {
                Said::Guess(subject.remove(0))
            } else {
                Said::Sure(subject)
            }
        }
        (Said::Sure(mut subject), Said::ForPeople) => Said::Guess(subject.remove(0)),
        (Said::Sure(subject), Said::Guess(text)) if same(&subject, &text) => Said::Sure(subject),
        (Said::Sure(subject), Said::Declined(text)) if !same(&subject, &text) => {
            Said::Guess(subject[0].clone())
        }
        // What a subject only hints at, or says in passing, the text says better.
        (Said::Guess(subject), Said::Prose { .. }) => Said::Guess(subject),
        (Said::Declined(subject), Said::Prose { .. }) => Said::Declined(subject),
        (Said::Declined(subject), Said::Sure(mut text)) if same(&text, &subject) => {
            Said::Guess(text.remove(0))
        }
        (_, text) => text,
    }
}

/// Whether a subject only says what its text is about.
fn is_heading(subject: &[Found]) -> bool {
    matches!(subject, [Found { command: Command::Settings | Command::Help, .. }])
}

/// Whether several commands can be meant in one mail.
pub(super) fn go_together(found: &[Found]) -> bool {
    let alone = |found: &Found| match found.command {
        Command::Leave
        | Command::Until(_)
        | Command::ForgetMe
        | Command::Withdraw
        | Command::Yes
        | Command::No
        | Command::ComeBack
        | Command::Search(_)
        | Command::Name(_) => true,
        Command::Join
        | Command::Read(_)
        | Command::Pause(_)
        | Command::Resume
        | Command::Mute
        | Command::Follow
        | Command::Threads(_)
        | Command::Summary(_)
        | Command::Quiet(_)
        | Command::OwnPosts(_)
        | Command::Thread(_)
        | Command::Settings
        | Command::Language(_)
        | Command::NewAddress(_)
        | Command::MyData
        | Command::WhereIsMyMessage
        | Command::Help
        | Command::Animator(_) => false,
    };
    let twice = found.iter().enumerate().any(|(n, one)| {
        let kind = std::mem::discriminant(&one.command);
        found[..n].iter().any(|other| std::mem::discriminant(&other.command) == kind)
    });
    found.len() <= 1 || !(twice || found.iter().any(alone))
}

pub(super) fn meaning(said: Said) -> Meaning {
    match said {
        Said::Silent => Meaning::Nothing,
        Said::Sure(found) => Meaning::Certain(found.into_iter().map(|found| found.command).collect()),
        Said::Guess(found) => Meaning::Guess(found.command),
        Said::Declined(found) => Meaning::Declined(found.command),
        Said::Prose { .. } | Said::ForPeople => Meaning::ForPeople,
    }
}

/// The address decides, unless the words plainly say otherwise.
pub(super) fn with_address(address: &Command, said: Said) -> Meaning {
    let certain = || Meaning::Certain(vec![address.clone()]);
    let contradiction =
        |said: Said| Meaning::Contradiction { address: address.clone(), words: Box::new(meaning(said)) };
    // Asking for help is no wish words could contradict: they say what is wanted.
    if *address == Command::Help {
        return match said {
            Said::Silent | Said::Prose { .. } | Said::ForPeople => certain(),
            Said::Guess(found) if found.command == Command::Help => certain(),
            Said::Sure(_) | Said::Guess(_) | Said::Declined(_) => meaning(said),
        };
    }
    let agrees = |command: &Command| {
        command == address
            || *command == Command::Yes
            || (*address == Command::Join && *command == Command::ComeBack)
    };
    match said {
        Said::Silent | Said::Prose { .. } | Said::ForPeople => certain(),
        Said::Sure(found) if found.iter().all(|found| agrees(&found.command)) => certain(),
        Said::Sure(mut found)
            if *address == Command::Join && found.iter().all(|f| goes_with_joining(&f.command)) =>
        {
            found.retain(|found| !agrees(&found.command));
            let others = found.into_iter().map(|found| found.command);
            Meaning::Certain(std::iter::once(address.clone()).chain(others).collect())
        }
        Said::Guess(found) if agrees(&found.command) => certain(),
        // Of a newcomer's words only a wish to leave would be one against joining.
        Said::Guess(found) if *address == Command::Join && found.command != Command::Leave => certain(),
        Said::Declined(found) if found.command != *address => certain(),
        Said::Sure(_) | Said::Guess(_) | Said::Declined(_) => contradiction(said),
    }
}

/// What somebody may say of how they want to read, while they ask to join.
fn goes_with_joining(command: &Command) -> bool {
    matches!(
        command,
        Command::Join
            | Command::ComeBack
            | Command::Yes
            | Command::Read(_)
            | Command::Threads(_)
            | Command::Summary(_)
            | Command::Until(_)
            | Command::Quiet(_)
            | Command::OwnPosts(_)
            | Command::Name(_)
            | Command::Language(_)
    )
}
