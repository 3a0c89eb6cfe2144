//! Where contents of files are kept.

use std::time::Duration;

use clap::Args;
use server::{Failure, FilesPlace, FilesSettings};

use super::{Printed, units};

/// Settings of files. The variables of the S3 API are those of other programs that use it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Files")]
pub struct FilesArguments {
    /// Where contents of files are kept: a folder (`file:///var/files`) or `s3://BUCKET/PREFIX`
    /// [default: `files` in the data folder]
    #[arg(long, env = "FIRM_FILES", value_name = "URL")]
    pub files: Option<String>,

    /// How long an address of a file is good
    #[arg(long, env = "FIRM_FILES_LINK_LIFE", value_name = "TIME", default_value = "15min")]
    #[arg(value_parser = life)]
    pub files_link_life: Duration,

    /// The S3 API, where it is not that of AWS: `https://s3.example.com`
    #[arg(long, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    pub s3_endpoint: Option<String>,

    /// Region of the bucket
    #[arg(long, env = "AWS_REGION", value_name = "NAME", default_value = "us-east-1")]
    pub s3_region: String,

    /// Access key of the S3 API
    #[arg(long, env = "AWS_ACCESS_KEY_ID", value_name = "KEY", hide_env_values = true)]
    pub s3_key: Option<String>,

    /// Its secret; give it in the environment
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", value_name = "SECRET", hide_env_values = true)]
    pub s3_secret: Option<String>,

    /// Session token of temporary keys; give it in the environment
    #[arg(long, env = "AWS_SESSION_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub s3_token: Option<String>,
}

fn life(text: &str) -> Result<Duration, String> {
    let life = units::duration(text)?;
    let week = Duration::from_secs(7 * 86_400);
    let fits = (Duration::from_secs(60)..=week).contains(&life);
    fits.then_some(life).ok_or_else(|| "an address is good for 1min to 168h".to_owned())
}

impl FilesArguments {
    /// What the server is told.
    ///
    /// # Errors
    /// `invalid-files` for what is no place.
    pub fn settings(&self) -> Result<FilesSettings, Failure> {
        let invalid = |why: String| {
            Failure::new("invalid-files", format!("`--files`: {why}"))
                .help("`--files file:///var/lib/shop/files` or `--files s3://shop-files`")
        };
        let place = self.files.as_deref().map(FilesPlace::parse).transpose();
        let mut place = place.map_err(|error| invalid(error.to_string()))?;
        if let Some(FilesPlace::S3(bucket)) = &mut place {
            let endpoint = self.s3_endpoint.as_deref();
            let known = |url: &str| url.starts_with("http://") || url.starts_with("https://");
            if endpoint.is_some_and(|url| !known(url)) {
                return Err(invalid("the S3 API is an http or https URL".to_owned()));
            }
            bucket.endpoint = self.s3_endpoint.clone();
            bucket.region = Some(self.s3_region.clone());
            bucket.key = self.s3_key.clone();
            bucket.secret = self.s3_secret.clone();
            bucket.token = self.s3_token.clone();
        }
        Ok(FilesSettings { place, link_life: self.files_link_life })
    }

    /// As they are printed.
    #[must_use]
    pub fn printed(&self) -> Vec<Printed> {
        let masked = |secret: &Option<String>| {
            (if secret.is_some() { "***" } else { "from the environment of AWS" }).to_owned()
        };
        let mut printed = vec![
            ("files", self.files.clone().unwrap_or_else(|| "in the data folder".to_owned())),
            ("files-link-life", units::shown(self.files_link_life)),
        ];
        if self.files.as_deref().is_some_and(|files| files.starts_with("s3:")) {
            let endpoint = self.s3_endpoint.clone();
            printed.push(("s3-endpoint", endpoint.unwrap_or_else(|| "that of AWS".to_owned())));
            printed.push(("s3-region", self.s3_region.clone()));
            printed.push(("s3-key", masked(&self.s3_key)));
            printed.push(("s3-secret", masked(&self.s3_secret)));
        }
        printed
    }
}
