//! What carries mail out, as the configuration has it. Knows no copy.

use std::net::IpAddr;
use std::sync::Arc;

use crate::config::{Config, Delivery, DeliveryTls, PrivateTargets};
use crate::dns::{Answer, Dnssec, Resolver};
use crate::smtp::client::{
    self, Asked, Asking, Copy, Destination, Exchange, Login, MxOptions, MxOutbox, Outbox, Outcome,
    PoolOptions, Security, Signposts, SmtpOutbox, Tlsa, Trust, Vouched,
};
use crate::smtp::route::Route;

use super::ServeError;

/// What carries mail out, by the configuration's route.
pub enum Road {
    /// To a smarthost or a mail store.
    Smtp(SmtpOutbox),
    /// To each domain's own servers.
    Mx(MxOutbox),
}

impl Road {
    /// Closes what is no longer used, for as long as it is polled.
    pub(super) async fn tend(&self) {
        match self {
            Road::Smtp(outbox) => outbox.tend().await,
            Road::Mx(outbox) => outbox.tend().await,
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Road::Smtp(outbox) => outbox.close().await,
            Road::Mx(outbox) => outbox.close().await,
        }
    }
}

impl Outbox for Road {
    async fn carry(&self, copy: Copy) -> Outcome {
        match self {
            Road::Smtp(outbox) => outbox.carry(copy).await,
            Road::Mx(outbox) => outbox.carry(copy).await,
        }
    }

    fn destination(&self, domain: impl FnOnce() -> String) -> Destination {
        match self {
            Road::Smtp(outbox) => outbox.destination(domain),
            Road::Mx(outbox) => outbox.destination(domain),
        }
    }
}

/// The DNS, as delivery asks it.
struct Names(Arc<Resolver>);

impl Signposts for Names {
    fn exchanges<'a>(&'a self, domain: &'a str) -> Asking<'a, Exchange> {
        Box::pin(async move {
            asked(self.0.mx(domain).await, |mx| Exchange { preference: mx.preference, host: mx.exchange })
        })
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Asking<'a, IpAddr> {
        Box::pin(async move { asked(self.0.addresses(host).await, |address| address) })
    }

    fn certificates<'a>(&'a self, name: &'a str) -> Asking<'a, Tlsa> {
        Box::pin(async move {
            asked(self.0.tlsa(name).await, |crate::dns::Tlsa { usage, selector, matching, data }| Tlsa {
                usage,
                selector,
                matching,
                data,
            })
        })
    }

    fn texts<'a>(&'a self, name: &'a str) -> Asking<'a, Vec<u8>> {
        Box::pin(async move { asked(self.0.txt(name).await, |text| text) })
    }
}

fn asked<T, U>(answer: Answer<T>, each: impl Fn(T) -> U) -> Asked<U> {
    match answer {
        Answer::Found(found) => {
            let vouched = match found.dnssec {
                Dnssec::Secure => Vouched::Yes,
                Dnssec::Unsigned => Vouched::No,
            };
            Asked::Found(found.records.into_iter().map(each).collect(), vouched)
        }
        Answer::NoRecord => Asked::NoRecord,
        Answer::NoName => Asked::NoName,
        Answer::Trouble(trouble) => Asked::Trouble(trouble.to_string()),
    }
}

/// The road of this configuration. Reads the password, and whom the system trusts.
pub(super) fn road(config: &Config, resolver: &Arc<Resolver>) -> Result<Road, ServeError> {
    let unfit = |why: &dyn std::fmt::Display| ServeError::Outbox(why.to_string());
    let delivery = &config.delivery;
    let route = Route::parse(&delivery.route).map_err(|error| unfit(&error))?;
    let pool_options = PoolOptions {
        connections_max: delivery.connections_max,
        security: security(delivery.tls),
        login: login(delivery)?,
        trust: Trust::of_system(),
        ..PoolOptions::default()
    };
    let made = match route {
        Route::Mx => {
            let names = Arc::new(Names(resolver.clone()));
            MxOutbox::new(names, &config.hostname, mx_options(delivery), pool_options).map(Road::Mx)
        }
        Route::Smtp(_) | Route::Smtps(_) | Route::Lmtp(_) | Route::LmtpSocket(_) => {
            SmtpOutbox::new(route, &config.hostname, pool_options).map(Road::Smtp)
        }
    };
    made.map_err(|error| unfit(&error))
}

fn mx_options(delivery: &Delivery) -> MxOptions {
    MxOptions {
        port: delivery.port,
        private_targets: match delivery.private_targets {
            PrivateTargets::Refuse => client::PrivateTargets::Refuse,
            PrivateTargets::Allow => client::PrivateTargets::Allow,
        },
        connections_per_host_max: delivery.connections_per_host_max,
        security: security(delivery.tls),
        ..MxOptions::default()
    }
}

fn security(tls: DeliveryTls) -> Security {
    match tls {
        DeliveryTls::Opportunistic => Security::Opportunistic,
        DeliveryTls::Required => Security::Verified,
        DeliveryTls::Never => Security::Never,
    }
}

/// The password is the file's first line.
fn login(delivery: &Delivery) -> Result<Option<Login>, ServeError> {
    let Some(login) = &delivery.login else { return Ok(None) };
    let path = login.password_file.display();
    let unusable = |why: &dyn std::fmt::Display| {
        ServeError::Outbox(format!("delivery.password_file {path} cannot be used: {why}"))
    };
    let text = std::fs::read_to_string(&login.password_file).map_err(|error| unusable(&error))?;
    let password = text.lines().next().unwrap_or_default();
    if password.is_empty() {
        return Err(unusable(&"its first line is empty"));
    }
    Login::new(&login.user, password).map(Some).ok_or_else(|| unusable(&"it holds a NUL"))
}
