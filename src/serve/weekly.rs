//! Looks at the installation once a week, and writes to the operator when what was right is not.
//! Without one the letter waits where mail to postmaster does.
//!
//! What was right is remembered in a small file of the data folder, which may be lost: then nothing
//! was right before, and nobody is written to.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{ServeError, check_facts, operator, stopped};
use crate::check::{self, Finding, State};
use crate::config::Config;
use crate::dns::Resolver;
use crate::domain::time::Timestamp;
use crate::flow::Desk;
use crate::letters::{self, Letter};
use crate::net::acme::write_secret;
use crate::sign::NamedKey;
use crate::smtp::client::{Outbox, Trust};

/// From one look to the next.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How often it is seen whether a week is over, and a letter that did not leave is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// The file of the data folder.
const FILE: &str = "check.json";

/// What the last look found.
#[derive(Default, Serialize, Deserialize)]
struct Remembered {
    /// When, in seconds since 1970.
    at: i64,
    /// What was right, as `MX lists.example.org`.
    right: BTreeSet<String>,
}

/// Looks every week until the server stops.
pub(super) async fn look<O: Outbox>(
    config: Config,
    desk: Arc<Desk>,
    outbox: Arc<O>,
    stopping: watch::Receiver<bool>,
) -> Result<(), ServeError> {
    let file = config.data_dir.join(FILE);
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stopped(stopping.clone()) => return Ok(()),
        }
        let before = read(&file);
        if desk.now().since(Timestamp::from_seconds(before.at)) < WEEK {
            continue;
        }
        let looked = async {
            let (findings, keys) = findings(&config, &desk).await?;
            let turned = turned(&before, &findings);
            if turned.is_empty() || tell(&config, &desk, &*outbox, &keys, &turned).await {
                remember(&file, &before, &findings, desk.now());
            }
            Ok::<(), ServeError>(())
        };
        tokio::select! {
            looked = looked => looked?,
            () = stopped(stopping.clone()) => return Ok(()),
        }
    }
}

async fn findings(config: &Config, desk: &Desk) -> Result<(Vec<Finding>, Vec<NamedKey>), ServeError> {
    let lists = desk.store.reader().lists()?;
    let lists: Vec<_> = lists.into_iter().map(|list| list.address).collect();
    let (facts, keys) = check_facts(config, &lists);
    let resolver = Arc::new(Resolver::new(&config.dns.servers));
    let mut findings = check::names(&facts, &resolver).await;
    findings.extend(check::door(&facts, &resolver).await);
    findings.push(check::forgery(&facts, &resolver).await);
    findings.extend(check::mail_policy(&facts, &resolver, &Trust::of_system()).await);
    findings.push(check::certificate(&facts, desk.now()));
    Ok((findings, keys))
}

fn name(finding: &Finding) -> String {
    format!("{} {}", finding.what, finding.about)
}

/// What was right before, and is wrong now. What cannot be found out is neither.
fn turned<'a>(before: &Remembered, findings: &'a [Finding]) -> Vec<&'a Finding> {
    let was_right = |finding: &&Finding| before.right.contains(&name(finding));
    findings.iter().filter(|finding| finding.state == State::Wrong).filter(was_right).collect()
}

/// Whether nothing is left to be said.
async fn tell<O: Outbox>(
    config: &Config,
    desk: &Arc<Desk>,
    outbox: &O,
    keys: &[NamedKey],
    turned: &[&Finding],
) -> bool {
    for finding in turned {
        let (what, detail, mend) = (finding.what, &finding.detail, &finding.mend);
        tracing::error!(
            what,
            detail,
            mend,
            "something about this installation was right and is not any more"
        );
    }
    let lines: Vec<String> = turned
        .iter()
        .flat_map(|finding| {
            let mend = finding.mend.as_ref().map(|mend| format!("→ {mend}"));
            [Some(format!("{} – {}", finding.what, finding.detail)), mend]
        })
        .flatten()
        .collect();
    let found = lines.join("\n");
    let letter = Letter::Check(letters::Check { host: &desk.hostname, found: &found });
    operator::tell(config, desk, outbox, keys, "check", letter).await
}

fn read(file: &Path) -> Remembered {
    let text = std::fs::read(file).ok();
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

fn remember(file: &Path, before: &Remembered, findings: &[Finding], now: Timestamp) {
    let mut right: BTreeSet<String> =
        findings.iter().filter(|finding| finding.state == State::Good).map(name).collect();
    let unknown = findings.iter().filter(|finding| finding.state == State::Unknown).map(name);
    right.extend(unknown.filter(|name| before.right.contains(name)));
    let text = serde_json::to_string(&Remembered { at: now.seconds(), right });
    let kept = text.map_err(std::io::Error::from).and_then(|text| write_secret(file, &text));
    if let Err(error) = kept {
        tracing::warn!(%error, "what the weekly look found cannot be kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::client::{Copy, Outcome};

    fn finding(what: &'static str, state: State) -> Finding {
        Finding { what, about: "lists.example.org".to_owned(), state, detail: String::new(), mend: None }
    }

    #[test]
    fn only_what_was_right_and_is_wrong_is_told_and_once() {
        use State::{Good, Unknown, Wrong};
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let mut told = Vec::new();
        for states in [[Good, Wrong], [Unknown, Wrong], [Wrong, Good], [Wrong, Unknown], [Good, Wrong]] {
            let findings = [finding("MX", states[0]), finding("SPF", states[1])];
            let before = read(&file);
            told.push(turned(&before, &findings).iter().map(|f| f.what).collect::<Vec<_>>().join(" "));
            remember(&file, &before, &findings, Timestamp::from_seconds(1));
        }
        // At first nothing was right; what nobody could find out for a week is still remembered.
        assert_eq!(told, ["", "", "MX", "", "SPF"]);
    }

    struct NoWayOut;

    impl Outbox for NoWayOut {
        async fn carry(&self, _: Copy) -> Outcome {
            panic!("there is nobody to send to")
        }
    }

    #[test]
    fn without_an_operator_the_letter_waits_among_what_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let text = format!("hostname = \"lists.example.org\"\ndata_dir = \"{}\"\n", data.display());
        let config =
            Config::from_text(Some(&text), Path::new("parvis.toml"), Vec::new(), &|_| false).unwrap();
        let clock: crate::flow::Clock = Arc::new(|| Timestamp::from_seconds(1_795_500_000));
        let desk = Arc::new(super::super::open_desk(&config, clock).unwrap());
        let mx = Finding {
            detail: "mail goes to mx.elsewhere.example, not here".to_owned(),
            mend: Some("lists.example.org. 3600 IN MX 10 lists.example.org.".to_owned()),
            ..finding("MX", State::Wrong)
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        assert!(runtime.block_on(tell(&config, &desk, &NoWayOut, &[], &[&mx])));
        let held = desk.store.held().unwrap();
        let [item] = held.as_slice() else { panic!("one letter: {held:?}") };
        assert_eq!((item.reason.to_string().as_str(), item.list), ("to-operator", None));
        assert!(
            item.from.contains("postmaster@lists.example.org") && item.subject.contains("lists.example.org")
        );
        let raw = String::from_utf8(desk.store.raw(item.id).unwrap().unwrap()).unwrap();
        assert!(raw.contains("mx.elsewhere.example"), "{raw}");
    }
}
