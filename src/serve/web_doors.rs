//! Opens the sockets pages are read at: plain ones, and https where we speak it ourselves.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::facts::front;
use super::{ServeError, listen, to_its_end};
use crate::check::Front;
use crate::config::Config;
use crate::domain::mta_sts;
use crate::net::certificates::Certificates;
use crate::net::slots::Slots;
use crate::web::front::{self, Challenges, Health};
use crate::web::server::{self, CONNECTIONS_MAX, CONNECTIONS_PER_CLIENT_MAX, WebDeadlines, WebDoor};
use crate::web::{self, WebState};

/// What protocols https offers (RFC 7301).
const PROTOCOLS: &[&str] = &["http/1.1"];

/// Where readers may come.
pub(super) struct Opened {
    pub(super) plain: Vec<SocketAddr>,
    pub(super) tls: Vec<SocketAddr>,
}

/// With https of our own, the plain sockets only send readers there.
pub(super) async fn open(
    config: &Config,
    pages: WebState,
    certificates: &Arc<Certificates>,
    challenges: &Challenges,
    health: Health,
    stopping: &watch::Receiver<bool>,
    tasks: &mut JoinSet<Result<(), ServeError>>,
) -> Result<Opened, ServeError> {
    let relays = config.smtp.trusted_relays.clone();
    let slots = Slots::new(CONNECTIONS_MAX, CONNECTIONS_PER_CLIENT_MAX, relays);
    let mut pages = front::with_health(web::router(pages), health.clone());
    if front(config) == Front::Ours {
        pages = front::with_mail_policy(pages, &mta_sts::policy(&config.hostname));
    }
    let redirects = !config.web.tls_listen.is_empty() && config.web.base_url.starts_with("https://");
    let plain = if redirects {
        front::with_health(front::redirect(&config.web.base_url), health)
    } else {
        pages.clone()
    };
    let plain = front::with_challenges(plain, challenges.clone());
    let tls = certificates.server_config(PROTOCOLS);
    let mut opened = Opened { plain: Vec::new(), tls: Vec::new() };
    for address in &config.web.listen {
        let listener = listen(*address).await?;
        opened.plain.extend(listener.local_addr());
        let door = WebDoor { listener, tls: None, slots: slots.clone(), deadlines: WebDeadlines::default() };
        let serving = server::serve(door, plain.clone(), stopping.clone());
        tasks.spawn(to_its_end(serving));
    }
    for address in &config.web.tls_listen {
        let listener = listen(*address).await?;
        opened.tls.extend(listener.local_addr());
        let (tls, slots) = (Some(tls.clone()), slots.clone());
        let door = WebDoor { listener, tls, slots, deadlines: WebDeadlines::default() };
        let serving = server::serve(door, front::secured(pages.clone()), stopping.clone());
        tasks.spawn(to_its_end(serving));
    }
    Ok(opened)
}
