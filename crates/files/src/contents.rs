//! The contents themselves, wherever they are kept.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, Error, GetOptions, GetRange, GetResult, ObjectStore,
    ObjectStoreExt as _, PutPayload, RetryConfig,
};

use crate::place::{Place, S3};
use crate::thumbnail::Variant;
use crate::writer::Writer;

/// Contents by their keys.
#[derive(Clone)]
pub struct Contents {
    store: Arc<dyn ObjectStore>,
    /// What names begin with.
    prefix: Path,
    /// Where unfinished files of a folder are.
    folder: Option<PathBuf>,
    /// Bytes that are sent on together.
    part: usize,
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents").field("store", &self.store.to_string()).finish()
    }
}

/// Why a content could not be written or read.
#[derive(Debug)]
pub enum ContentsError {
    /// It is not there.
    Missing,
    /// The place has no room.
    Full(String),
    /// The place does not do what it should.
    Failed(String),
}

impl fmt::Display for ContentsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the content is not there"),
            Self::Full(why) | Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ContentsError {}

impl From<Error> for ContentsError {
    fn from(error: Error) -> Self {
        if let Error::NotFound { .. } = error {
            return Self::Missing;
        }
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(cause) = source {
            let full = cause.downcast_ref::<std::io::Error>().is_some_and(|of| {
                use std::io::ErrorKind::{QuotaExceeded, StorageFull};
                matches!(of.kind(), StorageFull | QuotaExceeded)
            });
            if full {
                return Self::Full(error.to_string());
            }
            source = cause.source();
        }
        Self::Failed(error.to_string())
    }
}

impl Contents {
    /// Those in a place. A folder is made; a bucket has to be there, but is not asked for yet.
    ///
    /// # Errors
    /// A folder that cannot be written, settings that fit no bucket.
    pub fn open(place: &Place) -> Result<Self, ContentsError> {
        match place {
            Place::Folder(folder) => Self::folder(folder.clone()),
            Place::S3(bucket) => Self::bucket(bucket),
        }
    }

    fn folder(folder: PathBuf) -> Result<Self, ContentsError> {
        let failed = |error: std::io::Error| {
            ContentsError::Failed(format!("cannot use the folder {}: {error}", folder.display()))
        };
        runtime::private::folder(&folder).map_err(failed)?;
        let folder = folder.canonicalize().map_err(failed)?;
        let probe = folder.join(".writable");
        std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).map_err(failed)?;
        let store = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
        let (store, prefix, part) = (Arc::new(store), Path::default(), 256 * 1024);
        Ok(Self { store, prefix, folder: Some(folder), part })
    }

    fn bucket(place: &S3) -> Result<Self, ContentsError> {
        let S3 { bucket, prefix, endpoint, region, key, secret, token } = place;
        let client = ClientOptions::new()
            .with_connect_timeout(Duration::from_secs(3))
            .with_read_timeout(Duration::from_secs(10))
            // A large content takes its time; each wait within is bounded above.
            .with_timeout(Duration::from_mins(10));
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(50),
                max_backoff: Duration::from_millis(500),
                base: 2.0,
            },
            max_retries: 2,
            retry_timeout: Duration::from_secs(10),
        };
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_client_options(client)
            .with_retry(retry);
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false);
            builder = builder.with_allow_http(endpoint.starts_with("http://"));
        }
        if let Some(region) = region {
            builder = builder.with_region(region);
        }
        if let (Some(key), Some(secret)) = (key, secret) {
            builder = builder.with_access_key_id(key).with_secret_access_key(secret);
        }
        if let Some(token) = token {
            builder = builder.with_token(token);
        }
        let (store, prefix) = (Arc::new(builder.build()?), Path::from(prefix.as_str()));
        // S3 takes parts of 5 MiB at least.
        Ok(Self { store, prefix, folder: None, part: 5 * 1024 * 1024 })
    }

    /// Whether they are on this machine.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.folder.is_some()
    }

    /// Where a content is, or an image made from it. The last digits of a key are random: folders
    /// fill evenly.
    fn path(&self, key: &str, variant: Option<Variant>) -> Path {
        let folder = key.get(key.len().saturating_sub(2)..).unwrap_or_default();
        let name = variant.map_or_else(|| key.to_owned(), |variant| format!("{key}-{variant}"));
        self.prefix.clone().join(folder).join(name)
    }

    /// Begins to write a content. It is there once it is finished, or not at all.
    pub(crate) fn write(&self, key: &str) -> Writer {
        Writer::new(self.store.clone(), self.path(key, None), self.part)
    }

    /// The bytes from `start` to before `end`, of which there is one at least.
    pub(crate) async fn read(
        &self,
        key: &str,
        (start, end): (u64, u64),
    ) -> Result<GetResult, ContentsError> {
        let range = Some(GetRange::Bounded(start..end));
        let options = GetOptions { range, ..GetOptions::default() };
        Ok(self.store.get_opts(&self.path(key, None), options).await?)
    }

    /// The first bytes of a content, of which there are so many.
    pub(crate) async fn head(&self, key: &str, bytes: u64) -> Result<Bytes, ContentsError> {
        if bytes == 0 {
            return Ok(Bytes::new());
        }
        Ok(self.store.get_range(&self.path(key, None), 0..bytes).await?)
    }

    /// All of a content that is known to be small, or of an image made from it.
    pub(crate) async fn whole(
        &self,
        key: &str,
        variant: Option<Variant>,
    ) -> Result<Bytes, ContentsError> {
        let found = self.store.get(&self.path(key, variant)).await?;
        Ok(found.bytes().await?)
    }

    /// Keeps an image that was made from a content.
    pub(crate) async fn keep(
        &self,
        key: &str,
        variant: Variant,
        image: Bytes,
    ) -> Result<(), ContentsError> {
        self.store.put(&self.path(key, Some(variant)), PutPayload::from(image)).await?;
        Ok(())
    }

    /// Removes a content, what was made from it, and what was begun of it. That it is not there is
    /// no error.
    pub(crate) async fn remove(&self, key: &str) -> Result<(), ContentsError> {
        let variants = Variant::all().map(Some);
        for variant in std::iter::once(None).chain(variants) {
            let path = self.path(key, variant);
            match self.store.delete(&path).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            self.remove_unfinished(&path).await;
        }
        Ok(())
    }

    /// A process that was killed leaves what it was writing beside where it would have been.
    async fn remove_unfinished(&self, path: &Path) {
        let Some(folder) = &self.folder else { return };
        let unfinished = folder.join(format!("{path}#1"));
        drop(tokio::fs::remove_file(unfinished).await);
    }
}
