//! The part of `parvis check` that asks others: names, our own port, the way out, a forger's trick.

use std::sync::Arc;

use anyhow::Context;
use serde_json::Value;

use super::super::talk;
use crate::admin::request::Request;
use crate::admin::socket::no_blobs;
use crate::check::{self, Facts, Finding, SelfTest, State};
use crate::config::Config;
use crate::dns::Resolver;
use crate::domain::list::ListAddress;
use crate::serve;
use crate::sign::NamedKey;
use crate::smtp::client::Trust;

/// Everything that can be found out by asking.
pub(super) fn network(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let (facts, keys) = serve::check_facts(config, &lists(config));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot begin to ask the network")?;
    Ok(runtime.block_on(ask(config, &facts, &keys)))
}

async fn ask(config: &Config, facts: &Facts, keys: &[NamedKey]) -> Vec<Finding> {
    let resolver = Arc::new(Resolver::new(&config.dns.servers));
    let mut findings = check::names(facts, &resolver).await;
    findings.extend(check::door(facts, &resolver).await);
    findings.push(check::forgery(facts, &resolver).await);
    findings.extend(check::mail_policy(facts, &resolver, &Trust::of_system()).await);
    findings.extend(out(config, keys).await);
    findings
}

/// A mail to the operator, if there is one.
async fn out(config: &Config, keys: &[NamedKey]) -> Option<Finding> {
    let operator = config.operator.as_ref()?;
    let test = SelfTest {
        hostname: &config.hostname,
        operator,
        route: &config.delivery.route,
        keys,
        now: serve::system_clock()(),
        zone: &config.timezone,
    };
    match serve::way_out(config) {
        Ok(outbox) => Some(check::self_test(&test, &outbox).await),
        Err(error) => Some(Finding {
            what: "self-test",
            about: config.delivery.route.clone(),
            state: State::Wrong,
            detail: error.to_string(),
            mend: None,
        }),
    }
}

/// The addresses of all lists, whether a server runs or not; none if that cannot be found out.
fn lists(config: &Config) -> Vec<ListAddress> {
    let Ok(lists) = talk::ask(config, &Request::ListLs, no_blobs(), |_| Ok(())) else { return Vec::new() };
    let of = |list: &Value| ListAddress::parse(list["address"].as_str()?).ok();
    lists.as_array().map(|lists| lists.iter().filter_map(of).collect()).unwrap_or_default()
}
