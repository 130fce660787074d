//! Reads and plays one life.

use std::time::Duration;

use parvis::domain::proof::Proof;

use super::town::{Got, HOST, Town};

/// Plays a script; where it goes otherwise, the line and why.
pub(super) fn play(text: &str) -> Result<(), String> {
    played(text).map(drop)
}

/// Plays a script; what the town is then.
pub(super) fn played(text: &str) -> Result<Town, String> {
    let mut town = Town::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    let mut number = 0;
    while at < lines.len() {
        let line = lines[at];
        let begun = at + 1;
        at += 1;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let line = &filled_in(&town, line);
        let mut below = Vec::new();
        while at < lines.len() && (lines[at].starts_with("  ") || lines[at].starts_with('+')) {
            below.push(filled_in(&town, lines[at]));
            at += 1;
        }
        let below: Vec<&str> = below.iter().flat_map(|below| below.split('\n')).collect();
        number += 1;
        step(&mut town, line.trim_end(), &below, number)
            .map_err(|why| format!("{begun}: {line}\n    {why}"))?;
    }
    match town.unread() {
        unread if unread.is_empty() => Ok(town),
        unread => Err(format!("{}: at the end nobody has read {unread:?}", lines.len())),
    }
}

/// With what stands in the last mail somebody got: `{reply-to EMAIL}`, `{id EMAIL}`, the token one leaves
/// with `{token EMAIL}`, all of it `{mail EMAIL}`.
fn filled_in(town: &Town, line: &str) -> String {
    let Some((before, rest)) = line.split_once('{') else { return line.to_owned() };
    let Some((asked, after)) = rest.split_once('}') else { return line.to_owned() };
    let Some((what, email)) = asked.split_once(' ') else { return line.to_owned() };
    let Some(got) = town.all(email).pop() else { return line.to_owned() };
    let raw = String::from_utf8_lossy(&got.raw).replace("\r\n", "\n");
    let token = raw.split("List-Unsubscribe: ").nth(1).and_then(|field| field.split(['+', '@']).nth(1));
    let found = match what {
        "reply-to" => got.reply_to,
        "id" => got.message_id,
        "token" => token.expect("a way to leave").to_owned(),
        "mail" => raw.trim_end().replace('\n', "\n  "),
        _ => return line.to_owned(),
    };
    format!("{before}{found}{}", filled_in(town, after))
}

fn pairs(text: &str) -> Vec<(String, String)> {
    text.split_whitespace()
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

fn step(town: &mut Town, line: &str, below: &[&str], number: usize) -> Result<(), String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let rest = |n: usize| words[n.min(words.len())..].join(" ");
    match words.as_slice() {
        ["list", address, ..] => town.found(address, &pairs(&rest(2))),
        ["set", list, ..] => town.set(list, &pairs(&rest(2))),
        ["show-past", list] => town.show_past(list),
        ["draft", list] => town.draft(list),
        ["threads", list, count] => {
            let threads = town.threads(list);
            if threads.to_string() != *count {
                return Err(format!("{threads} threads in {list}"));
            }
        }
        ["strangers", "read", list, count] => {
            let read = town.read_by_strangers(list);
            if read.to_string() != *count {
                return Err(format!("strangers read {read} posts of {list}"));
            }
        }
        ["member", list, email, ..] => town.add(list, email, pairs(&rest(3))),
        ["remove", list, email] => town.remove(list, email),
        ["later", count, unit] => {
            let count: u64 = count.parse().map_err(|_| "a number of days or hours")?;
            town.later(Duration::from_secs(count * if unit.starts_with("day") { 86_400 } else { 3_600 }));
        }
        ["nobody", "gets", "anything"] => match town.unread() {
            unread if unread.is_empty() => {}
            unread => return Err(format!("{unread:?}")),
        },
        ["held", count] => {
            let held = town.desk.store.held().expect("readable");
            if held.len().to_string() != *count {
                return Err(format!("{held:?}"));
            }
        }
        ["published", count] => {
            if town.published().to_string() != *count {
                return Err(format!("{} are", town.published()));
            }
        }
        [email, "->", ..] => {
            let (to, subject) = line.split_once("->").expect("there").1.split_once(':').unwrap_or_default();
            write(town, email, to.trim(), subject.trim(), below, number)?;
        }
        [email, "answers:", ..] => {
            answer(town, email, line.split_once("answers:").expect("there").1, below, number)?
        }
        [email, "bounces:", status] => came_back(town, email, status, below)?,
        [email, "gets", "nothing"] => {
            if let Some(got) = town.next(email) {
                return Err(format!("{}\n{}", got.subject, got.text));
            }
        }
        [email, "gets:", ..] => gets(town, email, line.split_once("gets:").expect("there").1.trim(), below)?,
        [list, email, "is", "nobody"] => match town.member(list, email) {
            None => {}
            Some(member) => return Err(format!("{member:?}")),
        },
        [list, email, "is", ..] => is(town, list, email, &pairs(&rest(3)))?,
        _ => return Err("no such line".to_owned()),
    }
    Ok(())
}

/// Without what differs in print alone.
fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn gets(town: &mut Town, email: &str, wanted: &str, below: &[&str]) -> Result<(), String> {
    let Some(got) = town.next(email) else { return Err("there is no such mail".to_owned()) };
    let said = plain(&format!("{} {}", got.subject, got.text));
    for wanted in std::iter::once(wanted).chain(below.iter().map(|line| line.trim())) {
        let (absent, wanted) = match wanted.strip_prefix("NOT ") {
            Some(wanted) => (true, wanted),
            None => (false, wanted),
        };
        if said.contains(&plain(wanted)) == absent {
            return Err(format!("{wanted:?}: it says: {}\n{}", got.subject, got.text));
        }
    }
    Ok(())
}

fn is(town: &Town, list: &str, email: &str, wanted: &[(String, String)]) -> Result<(), String> {
    let Some(member) = town.member(list, email) else { return Err("nobody".to_owned()) };
    let mut all = serde_json::to_value(&member).expect("plain data");
    all["language"] = town.language(email).into();
    for (key, value) in wanted {
        let found = all[key.as_str()].to_string();
        let found = found.trim_matches('"');
        if found != value && !(value == "date" && found != "null") && !found.starts_with(&format!("{value}T"))
        {
            return Err(format!("{key} is {found}"));
        }
    }
    Ok(())
}

/// The header fields of a script's mail, and its body.
struct Written {
    fields: String,
    body: String,
    proof: Proof,
    null: bool,
    code: u16,
}

fn written(below: &[&str]) -> Written {
    let mut written =
        Written { fields: String::new(), body: String::new(), proof: Proof::NoMeans, null: false, code: 250 };
    for line in below {
        match line.strip_prefix("+ ") {
            Some("proof: proven") => written.proof = Proof::Proven,
            Some("proof: disproved") => written.proof = Proof::Disproved,
            Some("proof: unknown") => written.proof = Proof::CannotTell,
            Some("sender: <>") => written.null = true,
            Some(field) if field.starts_with("code: ") => {
                written.code = field.trim_start_matches("code: ").parse().expect("a code");
            }
            Some(field) => written.fields.push_str(&format!("{field}\n")),
            None => written.body.push_str(&format!("{}\n", line.strip_prefix("  ").unwrap_or(line))),
        }
    }
    written
}

fn write(
    town: &mut Town,
    email: &str,
    to: &str,
    subject: &str,
    below: &[&str],
    number: usize,
) -> Result<(), String> {
    let to = if to.contains('@') { to.to_owned() } else { format!("{to}@{HOST}") };
    let written = written(below);
    let from = if written.fields.contains("From:") { String::new() } else { format!("From: <{email}>\n") };
    let raw = format!(
        "{from}To: <{to}>\nSubject: {subject}\nMessage-ID: <mail-{number}@{}>\n{}MIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}",
        email.split('@').nth(1).unwrap_or_default(),
        written.fields,
        written.body
    );
    match town.send(email, written.null, &to, &raw, written.proof) {
        code if code == written.code => Ok(()),
        code => Err(format!("the door said {code}")),
    }
}

/// The last mail somebody got comes back with a report of their server.
fn came_back(town: &mut Town, email: &str, status: &str, below: &[&str]) -> Result<(), String> {
    let sender = town.all(email).pop().map(|got| got.sender).unwrap_or_default();
    let to = below.iter().find_map(|line| line.strip_prefix("+ to: ")).unwrap_or(&sender).to_owned();
    let names = below.iter().find_map(|line| line.strip_prefix("+ names: ")).unwrap_or(email);
    let action = if status.starts_with('4') { "delayed" } else { "failed" };
    let raw = format!(
        "From: MAILER-DAEMON@mail.example\nTo: <{to}>\nSubject: Undelivered mail\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n\
         It could not be delivered.\n\n--b\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mail.example\n\nFinal-Recipient: rfc822; {names}\nAction: {action}\n\
         Status: {status}\n\n--b--\n"
    );
    match town.send("", true, &to, &raw, Proof::NoMeans) {
        250 => Ok(()),
        code => Err(format!("the door said {code}")),
    }
}

fn answer(town: &mut Town, email: &str, words: &str, below: &[&str], number: usize) -> Result<(), String> {
    let wanted = below.iter().find_map(|line| line.strip_prefix("+ about: ")).unwrap_or_default();
    let about_it = |got: &Got| plain(&got.subject).contains(wanted);
    let Some(got) = town.all(email).into_iter().rfind(about_it) else {
        return Err("they got nothing to answer".to_owned());
    };
    let Got { subject, text, reply_to, message_id, .. } = got;
    let mut body = vec![format!("  {}", words.trim()), "  ".to_owned()];
    if below.contains(&"+ quote: unmarked") {
        body.push("  De : Le groupe <groupe@lists.example>".to_owned());
        body.push("  Envoyé : lundi 23 novembre 2026 10:05".to_owned());
        body.push(format!("  À : {email}"));
        body.push(format!("  Objet : {subject}"));
        body.push("  ".to_owned());
        body.extend(text.lines().map(|line| format!("  {line}")));
    } else {
        body.push("  Le lun. 23 nov. 2026 à 10:05, Le groupe <groupe@lists.example> a écrit :".to_owned());
        body.extend(text.lines().map(|line| format!("  > {line}")));
    }
    body.push(format!("+ In-Reply-To: <{message_id}>"));
    body.push(format!("+ References: <{message_id}>"));
    body.extend(below.iter().map(|line| (*line).to_owned()));
    let to = below.iter().find_map(|line| line.strip_prefix("+ to: ")).unwrap_or(&reply_to).to_owned();
    let from = below.iter().find_map(|line| line.strip_prefix("+ by: ")).unwrap_or(email).to_owned();
    let body: Vec<&str> = body
        .iter()
        .map(String::as_str)
        .filter(|l| !["+ to: ", "+ by: ", "+ about: ", "+ quote: "].iter().any(|own| l.starts_with(own)))
        .collect();
    let subject = below
        .iter()
        .find_map(|line| line.strip_prefix("+ subject: "))
        .map_or_else(|| format!("Re: {subject}"), ToString::to_string);
    let body: Vec<&str> = body.into_iter().filter(|line| !line.starts_with("+ subject: ")).collect();
    write(town, &from, &to, &subject, &body, number)
}
