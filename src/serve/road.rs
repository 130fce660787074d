//! What carries mail out, as the configuration has it. Knows no copy.

use crate::config::{Config, Delivery, DeliveryTls};
use crate::smtp::client::{Copy, Login, Outbox, Outcome, PoolOptions, Security, SmtpOutbox, Stage, Trust};
use crate::smtp::route::Route;

use super::ServeError;

/// What carries mail out, by the configuration's route.
pub enum Road {
    /// To a smarthost or a mail store.
    Smtp(SmtpOutbox),
    /// Nowhere yet, and why: everything waits.
    Closed(String),
}

impl Road {
    /// Closes what is no longer used, for as long as it is polled.
    pub(super) async fn tend(&self) {
        match self {
            Road::Smtp(outbox) => outbox.tend().await,
            Road::Closed(_) => std::future::pending().await,
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Road::Smtp(outbox) => outbox.close().await,
            Road::Closed(_) => {}
        }
    }
}

impl Outbox for Road {
    async fn carry(&self, copy: Copy) -> Outcome {
        match self {
            Road::Smtp(outbox) => outbox.carry(copy).await,
            Road::Closed(why) => {
                Outcome::PutOff { code: None, enhanced: None, reply: why.clone(), stage: Stage::Connect }
            }
        }
    }
}

/// The road of this configuration. Reads the password, and whom the system trusts.
pub(super) fn road(config: &Config) -> Result<Road, ServeError> {
    let unfit = |why: &dyn std::fmt::Display| ServeError::Outbox(why.to_string());
    let route = Route::parse(&config.delivery.route).map_err(|error| unfit(&error))?;
    if let Err(why) = route.built() {
        tracing::warn!(%why, "copies wait in the queue");
        return Ok(Road::Closed(why.to_string()));
    }
    let options = PoolOptions {
        connections_max: config.delivery.connections_max,
        security: security(config.delivery.tls),
        login: login(&config.delivery)?,
        trust: Trust::of_system(),
        ..PoolOptions::default()
    };
    let outbox = SmtpOutbox::new(route, &config.hostname, options);
    outbox.map(Road::Smtp).map_err(|error| unfit(&error))
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
