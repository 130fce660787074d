//! How much may be asked for one message.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::dns::{Answer, Mx, Resolver, Trouble};

/// All questions of one message together take no longer.
pub(super) const TIME_MAX: Duration = Duration::from_secs(10);

/// All questions of one message.
const QUESTIONS_MAX: usize = 30;

/// Asks for one message until the time or the questions are used up; from then on every answer is
/// trouble, never "nothing there".
pub(super) struct Budget<'a> {
    resolver: &'a Resolver,
    until: Instant,
    asked: AtomicUsize,
    nobody: AtomicBool,
}

impl<'a> Budget<'a> {
    pub(super) fn new(resolver: &'a Resolver) -> Budget<'a> {
        Budget {
            resolver,
            until: Instant::now() + TIME_MAX,
            asked: AtomicUsize::new(0),
            nobody: AtomicBool::new(false),
        }
    }

    pub(super) async fn txt(&self, name: &str) -> Answer<Vec<u8>> {
        self.spend(self.resolver.txt(name)).await
    }

    pub(super) async fn ipv4(&self, name: &str) -> Answer<IpAddr> {
        self.spend(self.resolver.ipv4(name)).await
    }

    pub(super) async fn ipv6(&self, name: &str) -> Answer<IpAddr> {
        self.spend(self.resolver.ipv6(name)).await
    }

    pub(super) async fn mx(&self, name: &str) -> Answer<Mx> {
        self.spend(self.resolver.mx(name)).await
    }

    pub(super) async fn ptr(&self, address: IpAddr) -> Answer<String> {
        self.spend(self.resolver.ptr(address)).await
    }

    /// Whether one of the questions met nobody at all.
    pub(super) fn nobody_to_ask(&self) -> bool {
        self.nobody.load(Ordering::Relaxed)
    }

    async fn spend<T>(&self, question: impl Future<Output = Answer<T>>) -> Answer<T> {
        if self.asked.fetch_add(1, Ordering::Relaxed) >= QUESTIONS_MAX {
            return Answer::Trouble(Trouble::Failed("too many questions for one message".to_owned()));
        }
        let answer = timeout_at(self.until, question).await;
        let answer =
            answer.unwrap_or_else(|_| Answer::Trouble(Trouble::Failed("no time is left".to_owned())));
        if matches!(answer, Answer::Trouble(Trouble::NoResolver)) {
            self.nobody.store(true, Ordering::Relaxed);
        }
        answer
    }
}
