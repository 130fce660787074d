//! From nothing to a peer that has said hello, encrypted and logged in as far as is asked.
//!
//! Whatever fails here is about us or the peer, never about a copy.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use data_encoding::BASE64;

use super::answer::{Answer, Severity};
use super::carrier::{Carrier, Protocol, declined, unasked, unreachable_peer};
use super::command::Extension;
use super::tls::{Encryption, Security, name_of};
use super::wire::{Broken, Wire};
use super::{Outcome, Stage, Timeouts};
use crate::smtp::route::{Peer, Route};

/// Who a connection goes to, and what is asked of it.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) place: Place,
    pub(super) protocol: Protocol,
    pub(super) tls: TlsBegins,
    pub(super) security: Security,
}

/// Where a peer listens.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A machine whose name is looked up.
    Host(Peer),
    /// A machine whose addresses are known and may be connected to.
    Addresses(String, Arc<[SocketAddr]>),
    /// A socket on this machine.
    Socket(PathBuf),
}

/// When TLS begins, where it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TlsBegins {
    /// RFC 3207.
    AfterStartTls,
    /// RFC 8314 §3.3.
    AtOnce,
}

/// How we are known to peers, and how long they may take: the same for all connections.
#[derive(Clone, Debug)]
pub(super) struct Manners {
    pub(super) hostname: String,
    pub(super) timeouts: Timeouts,
    pub(super) login: Option<Login>,
    pub(super) encryption: Encryption,
}

/// A name and its password. Given to a peer that proved its name, or on this machine.
#[derive(Clone)]
pub struct Login {
    user: String,
    password: String,
}

impl Login {
    /// `None` for what no mechanism can carry: an empty name, or a NUL.
    pub fn new(user: &str, password: &str) -> Option<Login> {
        let fits = !user.is_empty() && !user.contains('\0') && !password.contains('\0');
        fits.then(|| Login { user: user.to_owned(), password: password.to_owned() })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({:?})", self.user)
    }
}

impl Target {
    /// The one peer of a route; `None` for `mx`, which has many.
    pub(super) fn of(route: &Route, security: Security) -> Option<Target> {
        let (place, protocol, tls, security) = match route {
            Route::Mx => return None,
            Route::Smtp(peer) => {
                (Place::Host(peer.clone()), Protocol::Smtp, TlsBegins::AfterStartTls, security)
            }
            // Who writes smtps means it: there is nothing to fall back to (RFC 8314 §4.1).
            Route::Smtps(peer) => {
                (Place::Host(peer.clone()), Protocol::Smtp, TlsBegins::AtOnce, Security::Verified)
            }
            Route::Lmtp(peer) => {
                (Place::Host(peer.clone()), Protocol::Lmtp, TlsBegins::AfterStartTls, security)
            }
            Route::LmtpSocket(path) => {
                (Place::Socket(path.clone()), Protocol::Lmtp, TlsBegins::AfterStartTls, Security::Never)
            }
        };
        Some(Target { place, protocol, tls, security })
    }

    fn host(&self) -> &str {
        match &self.place {
            Place::Host(peer) => &peer.host,
            Place::Addresses(host, _) => host,
            Place::Socket(_) => "localhost",
        }
    }
}

/// Why there is no connection.
enum Unopened {
    /// Not by this way; in clear it may work, and may be tried.
    HandshakeFailed(Outcome),
    PutOff(Outcome),
}

/// How many connections were encrypted, and how many could not be (the counters of RFC 8460).
fn count(target: &Target, reached: &Result<Carrier, Outcome>) {
    if matches!(target.place, Place::Socket(_)) {
        return;
    }
    let came = match reached {
        Ok(carrier) if carrier.wire.is_encrypted() => "encrypted",
        Ok(_) => "clear",
        Err(Outcome::PutOff { stage: Stage::Encryption, .. }) => "failed",
        // Nothing was found out about encryption.
        Err(_) => return,
    };
    let asked = match target.security {
        Security::Never => "never",
        Security::Opportunistic => "opportunistic",
        Security::Encrypted => "encrypted",
        Security::Verified => "verified",
        Security::Dane(_) => "dane",
    };
    metrics::counter!("parvis_road_connections_total", "asked" => asked, "came" => came).increment(1);
}

impl Carrier {
    /// Connects in clear and says hello as `hostname`. Whatever fails is a [`Outcome::PutOff`], also
    /// a 5xx: here the peer speaks of us, not of any copy.
    pub async fn open(route: &Route, hostname: &str, timeouts: &Timeouts) -> Result<Carrier, Outcome> {
        let manners = Manners {
            hostname: hostname.to_owned(),
            timeouts: timeouts.clone(),
            login: None,
            encryption: Encryption::new(super::Trust::none()),
        };
        match Target::of(route, Security::Never) {
            Some(target) => Carrier::reach(&target, &manners).await,
            None => Err(unreachable_peer("mx names no peer to connect to", Stage::Connect)),
        }
    }

    /// Connects, says hello, encrypts and logs in as `target` and `manners` ask.
    pub(super) async fn reach(target: &Target, manners: &Manners) -> Result<Carrier, Outcome> {
        let reached = match Carrier::attempt(target, manners, &target.security).await {
            Ok(carrier) => Ok(carrier),
            Err(Unopened::PutOff(outcome)) => Err(outcome),
            // RFC 7435 §3: what could not be encrypted goes as if encryption had not been offered.
            Err(Unopened::HandshakeFailed(_)) => {
                let clear = Carrier::attempt(target, manners, &Security::Never).await;
                clear.map_err(|unopened| match unopened {
                    Unopened::HandshakeFailed(outcome) | Unopened::PutOff(outcome) => outcome,
                })
            }
        };
        count(target, &reached);
        reached
    }

    async fn attempt(target: &Target, manners: &Manners, security: &Security) -> Result<Carrier, Unopened> {
        let timeouts = &manners.timeouts;
        let put_off = |stage| move |broken: Broken| Unopened::PutOff(unreachable_peer(&broken.why, stage));
        let wire = match &target.place {
            Place::Host(peer) => Wire::tcp(peer, timeouts).await,
            Place::Addresses(host, addresses) => Wire::to_one_of(host, addresses, timeouts).await,
            Place::Socket(path) => Wire::unix(path, timeouts).await,
        };
        let mut wire = wire.map_err(put_off(Stage::Connect))?;
        let security = match (&manners.login, security) {
            (None, _) => security,
            (Some(_), _) if wire.is_on_this_machine() => security,
            (Some(_), Security::Verified | Security::Dane(_)) => security,
            // A password goes to nobody who has not proven who they are.
            (Some(_), Security::Opportunistic | Security::Encrypted) => &Security::Verified,
            (Some(_), Security::Never) => {
                let why = "a password is not sent in clear, and TLS is never to be used";
                return Err(Unopened::PutOff(unreachable_peer(why, Stage::Login)));
            }
        };
        if target.tls == TlsBegins::AtOnce {
            wire = handshake(wire, target, manners, security).await?;
        }
        let mut carrier = Carrier::over(wire, target.protocol, timeouts.clone());
        let greeting = carrier.wire.hear(timeouts.greeting).await.map_err(put_off(Stage::Greeting))?;
        if greeting.severity() != Severity::Done {
            return Err(Unopened::PutOff(declined(&greeting, Stage::Greeting)));
        }
        carrier.hello(&manners.hostname).await.map_err(Unopened::PutOff)?;
        if target.tls == TlsBegins::AfterStartTls && *security != Security::Never {
            carrier = carrier.encrypted(target, manners, security).await?;
        }
        if let Some(login) = &manners.login {
            carrier.log_in(login).await.map_err(Unopened::PutOff)?;
        }
        Ok(carrier)
    }

    /// EHLO or LHLO; HELO for those who know no EHLO (RFC 5321 §3.2).
    async fn hello(&mut self, hostname: &str) -> Result<(), Outcome> {
        self.offers.clear();
        let verb = match self.protocol {
            Protocol::Smtp => "EHLO",
            Protocol::Lmtp => "LHLO",
        };
        let answer = self.ask_for(Stage::Hello, &format!("{verb} {hostname}\r\n")).await?;
        match (answer.severity(), self.protocol) {
            (Severity::Done, _) => {
                self.offers = answer.lines().skip(1).flat_map(Extension::in_line).collect();
                return Ok(());
            }
            (Severity::Never, Protocol::Smtp) => {}
            (Severity::Never, Protocol::Lmtp) | (Severity::GoOn | Severity::Later, _) => {
                return Err(declined(&answer, Stage::Hello));
            }
        }
        let answer = self.ask_for(Stage::Hello, &format!("HELO {hostname}\r\n")).await?;
        match answer.severity() {
            Severity::Done => Ok(()),
            Severity::GoOn | Severity::Later | Severity::Never => Err(declined(&answer, Stage::Hello)),
        }
    }

    /// STARTTLS, the handshake, and hello again: what was offered in clear does not count
    /// (RFC 3207 §4.2).
    async fn encrypted(
        mut self,
        target: &Target,
        manners: &Manners,
        security: &Security,
    ) -> Result<Carrier, Unopened> {
        if !self.offers.contains(&Extension::StartTls) {
            return match security {
                Security::Never | Security::Opportunistic => Ok(self),
                Security::Encrypted | Security::Verified | Security::Dane(_) => {
                    let why = format!("{} does not offer STARTTLS, and it must be", target.host());
                    Err(Unopened::PutOff(unreachable_peer(&why, Stage::Encryption)))
                }
            };
        }
        let answer = self.ask_for(Stage::Encryption, "STARTTLS\r\n").await.map_err(Unopened::PutOff)?;
        if answer.severity() != Severity::Done {
            return match (security, answer.severity()) {
                (Security::Opportunistic, Severity::Later | Severity::Never) if answer.code != 421 => {
                    Ok(self)
                }
                (_, _) => Err(Unopened::PutOff(declined(&answer, Stage::Encryption))),
            };
        }
        // What came after the answer came in clear, whoever sent it (CVE-2011-0411).
        if self.wire.has_unasked() {
            let why = unasked().why;
            return Err(Unopened::PutOff(unreachable_peer(&why, Stage::Encryption)));
        }
        let wire = handshake(self.wire, target, manners, security).await?;
        let mut carrier = Carrier::over(wire, self.protocol, self.timeouts);
        carrier.hello(&manners.hostname).await.map_err(Unopened::PutOff)?;
        Ok(carrier)
    }

    /// RFC 4954; PLAIN (RFC 4616) where it is offered, else LOGIN.
    async fn log_in(&mut self, login: &Login) -> Result<(), Outcome> {
        let base64 = |text: &str| format!("{}\r\n", BASE64.encode(text.as_bytes()));
        let plain = format!("AUTH PLAIN {}", base64(&format!("\0{}\0{}", login.user, login.password)));
        let steps = if self.offers.contains(&Extension::AuthPlain) {
            vec![plain]
        } else if self.offers.contains(&Extension::AuthLogin) {
            vec!["AUTH LOGIN\r\n".to_owned(), base64(&login.user), base64(&login.password)]
        } else {
            let why = "offers neither AUTH PLAIN nor AUTH LOGIN, and we are to log in";
            return Err(unreachable_peer(why, Stage::Login));
        };
        let last = steps.len() - 1;
        for (step, command) in steps.iter().enumerate() {
            let answer = self.ask_for(Stage::Login, command).await?;
            match answer.severity() {
                Severity::GoOn if step < last => {}
                Severity::Done if step == last => {}
                Severity::Done | Severity::GoOn | Severity::Later | Severity::Never => {
                    return Err(declined(&answer, Stage::Login));
                }
            }
        }
        Ok(())
    }

    /// One command and its answer, before any copy.
    async fn ask_for(&mut self, stage: Stage, command: &str) -> Result<Answer, Outcome> {
        let broken = |broken: Broken| unreachable_peer(&broken.why, stage);
        if self.wire.has_unasked() {
            return Err(broken(unasked()));
        }
        let limit = self.limit(stage);
        self.wire.say(command.as_bytes(), limit).await.map_err(broken)?;
        self.wire.hear(limit).await.map_err(broken)
    }
}

async fn handshake(
    wire: Wire,
    target: &Target,
    manners: &Manners,
    security: &Security,
) -> Result<Wire, Unopened> {
    let failed = |why: &str| {
        let outcome = unreachable_peer(&format!("no TLS with {}: {why}", target.host()), Stage::Encryption);
        match security {
            Security::Opportunistic => Unopened::HandshakeFailed(outcome),
            Security::Never | Security::Encrypted | Security::Verified | Security::Dane(_) => {
                Unopened::PutOff(outcome)
            }
        }
    };
    let config = manners.encryption.config(security).map_err(failed)?;
    let name = name_of(target.host()).ok_or_else(|| failed("its name is none a certificate can have"))?;
    let limit = manners.timeouts.encryption;
    wire.encrypted(config, name, limit).await.map_err(|broken| failed(&broken.why))
}
