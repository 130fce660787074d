//! One command line: from bytes to what the peer wants, or to why it cannot have it.
//!
//! RFC 5321 §4.1. `smtp-proto` knows the verbs and parameters. It is lenient where leniency is
//! dangerous (it skips carriage returns, takes lines that end in LF, drops source routes and
//! quotes, cannot tell `<postmaster>` from `<>`), so lines and paths are judged here first and it
//! never sees a path.

use smtp_proto::{Error, MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MailFrom, RcptTo, Request};
use std::borrow::Cow;

use super::envelope::{Protocol, ReversePath};
use super::reply::{self, Reply};
use crate::domain::address::{EmailAddress, InvalidAddress};

/// What a peer asks for.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Command {
    Hello {
        protocol: Protocol,
        name: String,
    },
    Mail {
        sender: ReversePath,
        bytes: usize,
        body: Body,
    },
    Rcpt {
        recipient: EmailAddress,
    },
    Data,
    Rset,
    Noop,
    Help,
    Vrfy,
    Quit,
    StartTls,
    /// A command that exists and that we do not have.
    NotOffered,
}

/// RFC 6152 §3: what the peer says of the bytes to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Body {
    SevenBit,
    EightBit,
}

/// Why a line is no command.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// Say so, and go on.
    Say(Reply),
    /// What follows cannot be trusted to be commands, so nothing of it is read.
    Leave(Reply),
}

/// Verbs that exist elsewhere. None is offered, so none is asked for by an honest peer.
const NOT_OFFERED: &[&str] = &["AUTH", "EXPN", "TURN", "ETRN", "ATRN", "BURL", "SEND", "SOML", "SAML"];

/// First words of protocols that a browser can be made to speak to us.
const FOREIGN_VERBS: &[&str] = &[
    "GET",
    "POST",
    "PUT",
    "HEAD",
    "CONNECT",
    "OPTIONS",
    "DELETE",
    "PATCH",
    "TRACE",
    "PRI",
    "HOST:",
    "USER-AGENT:",
];

/// Reads one line, which ends in LF. `hostname` is where `<postmaster>` lives.
pub(super) fn parse(line: &[u8], hostname: &str) -> Result<Command, Refusal> {
    // What comes before a bare LF may be one line to another server on the way; see RFC 5321 §2.3.8.
    let Some(text) = line.strip_suffix(b"\r\n") else {
        return Err(Refusal::Leave(reply::BARE_LINE_END));
    };
    // RFC 5321 §4.1.1: white space before the CRLF is tolerated.
    let blanks = text.iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let text = &text[..text.len() - blanks];
    let verb = text.split(|b| *b == b' ').next().unwrap_or_default();
    match verb.first() {
        None => return Err(Refusal::Say(reply::EMPTY_LINE)),
        Some(first) if !first.is_ascii_alphabetic() => return Err(Refusal::Leave(reply::NOT_SMTP)),
        Some(_) if is_one_of(verb, FOREIGN_VERBS) => return Err(Refusal::Leave(reply::NOT_SMTP)),
        // RFC 3030: a payload follows at once, and would be read as commands.
        Some(_) if verb.eq_ignore_ascii_case(b"BDAT") => return Err(Refusal::Leave(reply::NOT_OFFERED)),
        Some(_) => {}
    }
    if text.iter().any(u8::is_ascii_control) {
        return Err(Refusal::Say(reply::BAD_LINE));
    }
    let is_mail = verb.eq_ignore_ascii_case(b"MAIL");
    let is_rcpt = verb.eq_ignore_ascii_case(b"RCPT");
    let Some(text) = std::str::from_utf8(text).ok().filter(|text| text.is_ascii()) else {
        return Err(Refusal::Say(if is_mail || is_rcpt { reply::NOT_ASCII } else { reply::BAD_LINE }));
    };
    let rest = &text[verb.len()..];
    let command = if is_mail {
        parse_mail(rest)
    } else if is_rcpt {
        parse_rcpt(rest, hostname)
    } else if is_one_of(verb, NOT_OFFERED) {
        Ok(Command::NotOffered)
    } else {
        parse_simple(line, rest)
    };
    command.map_err(Refusal::Say)
}

fn is_one_of(verb: &[u8], known: &[&str]) -> bool {
    known.iter().any(|k| verb.eq_ignore_ascii_case(k.as_bytes()))
}

/// Everything but MAIL and RCPT.
fn parse_simple(line: &[u8], rest: &str) -> Result<Command, Reply> {
    let hello = |protocol, host: Cow<'_, str>| Command::Hello { protocol, name: host.into_owned() };
    let command = match Request::parse(&mut line.iter()) {
        Ok(Request::Ehlo { host }) => hello(Protocol::Esmtp, host),
        Ok(Request::Helo { host }) => hello(Protocol::Smtp, host),
        Ok(Request::Lhlo { host }) => hello(Protocol::Lmtp, host),
        Ok(Request::Noop { .. }) => Command::Noop,
        Ok(Request::Help { .. }) => Command::Help,
        Ok(Request::Vrfy { .. }) => Command::Vrfy,
        // RFC 5321 §4.1.1.4, .5 and .10; RFC 3207 §4: these four take no argument.
        Ok(Request::Data | Request::Rset | Request::Quit | Request::StartTls) if !rest.is_empty() => {
            return Err(reply::BAD_ARGUMENTS);
        }
        Ok(Request::Data) => Command::Data,
        Ok(Request::Rset) => Command::Rset,
        Ok(Request::StartTls) => Command::StartTls,
        Ok(Request::Quit) => Command::Quit,
        Ok(
            Request::Mail { .. }
            | Request::Rcpt { .. }
            | Request::Bdat { .. }
            | Request::Auth { .. }
            | Request::Expn { .. }
            | Request::Etrn { .. }
            | Request::Atrn { .. }
            | Request::Burl { .. },
        ) => Command::NotOffered,
        Err(error) => return Err(refusal_of(&error)),
    };
    Ok(command)
}

fn parse_mail(rest: &str) -> Result<Command, Reply> {
    let (path, parameters) = split_path(rest, "FROM").ok_or(reply::BAD_ARGUMENTS)?;
    let line = format!("MAIL FROM:<>{parameters}\n");
    let offered = match Request::parse(&mut line.as_bytes().iter()) {
        Ok(Request::Mail { from }) => from,
        Ok(_) => return Err(reply::BAD_ARGUMENTS),
        Err(error) => return Err(refusal_of(&error)),
    };
    let bytes = announced_bytes(parameters)?;
    if [&offered.env_id, &offered.auth].into_iter().flatten().any(|value| !is_printable(value)) {
        return Err(reply::CONTROL_IN_PARAMETER);
    }
    if !only_size_and_body(&offered) {
        return Err(reply::PARAMETER_NOT_OFFERED);
    }
    let sender = match path {
        "" => ReversePath::NULL,
        _ if path.starts_with('@') => return Err(reply::SENDER_ROUTE),
        _ => parse_address(path).map_err(|why| why.unwrap_or(reply::BAD_SENDER))?.into(),
    };
    let body = if offered.flags & MAIL_BODY_8BITMIME == 0 { Body::SevenBit } else { Body::EightBit };
    Ok(Command::Mail { sender, bytes, body })
}

fn parse_rcpt(rest: &str, hostname: &str) -> Result<Command, Reply> {
    let (path, parameters) = split_path(rest, "TO").ok_or(reply::BAD_ARGUMENTS)?;
    let line = format!("RCPT TO:<>{parameters}\n");
    let RcptTo { address: _, orcpt, rrvs, flags } = match Request::parse(&mut line.as_bytes().iter()) {
        Ok(Request::Rcpt { to }) => to,
        Ok(_) => return Err(reply::BAD_ARGUMENTS),
        Err(error) => return Err(refusal_of(&error)),
    };
    if orcpt.as_deref().is_some_and(|value| !is_printable(value)) {
        return Err(reply::CONTROL_IN_PARAMETER);
    }
    if orcpt.is_some() || rrvs != 0 || flags != 0 {
        return Err(reply::PARAMETER_NOT_OFFERED);
    }
    parse_recipient(path, hostname).map(|recipient| Command::Rcpt { recipient })
}

/// Only a plain `name@domain` can be one of ours; whatever asks to be passed on is refused.
fn parse_recipient(path: &str, hostname: &str) -> Result<EmailAddress, Reply> {
    // RFC 5321 §4.1.1.3: the one name that needs no domain.
    if path.eq_ignore_ascii_case("postmaster") {
        return EmailAddress::parse(&format!("postmaster@{hostname}")).map_err(|_| reply::BAD_RECIPIENT);
    }
    if path.starts_with('@') {
        return Err(reply::ROUTED_RECIPIENT);
    }
    if path.ends_with(']') {
        return Err(reply::LITERAL_RECIPIENT);
    }
    let address = parse_address(path).map_err(|why| why.unwrap_or(reply::BAD_RECIPIENT))?;
    let local = address.local_part();
    if local.starts_with('"') {
        return Err(reply::BAD_RECIPIENT);
    }
    if local.contains(['%', '!']) {
        return Err(reply::ROUTED_RECIPIENT);
    }
    Ok(address)
}

/// `EmailAddress::parse` trims, which a path must not need.
fn parse_address(path: &str) -> Result<EmailAddress, Option<Reply>> {
    match EmailAddress::parse(path) {
        Ok(address) if address.as_str() == path => Ok(address),
        Err(InvalidAddress::NotAscii) => Err(Some(reply::NOT_ASCII)),
        Ok(_) | Err(InvalidAddress::Shape | InvalidAddress::LocalPart | InvalidAddress::Domain) => Err(None),
    }
}

/// ` FROM:<path> parameters` into what stands between the brackets and what follows them.
fn split_path<'a>(rest: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let rest = rest.trim_start();
    let after = rest.get(..word.len()).filter(|w| w.eq_ignore_ascii_case(word)).map(|w| &rest[w.len()..])?;
    let after = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('<')?;
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in after.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => {
                let parameters = &after[at + 1..];
                let apart = parameters.is_empty() || parameters.starts_with(' ');
                return apart.then_some((&after[..at], parameters));
            }
            _ => {}
        }
    }
    None
}

/// RFC 1870 §4. Read here because `smtp-proto` 0.2.5 starts again at nought after 20 digits.
fn announced_bytes(parameters: &str) -> Result<usize, Reply> {
    let is_size = |(key, _): &(&str, &str)| key.eq_ignore_ascii_case("SIZE");
    match parameters.split(' ').filter_map(|p| p.split_once('=')).find(is_size) {
        Some((_, value)) => value.parse().map_err(|_| reply::BAD_ARGUMENTS),
        None => Ok(0),
    }
}

/// Is a decoded value free of what it was encoded to hide?
fn is_printable(value: &str) -> bool {
    value.bytes().all(|b| (b' '..=b'~').contains(&b))
}

/// RFC 5321 §4.1.1.11: a parameter of an extension that was not offered is refused.
fn only_size_and_body(from: &MailFrom<Cow<'_, str>>) -> bool {
    let MailFrom {
        address: _,
        flags,
        size: _,
        trans_id,
        by,
        env_id,
        solicit,
        mtrk,
        auth,
        hold_for,
        hold_until,
        mt_priority,
    } = from;
    flags & !(MAIL_BODY_7BIT | MAIL_BODY_8BITMIME) == 0
        && (*by, *hold_for, *hold_until, *mt_priority) == (0, 0, 0, 0)
        && mtrk.is_none()
        && [trans_id, env_id, solicit, auth].into_iter().all(Option::is_none)
}

fn refusal_of(error: &Error) -> Reply {
    match error {
        Error::UnknownCommand => reply::UNKNOWN_COMMAND,
        Error::UnsupportedParameter { .. } => reply::PARAMETER_NOT_OFFERED,
        Error::InvalidSenderAddress => reply::BAD_SENDER,
        Error::InvalidRecipientAddress => reply::BAD_RECIPIENT,
        Error::SyntaxError { .. }
        | Error::InvalidParameter { .. }
        | Error::NeedsMoreData { .. }
        | Error::ResponseTooLong
        | Error::InvalidResponse { .. } => reply::BAD_ARGUMENTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(line: &[u8]) -> String {
        match parse(line, "lists.example.org") {
            Ok(Command::Rcpt { recipient }) => format!("to {recipient}"),
            Ok(Command::Mail { sender, bytes, body }) => format!("from {sender} {bytes} {body:?}"),
            Ok(Command::Hello { protocol, name }) => format!("{protocol:?} {name}"),
            Ok(other) => format!("{other:?}"),
            Err(Refusal::Say(reply)) => reply.to_string()[..9].to_owned(),
            Err(Refusal::Leave(reply)) => format!("{} and leave", reply.to_string().split_at(9).0),
        }
    }

    fn check(cases: &[(&str, &str)]) {
        for (line, wanted) in cases {
            assert_eq!(shown(format!("{line}\r\n").as_bytes()), *wanted, "{line:?}");
        }
    }

    #[test]
    fn senders() {
        check(&[
            ("MAIL FROM:<>", "from <> 0 SevenBit"),
            ("mail from:<Anne@b.example> size=12 body=8bitmime", "from <Anne@b.example> 12 EightBit"),
            ("MAIL FROM: <anne@b.example> BODY=7BIT  ", "from <anne@b.example> 0 SevenBit"),
            ("MAIL FROM:<\"a > b\\\" <x\"@b.example>", "from <\"a > b\\\" <x\"@b.example> 0 SevenBit"),
            ("MAIL FROM:<prvs=1234=a@b.example>", "from <prvs=1234=a@b.example> 0 SevenBit"),
            ("MAIL FROM:<postmaster>", "501 5.1.7"),
            ("MAIL FROM:< a@b.example>", "501 5.1.7"),
            ("MAIL FROM:<a@[192.0.2.1]>", "501 5.1.7"),
            ("MAIL FROM:<@x.example:a@b.example>", "553 5.1.7"),
            ("MAIL FROM:<x@\u{e9}.example>", "553 5.6.7"),
            ("MAIL FROM:<a@b.example> SMTPUTF8", "555 5.5.4"),
            ("MAIL FROM:<a@b.example> RET=HDRS", "555 5.5.4"),
            ("MAIL FROM:<a@b.example> AUTH=<>", "555 5.5.4"),
            ("MAIL FROM:<a@b.example> FOO=bar", "555 5.5.4"),
            ("MAIL FROM:<a@b.example> BODY=BINARYMIME", "555 5.5.4"),
            ("MAIL FROM:<a@b.example> BODY=9BIT", "501 5.5.4"),
            ("MAIL FROM:<a@b.example> SIZE=many", "501 5.5.4"),
            ("MAIL FROM:<a@b.example> SIZE=99999999999999999999999", "501 5.5.4"),
            ("MAIL FROM:<a@b.example> ENVID=x+0D+0ARSET", "501 5.5.4"),
            ("MAIL FROM:<a@b.example>SIZE=1", "501 5.5.4"),
            ("MAIL FROM:a@b.example", "501 5.5.4"),
            ("MAIL FROM:<a@b.example", "501 5.5.4"),
            ("MAIL FROM:<\"a@b.example>", "501 5.5.4"),
            ("MAIL", "501 5.5.4"),
            ("MAIL FROM", "501 5.5.4"),
            ("MAIL TO:<a@b.example>", "501 5.5.4"),
        ]);
    }

    #[test]
    fn recipients() {
        let long = format!("RCPT TO:<{}@d.example>", "a".repeat(65));
        check(&[
            ("RCPT TO:<list@d.example>", "to list@d.example"),
            ("rcpt to:<List+x@D.example>", "to List+x@D.example"),
            ("RCPT TO:<PostMaster>", "to postmaster@lists.example.org"),
            ("RCPT TO:<>", "501 5.1.3"),
            ("RCPT TO:<list>", "501 5.1.3"),
            ("RCPT TO:<../../etc/passwd@d>", "501 5.1.3"),
            ("RCPT TO:<\"a b\"@d.example>", "501 5.1.3"),
            ("RCPT TO:<a%evil.example@d.example>", "550 5.7.1"),
            ("RCPT TO:<evil.example!a@d.example>", "550 5.7.1"),
            ("RCPT TO:<@x.example:l@d.example>", "550 5.7.1"),
            ("RCPT TO:<@x.example,@y.example:l@d.example>", "550 5.7.1"),
            ("RCPT TO:<l@[127.0.0.1]>", "550 5.1.3"),
            ("RCPT TO:<l@[IPv6:::1]>", "550 5.1.3"),
            (&long, "501 5.1.3"),
            ("RCPT TO:<l\0@d.example>", "500 5.5.2"),
            ("RCPT TO:<\u{e9}@d.example>", "553 5.6.7"),
            ("RCPT TO:<l@d.example> ORCPT=rfc822;x+0D+0ABcc:+20v@x", "501 5.5.4"),
            ("RCPT TO:<l@d.example> ORCPT=rfc822;x+00", "501 5.5.4"),
            ("RCPT TO:<l@d.example> ORCPT=rfc822;l@d.example", "555 5.5.4"),
            ("RCPT TO:<l@d.example> NOTIFY=NEVER", "555 5.5.4"),
            ("RCPT TO:<l@d.example> X", "555 5.5.4"),
            ("RCPT", "501 5.5.4"),
        ]);
    }

    #[test]
    fn the_other_verbs() {
        check(&[
            ("EHLO mail.anne.example", "Esmtp mail.anne.example"),
            ("eHlO [192.0.2.1]", "Esmtp [192.0.2.1]"),
            ("HELO pc of anne", "Smtp pc"),
            ("LHLO mta", "Lmtp mta"),
            ("EHLO", "501 5.5.4"),
            ("HELO ", "501 5.5.4"),
            ("EHLO caf\u{e9}", "500 5.5.2"),
            ("DATA", "Data"),
            ("data  ", "Data"),
            ("DATA now", "501 5.5.4"),
            ("RSET", "Rset"),
            ("RSET x", "501 5.5.4"),
            ("QUIT", "Quit"),
            ("NOOP", "Noop"),
            ("NOOP what ever", "Noop"),
            ("HELP me", "Help"),
            ("VRFY anne", "Vrfy"),
            ("EXPN ants", "NotOffered"),
            ("eXpN", "NotOffered"),
            ("STARTTLS", "StartTls"),
            ("STARTTLS now", "501 5.5.4"),
            ("AUTH PLAIN AGEAYg==", "NotOffered"),
            ("FOO", "500 5.5.1"),
            ("DATAX", "500 5.5.1"),
            ("", "500 5.5.2"),
            ("NO\rOP", "500 5.5.2"),
            ("NOOP\tx", "500 5.5.2"),
            ("BDAT 33", "502 5.5.1 and leave"),
            ("bdat 0 LAST", "502 5.5.1 and leave"),
            ("BDAT", "502 5.5.1 and leave"),
            ("POST / HTTP/1.1", "554 5.5.1 and leave"),
            ("\u{16}\u{3}\u{1}", "554 5.5.1 and leave"),
        ]);
        assert_eq!(shown(b"NOOP\n"), "500 5.5.2 and leave");
        assert_eq!(shown(b"QUIT\r\r\n"), "500 5.5.2");
        assert_eq!(shown(b"QUIT \t \r\n"), "Quit");
    }

    proptest! {
        #[test]
        fn garbage_is_refused_and_nothing_else(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&line, "lists.example.org");
        }

        /// Whatever is taken can be written into an envelope, and stands in the line as it is.
        #[test]
        fn an_address_is_never_another_than_the_one_written(path in "[a-c@.\"\\\\<>:,% ]{0,12}", tail in "[ A-Z=+0-9;a-c]{0,12}") {
            for (start, line) in [("MAIL", format!("MAIL FROM:<{path}>{tail}\r\n")), ("RCPT", format!("RCPT TO:<{path}>{tail}\r\n"))] {
                match parse(line.as_bytes(), "h.example") {
                    Ok(Command::Mail { sender, .. }) => {
                        let written = sender.to_string();
                        prop_assert!(start == "MAIL" && line.contains(&written));
                    }
                    Ok(Command::Rcpt { recipient }) => {
                        let written = format!("<{recipient}>");
                        prop_assert!(start == "RCPT" && line.contains(&written));
                    }
                    other => prop_assert!(matches!(other, Err(Refusal::Say(_)))),
                }
            }
        }
    }
}
