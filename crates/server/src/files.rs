//! Where contents of files are kept, as it is configured.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::files::{Contents, Files, LIFE, Limits, Place, Signer};
use runtime::Backend;
use runtime::http::ServeOptions;
use runtime::store::Store;

use crate::Failure;

/// What can be set about files.
#[derive(Clone, Debug)]
pub struct FilesSettings {
    /// Where contents are kept; in the folder `files` of the data if absent.
    pub place: Option<Place>,
    /// How long their addresses are good.
    pub link_life: Duration,
}

impl Default for FilesSettings {
    fn default() -> Self {
        Self { place: None, link_life: LIFE }
    }
}

/// Serves files where the model has any. They live as long as what is returned.
pub(crate) fn serve<S: Store>(
    settings: &FilesSettings,
    (data, public_url): (&Path, Option<&str>),
    backend: &Arc<Backend<S>>,
    options: &mut ServeOptions,
) -> Result<Option<Arc<Files>>, Failure> {
    if !backend.holds_files() {
        return Ok(None);
    }
    let place = settings.place.clone().unwrap_or_else(|| Place::Folder(data.join("files")));
    let contents = Contents::open(&place);
    let contents = contents.map_err(|error| Failure::new("no-files", error.to_string()))?;
    let key = options.issuer.derived(b"files");
    let signer = Signer::new(key, settings.link_life, public_url.unwrap_or_default());
    let files = Files::start(backend, contents, signer, Limits::default());
    options.mounts.push(files.mount());
    Ok(Some(files))
}
