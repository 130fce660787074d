//! What is written to a list's own address: a post, unless it is nothing but a command.

use super::{Mail, PROSE_WORDS_MAX, Said};
use crate::domain::command::{AnimatorCommand, Command};

/// A question is put to people, and nobody needs so many words to say nothing but a command. Most
/// posts are either, and reading sentences takes a thousand times as long as counting words.
pub(super) fn is_plainly_prose(mail: &Mail<'_>) -> bool {
    mail.text.contains('?')
        || (!mail.answers && mail.subject.contains('?'))
        || mail.text.split_whitespace().nth(PROSE_WORDS_MAX).is_some()
}

/// At a list's own address: nothing but one command, in subject and text.
pub(super) fn nothing_but(mail: &Mail<'_>, subject: Said, text: Said) -> Said {
    let prose = Said::Prose { doubt: false, words: 0 };
    let found = match (subject, text) {
        (Said::Silent, Said::Sure(found)) | (Said::Sure(found), Said::Silent) => found,
        (Said::Sure(subject), Said::Sure(text)) => {
            let one = subject.len() == 1 && text.len() == 1 && subject[0].command == text[0].command;
            if one { text } else { return prose }
        }
        (_, _) => return prose,
    };
    match found.as_slice() {
        // "Please help" is said to neighbours, "help" to nobody.
        [one] if one.command == Command::Help && !is_one_word(mail) => prose,
        [one] if is_caught_at_list(&one.command, mail.answers) => Said::Sure(found),
        _ => prose,
    }
}

fn is_one_word(mail: &Mail<'_>) -> bool {
    let words = |text: &str| text.split_whitespace().count();
    words(mail.text) <= 1 && (mail.answers || words(mail.subject) <= 1)
}

/// Words that people also say to each other are left to them: "yes", "search plumber".
fn is_caught_at_list(command: &Command, answers: bool) -> bool {
    match command {
        Command::Join
        | Command::Leave
        | Command::Read(_)
        | Command::Pause(_)
        | Command::Resume
        | Command::Threads(_)
        | Command::Quiet(_)
        | Command::OwnPosts(_)
        | Command::Settings
        | Command::MyData
        | Command::ForgetMe
        | Command::Help => true,
        Command::Mute | Command::Follow | Command::Withdraw => answers,
        Command::Animator(command) => match command {
            AnimatorCommand::Slow
            | AnimatorCommand::Split
            | AnimatorCommand::MoveTo(_)
            | AnimatorCommand::JoinWith(_)
            | AnimatorCommand::Close
            | AnimatorCommand::Reopen => answers,
            // Nobody who looks after the group tells everybody whom to add, and nothing else.
            AnimatorCommand::Members
            | AnimatorCommand::Hold(_)
            | AnimatorCommand::Pace(_)
            | AnimatorCommand::Add(_)
            | AnimatorCommand::Invite(_)
            | AnimatorCommand::Remove(_)
            | AnimatorCommand::Ban(_)
            | AnimatorCommand::Unban(_)
            | AnimatorCommand::Role(..)
            | AnimatorCommand::History => true,
            AnimatorCommand::Letter => !answers,
        },
        // "À 18 h" is also said of tonight.
        Command::Search(_)
        | Command::Thread(_)
        | Command::Name(_)
        | Command::Summary(_)
        | Command::Until(_)
        | Command::Language(_)
        | Command::NewAddress(_)
        | Command::WhereIsMyMessage
        | Command::ComeBack
        | Command::Yes
        | Command::No => false,
    }
}
