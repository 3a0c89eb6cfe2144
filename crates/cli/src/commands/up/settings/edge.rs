//! Who may come in, how, and how often.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use runtime::http::{Compression, Cors, Edge, Proxies, RateOverride, RateSettings, TlsFiles};

use super::Printed;
use super::units::{duration, shown};
use crate::failure::Failure;

/// The way in.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Network")]
pub struct EdgeArgs {
    /// `off`, or another limit than the decided one for the callers of one actor, such as
    /// `customer=20/s` or `customer=600/min` (may be repeated)
    #[arg(long, env = "FIRM_RATE_LIMIT", value_name = "LIMIT", value_delimiter = ',')]
    pub rate_limit: Vec<String>,

    /// An origin from which browsers may call, such as `https://app.example.com`; `*` for every
    /// one (may be repeated)
    #[arg(long, env = "FIRM_CORS_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub cors_origin: Vec<String>,

    /// Browsers may send cookies from these origins
    #[arg(long, env = "FIRM_CORS_CREDENTIALS")]
    pub cors_credentials: bool,

    /// For which browsers remember what they may do
    #[arg(long, env = "FIRM_CORS_MAX_AGE", value_name = "TIME", default_value = "2h")]
    #[arg(value_parser = duration)]
    pub cors_max_age: Duration,

    /// How answers are compressed for clients that take it
    #[arg(long, env = "FIRM_COMPRESSION", value_name = "HOW", default_value = "gzip")]
    pub compression: Coding,

    /// Address or network of a proxy that is believed about where requests come from, such as
    /// `10.0.0.0/8` (may be repeated)
    #[arg(long, env = "FIRM_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxy: Vec<String>,

    /// Certificate chain of the server, PEM; read anew when it changes
    #[arg(long, env = "FIRM_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// Private key of the certificate, PEM
    #[arg(long, env = "FIRM_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Authorities whose certificates clients may show, PEM
    #[arg(long, env = "FIRM_TLS_CLIENT_CA", value_name = "FILE")]
    pub tls_client_ca: Option<PathBuf>,

    /// Clients without a certificate are turned away
    #[arg(long, env = "FIRM_TLS_CLIENT_REQUIRED")]
    pub tls_client_required: bool,

    /// Another address, where plain HTTP is sent on to HTTPS
    #[arg(long, env = "FIRM_REDIRECT_LISTEN", value_name = "ADDR")]
    pub redirect_listen: Option<SocketAddr>,

    /// For which the server goes on after `/ready` says that it stops
    #[arg(long, env = "FIRM_DRAIN_DELAY", value_name = "TIME", default_value = "0s")]
    #[arg(value_parser = duration)]
    pub drain_delay: Duration,
}

/// A coding of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Coding {
    /// Texts of 1 KiB or more
    Gzip,
    /// Not at all
    Off,
}

impl EdgeArgs {
    /// As the server takes them.
    ///
    /// # Errors
    /// `invalid-setting` for what means nothing, or contradicts itself.
    pub fn edge(&self) -> Result<Edge, Failure> {
        let invalid = |why: String| Failure::new("invalid-setting", why);
        Ok(Edge {
            rates: rates(&self.rate_limit).map_err(invalid)?,
            cors: Cors::new(&self.cors_origin, self.cors_credentials, self.cors_max_age)
                .map_err(|why| invalid(format!("--cors-origin: {why}")))?,
            proxies: Proxies::new(&self.trusted_proxy)
                .map_err(|why| invalid(format!("--trusted-proxy: {why}")))?,
            tls: self.tls().map_err(invalid)?,
            redirect: self.redirect_listen,
            compression: match self.compression {
                Coding::Gzip => Compression::Gzip,
                Coding::Off => Compression::Off,
            },
            drain_delay: self.drain_delay,
        })
    }

    fn tls(&self) -> Result<Option<TlsFiles>, String> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                if self.tls_client_required && self.tls_client_ca.is_none() {
                    return Err("--tls-client-required needs --tls-client-ca".to_owned());
                }
                Ok(Some(TlsFiles {
                    certificate: certificate.clone(),
                    key: key.clone(),
                    client_authorities: self.tls_client_ca.clone(),
                    client_required: self.tls_client_required,
                }))
            }
            (None, None) => {
                let alone = [
                    (self.tls_client_ca.is_some(), "--tls-client-ca"),
                    (self.tls_client_required, "--tls-client-required"),
                    (self.redirect_listen.is_some(), "--redirect-listen"),
                ];
                match alone.iter().find(|(given, _)| *given) {
                    Some((_, flag)) => Err(format!("{flag} needs --tls-cert and --tls-key")),
                    None => Ok(None),
                }
            }
            _ => Err("--tls-cert and --tls-key go together".to_owned()),
        }
    }

    /// Every setting with its value.
    #[must_use]
    pub fn printed(&self) -> Vec<Printed> {
        let path = |path: &Option<PathBuf>| {
            path.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
        };
        let redirect = self.redirect_listen.map(|address| address.to_string());
        vec![
            ("rate-limit", self.rate_limit.join(",")),
            ("cors-origin", self.cors_origin.join(",")),
            ("cors-credentials", self.cors_credentials.to_string()),
            ("cors-max-age", shown(self.cors_max_age)),
            (
                "compression",
                match self.compression {
                    Coding::Gzip => "gzip",
                    Coding::Off => "off",
                }
                .to_owned(),
            ),
            ("trusted-proxy", self.trusted_proxy.join(",")),
            ("tls-cert", path(&self.tls_cert)),
            ("tls-key", path(&self.tls_key)),
            ("tls-client-ca", path(&self.tls_client_ca)),
            ("tls-client-required", self.tls_client_required.to_string()),
            ("redirect-listen", redirect.unwrap_or_default()),
            ("drain-delay", shown(self.drain_delay)),
        ]
    }
}

/// `off`, or `actor=20/s`.
fn rates(texts: &[String]) -> Result<RateSettings, String> {
    let mut settings = RateSettings::default();
    for text in texts {
        if text == "off" {
            settings.off = true;
        } else {
            let set = rate(text).ok_or_else(|| {
                format!("--rate-limit: `{text}` is not `off` and not ACTOR=RATE, such as `customer=20/s`")
            })?;
            settings.overrides.push(set);
        }
    }
    Ok(settings)
}

fn rate(text: &str) -> Option<RateOverride> {
    let (actor, rate) = text.split_once('=')?;
    let (number, unit) = rate.split_once('/')?;
    let seconds = match unit {
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let number: u32 = number.parse().ok().filter(|&number| number > 0)?;
    Some(RateOverride { actor: actor.to_owned(), rate: f64::from(number) / seconds, burst: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_actors_are_read() {
        let read = rates(&["customer=600/min".to_owned(), "off".to_owned()]).unwrap();
        assert!(read.off);
        assert!((read.overrides[0].rate - 10.0).abs() < 1e-9);
        for wrong in ["on", "customer", "customer=5", "customer=-5/s", "customer=0/s", "a=1/d"] {
            assert!(rates(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
