//! A data folder whose pages can be read while nothing else happens with it: no mail comes in, none
//! leaves, nothing that time brings is done. For measuring.

use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::{ServeError, Server, index, measurements, open_desk, pages, web_doors};
use crate::config::Config;
use crate::dns::Resolver;
use crate::flow::Clock;
use crate::net::certificates::Certificates;
use crate::web::front::Challenges;

/// Opens the folder, its pages and its search.
pub async fn only_pages(config: &Config, clock: Clock) -> Result<Server, ServeError> {
    let opening = config.clone();
    let desk = tokio::task::spawn_blocking(move || open_desk(&opening, clock));
    let desk = Arc::new(desk.await.map_err(|error| ServeError::Task(error.to_string()))??);
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(index::keep(desk.clone(), stopping.clone()));
    let (pages, challenges) = (pages::pages(config, &desk)?, Challenges::default());
    let (certificates, health) = (Certificates::new(), measurements::health(&desk));
    let web = web_doors::open(config, pages, &certificates, &challenges, health, &stopping, &mut tasks);
    let web = web.await?.plain;
    let (resolver, reload) = (Arc::new(Resolver::new(&config.dns.servers)), Arc::new(Notify::new()));
    let (smtp, lmtp, web_tls, metrics) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Ok(Server { desk, smtp, lmtp, web, web_tls, metrics, resolver, reload, stop, tasks })
}
