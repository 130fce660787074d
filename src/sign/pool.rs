//! Threads that sign: as many as there are cores, so that those who talk to peers are not kept
//! waiting, and no core is idle.
//!
//! A thread that has work does not sleep before there is none left: under load, handing work over
//! wakes nobody. What it takes at once it hands back at once, so that those who wait are woken
//! together, and send and keep what they have together, rather than take the core from it after
//! each signature.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot;

/// Does the work, and gives what tells who waits for it.
type Job = Box<dyn FnOnce() -> Telling + Send>;
type Telling = Box<dyn FnOnce() + Send>;

/// A thread takes no more jobs at once: nobody waits longer than so many signatures for their own.
const AT_ONCE_MAX: usize = 8;

/// The threads, and what waits for them. They end when it is dropped.
pub(super) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    queue: Mutex<Queue>,
    more: Condvar,
    threads: usize,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    asleep: usize,
    over: bool,
}

impl Pool {
    /// Starts so many threads.
    pub(super) fn start(threads: usize) -> std::io::Result<Pool> {
        let threads = threads.max(1);
        let shared = Arc::new(Shared { queue: Mutex::default(), more: Condvar::new(), threads });
        let mut pool = Pool { shared: shared.clone(), threads: Vec::new() };
        for n in 0..threads {
            let shared = shared.clone();
            let thread = Builder::new().name(format!("sign-{n}")).spawn(move || shared.work())?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Has one of them do it. `None` if that panicked.
    pub(super) async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            let made = job();
            // Nobody may be waiting any more, which is their business.
            Box::new(move || drop(done.send(made)))
        });
        let wake = {
            let mut queue = self.shared.lock();
            queue.jobs.push_back(job);
            queue.asleep > 0
        };
        if wake {
            self.shared.more.notify_one();
        }
        result.await.ok()
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut queue = self.lock();
        loop {
            let share = queue.jobs.len().div_ceil(self.threads).min(AT_ONCE_MAX);
            if share > 0 {
                let jobs: Vec<Job> = queue.jobs.drain(..share).collect();
                drop(queue);
                // Whoever waits for one that panicked sees that no answer comes.
                let done = jobs.into_iter().filter_map(|job| catch_unwind(AssertUnwindSafe(job)).ok());
                let done: Vec<Telling> = done.collect();
                done.into_iter().for_each(|tell| tell());
                queue = self.lock();
                continue;
            }
            if queue.over {
                return;
            }
            queue.asleep += 1;
            queue = self.more.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.asleep -= 1;
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.more.notify_all();
        for thread in self.threads.drain(..) {
            // What panicked in a job was caught there.
            let _ = thread.join();
        }
    }
}
