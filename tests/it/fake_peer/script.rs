//! What a peer is to do: what it offers, and where it makes which trouble.

use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;

/// Where in the conversation something happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Point {
    Banner,
    /// EHLO and LHLO.
    Hello,
    Helo,
    StartTls,
    /// AUTH, and each answer to a challenge.
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The first bytes of a message.
    Content,
    Dot,
    Rset,
    Quit,
}

/// What the peer does there instead of its usual answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Does {
    Drop,
    /// Says no more and reads no more.
    Hang,
    /// These bytes; whether the step succeeded is read off their first digit.
    Say(String),
    SayAndDrop(String),
    EndlessLines,
    EndlessLine,
    /// A byte of an answer now and then.
    Drip,
}

#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(super) at: Point,
    pub(super) does: Does,
    pub(super) connection: Option<usize>,
    pub(super) occurrence: Option<usize>,
    pub(super) recipient: Option<&'static str>,
}

impl Trouble {
    pub(crate) fn at(at: Point, does: Does) -> Trouble {
        Trouble { at, does, connection: None, occurrence: None, recipient: None }
    }

    pub(crate) fn say(at: Point, text: &str) -> Trouble {
        Trouble::at(at, Does::Say(text.to_owned()))
    }

    /// Only on this connection; the first is 1.
    pub(crate) fn on_connection(self, connection: usize) -> Trouble {
        Trouble { connection: Some(connection), ..self }
    }

    /// Only this time on its connection; the first is 1.
    pub(crate) fn the_nth(self, occurrence: usize) -> Trouble {
        Trouble { occurrence: Some(occurrence), ..self }
    }

    /// Only for a RCPT that names this address.
    pub(crate) fn to(self, recipient: &'static str) -> Trouble {
        Trouble { recipient: Some(recipient), ..self }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    Smtp,
    /// Knows HELO only.
    OldSmtp,
    Lmtp,
}

/// What a peer takes for the end of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    CrLfDotCrLf,
    /// Any mixture of CR and LF around the dot: what smuggling lives on.
    Lenient,
}

#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) dialect: Dialect,
    pub(crate) offers: Vec<&'static str>,
    pub(crate) ending: Ending,
    /// Connections beyond this get 421 for a greeting.
    pub(crate) connections_max: usize,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) tls: Tls,
    /// What AUTH must bring before MAIL: a name and a password.
    pub(crate) login: Option<(&'static str, &'static str)>,
}

/// When a peer begins TLS, and with which certificate.
#[derive(Clone, Debug)]
pub(crate) enum Tls {
    Never,
    /// Offered as STARTTLS.
    Offered(Arc<ServerConfig>),
    AtOnce(Arc<ServerConfig>),
    /// Offered, and then only garbage is said.
    Broken,
}

impl Default for Script {
    fn default() -> Script {
        Script {
            dialect: Dialect::Smtp,
            offers: vec!["PIPELINING", "SIZE 20000000", "8BITMIME"],
            ending: Ending::CrLfDotCrLf,
            connections_max: usize::MAX,
            troubles: vec![],
            tls: Tls::Never,
            login: None,
        }
    }
}

impl Script {
    pub(crate) fn with(troubles: impl IntoIterator<Item = Trouble>) -> Script {
        Script { troubles: troubles.into_iter().collect(), ..Script::default() }
    }
}
