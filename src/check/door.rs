//! Port 25 of the addresses our name has, as far as it can be told from this machine.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Facts, Finding, listed};
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
        Err(why) if says_nothing(why.kind(), Whose::of(address)) => {
            let detail = format!(
                "whether {address} port {} can be reached could not be found out: {address} is not this \
                 machine's own, and from here no way leads there ({why}); try it from elsewhere",
                facts.port
            );
            return Finding::unknown(what, &about, detail);
        }
        Err(why) => Err(why),
        Ok(stream) => greet(stream, &facts.hostname).await,
    };
    match greeted {
        Ok(offered) => {
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
fn says_nothing(kind: io::ErrorKind, whose: Whose) -> bool {
    let lost = [io::ErrorKind::TimedOut, io::ErrorKind::HostUnreachable, io::ErrorKind::NetworkUnreachable];
    whose == Whose::Anothers && lost.contains(&kind)
}

/// What a mail server says to EHLO.
async fn greet(mut stream: TcpStream, our_name: &str) -> io::Result<String> {
    expect(&mut stream, "220").await?;
    stream.write_all(format!("EHLO {our_name}\r\n").as_bytes()).await?;
    let offered = expect(&mut stream, "250").await?;
    // Whatever comes of the goodbye, we know what we wanted to.
    let _ = stream.write_all(b"QUIT\r\n").await;
    Ok(offered.to_ascii_uppercase())
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
