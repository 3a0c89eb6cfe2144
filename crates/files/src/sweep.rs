//! Removes contents that no row refers to.

use std::sync::Weak;
use std::time::Duration;

use runtime::operations::report;
use runtime::store::StoreError;

use crate::links::micros;
use crate::mount::Files;

/// How often.
const EVERY: Duration = Duration::from_secs(60);

/// Removes what is to be removed now and then, as long as somebody has the files. Several processes
/// may do so at once: what is removed twice is removed.
pub(crate) async fn run(files: Weak<Files>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(files) = files.upgrade() else { return };
        if let Err(why) = once(&files, micros()).await {
            report::warning("files", &why);
        }
    }
}

/// Removes, as of a time in microseconds since the Unix epoch, uploads that no row named in time
/// and contents that no row refers to any more; how many.
pub(crate) async fn once(files: &Files, now: i64) -> Result<u32, String> {
    let failed = |error: StoreError| error.to_string();
    let mut after = String::new();
    while let Some(last) = files.records.expire(now, &after).await.map_err(failed)? {
        after = last;
    }
    let (mut after, mut removed) = (String::new(), 0);
    loop {
        let released = files.records.released(&after).await.map_err(failed)?;
        let Some(last) = released.last() else { return Ok(removed) };
        after.clone_from(last);
        for key in &released {
            // The record goes last: whatever fails before is tried again.
            files.contents.remove(key).await.map_err(|error| error.to_string())?;
            files.records.forget(key).await.map_err(failed)?;
            removed += 1;
        }
    }
}
