//! At which step of a conversation a server refused. Before it has heard of a recipient it cannot
//! refuse for their sake, and once it has taken all of them it is the message it does not want.

/// A step of a conversation (RFC 5321 §3.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// The connection, EHLO, MAIL: it has heard who sends.
    Sender,
    /// RCPT.
    Recipient,
    /// DATA, and what came with it.
    Content,
}

/// Before the name of a command, in small letters, as servers word it.
const LEADS: &[&str] =
    &["in reply to ", "reply to ", "error from remote mail server after ", "remote server for "];
/// More of them are not looked at.
const STEPS_MAX: usize = 20;

/// The one step a report speaks of; none, if it speaks of several, or of none.
pub(super) fn of(text: &str) -> Option<Stage> {
    let small = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let worded = LEADS.iter().flat_map(|lead| {
        small.match_indices(lead).take(STEPS_MAX).filter_map(|(at, lead)| named(&small[at + lead.len()..]))
    });
    let mut found: Vec<Stage> = worded.collect();
    found.extend(transcribed(text));
    let first = *found.first()?;
    found.iter().all(|stage| *stage == first).then_some(first)
}

fn named(command: &str) -> Option<Stage> {
    let command = command.strip_prefix("pipelined ").unwrap_or(command);
    let starts = |words: &[&str]| words.iter().any(|word| command.starts_with(word));
    if starts(&["mail from", "ehlo", "helo", "initial connection", "mail command", "lhlo"]) {
        Some(Stage::Sender)
    } else if starts(&["rcpt to", "rcpt command"]) {
        Some(Stage::Recipient)
    } else if starts(&["data", "end of data", "text command", "sending data block", "sending message"]) {
        Some(Stage::Content)
    } else {
        None
    }
}

/// `>>> MAIL From:<...>`, and then the first `<<< 550`.
fn transcribed(text: &str) -> Option<Stage> {
    let mut last = None;
    for line in text.lines().map(str::trim_start) {
        if let Some(command) = line.strip_prefix(">>>") {
            last = named(&command.trim().to_lowercase()).or(last);
        } else if let Some(reply) = line.strip_prefix("<<<")
            && reply.trim_start().starts_with(['4', '5'])
        {
            return last;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_refused_when() {
        let cases = [
            (
                "host mx.nord.example[192.0.2.1] said: 550 no (in reply to MAIL FROM command)",
                Some(Stage::Sender),
            ),
            ("550 no (in reply\n    to end of DATA command)", Some(Stage::Content)),
            ("SMTP error from remote mail server after RCPT TO:<a@b.example>:", Some(Stage::Recipient)),
            (
                "SMTP error from remote mail server after pipelined MAIL FROM:<a@b.example>:",
                Some(Stage::Sender),
            ),
            (
                ">>> MAIL From:<a@b.example>\n<<< 553 not you\n501 a@b.example... Data format",
                Some(Stage::Sender),
            ),
            (">>> DATA\n<<< 550 no\n>>> RCPT To:<a@b.example>\n<<< 503 no", Some(Stage::Content)),
            ("(in reply to RCPT TO command) and another (in reply to end of DATA command)", None),
            ("a word in reply to yours", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(of(text), wanted, "{text}");
        }
    }
}
