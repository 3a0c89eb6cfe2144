//! Where contents are kept.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where contents are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a folder of this machine.
    Folder(PathBuf),
    /// In a bucket behind an S3 API.
    S3(Box<S3>),
}

/// A bucket behind an S3 API. What is absent comes from where programs of AWS find it: instance
/// roles, web identities.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct S3 {
    /// Name of the bucket.
    pub bucket: String,
    /// What names of objects begin with; may be empty.
    pub prefix: String,
    /// Base URL of the API, where it is not that of AWS. Buckets are in its path.
    pub endpoint: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Access key.
    pub key: Option<String>,
    /// Its secret.
    pub secret: Option<String>,
    /// Session token of temporary keys.
    pub token: Option<String>,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, prefix, endpoint, region, .. } = self;
        write!(f, "s3://{bucket}/{prefix} ({endpoint:?}, {region:?})")
    }
}

/// Why a place cannot be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceError(pub String);

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PlaceError {}

impl Place {
    /// `s3://BUCKET/PREFIX`, `file:///FOLDER`, or a folder.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let wrong = |why: &str| Err(PlaceError(why.to_owned()));
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
            if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(letter) {
                return wrong("a bucket has 3 to 63 lower-case letters, digits, dots and hyphens");
            }
            let prefix = prefix.trim_matches('/');
            let parts = prefix.split('/').filter(|_| !prefix.is_empty());
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-=".contains(c);
            let fits = |part: &str| !part.trim_matches('.').is_empty() && part.chars().all(plain);
            if !parts.into_iter().all(fits) {
                return wrong("a prefix has letters, digits, dots, hyphens and slashes");
            }
            let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
            return Ok(Self::S3(Box::new(S3 { bucket, prefix, ..S3::default() })));
        }
        let path = match text.strip_prefix("file://") {
            Some(path) if !path.starts_with('/') => {
                return wrong("a folder is `file:///` and its whole path");
            }
            Some(path) => path,
            None if text.contains("://") => {
                return wrong("contents are kept in a folder (`file:///`) or in `s3://`");
            }
            None => text,
        };
        if path.is_empty() {
            return wrong("the folder has no name");
        }
        Ok(Self::Folder(Path::new(path).to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_folders_and_buckets() {
        let folder = |path: &str| Ok(Place::Folder(PathBuf::from(path)));
        assert_eq!(Place::parse("file:///var/files"), folder("/var/files"));
        assert_eq!(Place::parse("files"), folder("files"));
        let s3 = |bucket: &str, prefix: &str| {
            let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
            Ok(Place::S3(Box::new(S3 { bucket, prefix, ..S3::default() })))
        };
        assert_eq!(Place::parse("s3://shop-files"), s3("shop-files", ""));
        assert_eq!(Place::parse("s3://shop-files/a/b/"), s3("shop-files", "a/b"));
        for wrong in ["", "file://host/a", "s3://", "s3://A", "s3://bucket/../x", "http://a/b"] {
            assert!(Place::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let secret = Some("hush".to_owned());
        let place =
            S3 { secret: secret.clone(), key: secret.clone(), token: secret, ..S3::default() };
        assert!(!format!("{:?}", Place::S3(Box::new(place))).contains("hush"));
    }
}
