//! Port 25 of the addresses our name has, as far as it can be told from this machine.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Facts, Finding, Front, listed};
use crate::dns::Resolver;

/// For a connection, and for each answer on it.
const WAIT: Duration = Duration::from_secs(10);

/// More of an answer is not read, bytes.
const ANSWER_BYTES_MAX: usize = 8 * 1024;

/// Who answers where mail for us goes.
pub async fn door(facts: &Facts, resolver: &Resolver) -> Vec<Finding> {
    let addresses = resolver.addresses(&facts.hostname).await.found().unwrap_or_default();
    let mut findings = Vec::new();
    for address in &addresses {
        findings.push(one(facts, *address).await);
    }
    if findings.is_empty() {
        let detail = format!("who answers could not be found out: {} has no address to try", facts.hostname);
        findings.push(Finding::unknown("port 25", &facts.hostname, detail));
    }
    findings
}

async fn one(facts: &Facts, address: IpAddr) -> Finding {
    let (what, about) = ("port 25", address.to_string());
    let connected = timeout(WAIT, TcpStream::connect(SocketAddr::new(address, facts.port))).await;
    let greeted = match connected.map_err(io::Error::from).flatten() {
        Err(why) if no_way_there(why.kind(), address) => {
            let detail = format!(
                "whether {address} port {} can be reached could not be found out: {address} is not this \
                 machine's own, and from here no way leads there ({why}); try it from elsewhere",
                facts.port
            );
            return Finding::unknown(what, &about, detail);
        }
        Err(why) => Err(why),
        Ok(stream) => greet(stream, facts).await,
    };
    match greeted {
        Ok(Greeted { refused: Some((recipient, why)), .. }) => {
            let detail = format!("{address} answers, and takes no mail for {recipient}: {why}");
            Finding::wrong(what, &about, detail, who_must_take_it(facts, &recipient))
        }
        Ok(Greeted { offered, refused: None }) => {
            let tls = if offered.contains("STARTTLS") { "and offers TLS" } else { "without TLS" };
            Finding::good(
                what,
                &about,
                format!("{} answers, seen from this machine, {tls}", listed(&[address])),
            )
        }
        Err(why) => {
            let detail =
                format!("nobody answers at {address} port {}, seen from this machine: {why}", facts.port);
            let mend = format!(
                "let TCP port {} through to this machine, and smtp.listen = [\"[::]:{}\"]",
                facts.port, facts.port
            );
            Finding::wrong(what, &about, detail, mend)
        }
    }
}

/// Who has an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// This machine.
    Ours,
    /// What stands before it, and passes on what comes from outside.
    Anothers,
}

impl Whose {
    /// Only its own addresses can be bound to; nothing is sent.
    fn of(address: IpAddr) -> Whose {
        if UdpSocket::bind((address, 0)).is_ok() { Whose::Ours } else { Whose::Anothers }
    }
}

/// Whether a connection that failed like this says nothing about the world outside: many routers
/// do not lead back what comes from within.
pub(super) fn no_way_there(kind: io::ErrorKind, address: IpAddr) -> bool {
    says_nothing(kind, Whose::of(address))
}

fn says_nothing(kind: io::ErrorKind, whose: Whose) -> bool {
    let lost = [io::ErrorKind::TimedOut, io::ErrorKind::HostUnreachable, io::ErrorKind::NetworkUnreachable];
    whose == Whose::Anothers && lost.contains(&kind)
}

/// What a mail server said.
struct Greeted {
    /// To EHLO, in capitals.
    offered: String,
    /// Whom it takes no mail for, and why not in its words.
    refused: Option<(String, String)>,
}

/// Says hello, and asks whether there is mail taken for the operator and for lists; sends none.
///
/// What is put off (greylisting, an address that is being verified) is not refused.
async fn greet(mut stream: TcpStream, facts: &Facts) -> io::Result<Greeted> {
    let our_name = &facts.hostname;
    expect(&mut stream, "220").await?;
    stream.write_all(format!("EHLO {our_name}\r\n").as_bytes()).await?;
    let offered = expect(&mut stream, "250").await?.to_ascii_uppercase();
    let mut greeted = Greeted { offered, refused: None };
    if ask(&mut stream, &format!("MAIL FROM:<postmaster@{our_name}>")).await.is_ok_and(|r| r.starts_with('2'))
    {
        let recipients = facts.lists.iter().map(ToString::to_string);
        for recipient in std::iter::once(format!("postmaster@{our_name}")).chain(recipients) {
            match ask(&mut stream, &format!("RCPT TO:<{recipient}>")).await {
                Ok(reply) if reply.starts_with('5') => {
                    greeted.refused = Some((recipient, reply.trim_end().to_owned()));
                    break;
                }
                Ok(_) => {}
                // We know that it answers, which is what was asked first.
                Err(_) => return Ok(greeted),
            }
        }
    }
    // Whatever comes of the goodbye, we know what we wanted to.
    let _ = stream.write_all(b"QUIT\r\n").await;
    Ok(greeted)
}

async fn ask(stream: &mut TcpStream, line: &str) -> io::Result<String> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    expect(stream, "").await
}

fn who_must_take_it(facts: &Facts, recipient: &str) -> String {
    let domain = recipient.rsplit_once('@').map_or(recipient, |(_, domain)| domain);
    match facts.front {
        Front::Ours => "let Parvis listen there, and no other program: smtp.listen".to_owned(),
        Front::Another => format!(
            "in the mail server in front, hand {domain} to Parvis: with Postfix relay_domains = {domain} and \
             the transport map, and {domain} not in mydestination"
        ),
    }
}

/// A whole reply of that code.
async fn expect(stream: &mut TcpStream, code: &str) -> io::Result<String> {
    let mut heard = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&heard).into_owned();
        let is_whole = text.ends_with('\n')
            && text
                .lines()
                .last()
                .is_some_and(|line| line.as_bytes().get(3).is_none_or(|byte| *byte != b'-'));
        if is_whole || heard.len() > ANSWER_BYTES_MAX {
            let first = text.lines().next().unwrap_or_default().to_owned();
            return if text.starts_with(code) {
                Ok(text)
            } else {
                Err(io::Error::other(format!("it says {first:?}")))
            };
        }
        let mut buffer = [0; 1024];
        let bytes = timeout(WAIT, stream.read(&mut buffer)).await??;
        if bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        heard.extend_from_slice(&buffer[..bytes]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_way_that_is_not_there_says_nothing_and_never_about_our_own_addresses() {
        use io::ErrorKind::{
            ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut,
        };
        for (kind, whose, nothing) in [
            (TimedOut, Whose::Anothers, true),
            (HostUnreachable, Whose::Anothers, true),
            (NetworkUnreachable, Whose::Anothers, true),
            (ConnectionRefused, Whose::Anothers, false),
            (ConnectionReset, Whose::Anothers, false),
            (TimedOut, Whose::Ours, false),
        ] {
            assert_eq!(says_nothing(kind, whose), nothing, "{kind:?}");
        }
        assert!(Whose::of(IpAddr::from([127, 0, 0, 1])) == Whose::Ours);
        assert!(Whose::of(IpAddr::from([198, 51, 100, 25])) == Whose::Anothers);
    }
}
