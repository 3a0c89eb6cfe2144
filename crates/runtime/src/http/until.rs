//! Work that goes on until something else happens.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// Tells when what may end the work wants to be looked at.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.task.wake();
    }
}

/// Does work until its end or until `end`, whichever comes first. Work that is woken up often does
/// not look at `end` each time, as `select!` does, but only where that has something to say.
pub(super) async fn until(end: impl Future<Output = ()>, work: impl Future<Output = ()>) {
    let (mut end, mut work) = (pin!(end), pin!(work));
    let bell = Arc::new(Bell { rung: AtomicBool::new(true), ..Bell::default() });
    let waker = Waker::from(Arc::clone(&bell));
    poll_fn(|cx| {
        if work.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        // Before the bell is looked at: whoever rings later wakes this task.
        bell.task.register(cx.waker());
        match bell.rung.swap(false, Ordering::AcqRel) {
            true => end.as_mut().poll(&mut Context::from_waker(&waker)),
            false => Poll::Pending,
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use tokio::sync::{Notify, oneshot};
    use tokio::time::{sleep, timeout};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn whichever_comes_first_ends_it() {
        timeout(LONG, until(pending(), async {})).await.expect("the work has ended");
        timeout(LONG, until(async {}, pending())).await.expect("it was to end at once");
        timeout(LONG, until(sleep(Duration::from_millis(5)), pending())).await.expect("in time");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_end_is_heard_while_the_work_is_woken_up_all_the_time() {
        let end = Arc::new(Notify::new());
        let (began, beginning) = oneshot::channel();
        let ended = tokio::spawn({
            let end = Arc::clone(&end);
            async move {
                let mut began = Some(began);
                until(end.notified(), async move {
                    loop {
                        if let Some(began) = began.take() {
                            began.send(()).expect("somebody waits");
                        }
                        tokio::task::yield_now().await;
                    }
                })
                .await;
            }
        });
        beginning.await.expect("it begins");
        end.notify_one();
        timeout(LONG, ended).await.expect("it was told to end").expect("without a panic");
    }
}
