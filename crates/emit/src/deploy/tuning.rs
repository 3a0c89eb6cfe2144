//! Variables of `firm up` that need no value: set beside Compose, they reach every deployable.

/// Their names, with what they are about.
pub const TUNING: &[(&str, &str)] = &[
    ("FIRM_RATE_LIMIT", "`off`, or other limits than the decided ones: customer=20/s"),
    ("FIRM_CORS_ORIGIN", "origins from which browsers may call: https://app.example.com"),
    ("FIRM_CORS_CREDENTIALS", "whether browsers may send cookies from there: true"),
    ("FIRM_CORS_MAX_AGE", "for which browsers remember what they may do: 2h"),
    ("FIRM_TRUSTED_PROXY", "proxies that are believed about where requests come from: 10.0.0.0/8"),
    ("FIRM_TLS_CERT", "certificate chain of the server, PEM"),
    ("FIRM_TLS_KEY", "private key of the certificate, PEM"),
    ("FIRM_TLS_CLIENT_CA", "authorities whose certificates clients may show, PEM"),
    ("FIRM_TLS_CLIENT_REQUIRED", "whether clients without one are turned away: true"),
    ("FIRM_REDIRECT_LISTEN", "where plain HTTP is sent on to HTTPS: 0.0.0.0:8081"),
    ("FIRM_DRAIN_DELAY", "for which a server goes on after /ready says that it stops: 5s"),
    ("FIRM_DRAIN_TIME", "for requests under way to finish then: 15s"),
    ("FIRM_LIMIT_BODY", "most bytes of a request body: 1MiB"),
    ("FIRM_LIMIT_HEAD", "most bytes of a request's head: 32KiB"),
    ("FIRM_LIMIT_REQUESTS", "most requests under way at once: 1024"),
    ("FIRM_LIMIT_CONNECTIONS", "most connections at once: 4096"),
    ("FIRM_LIMIT_ADDRESS", "most connections of one address: 1024"),
];

/// As lines of `.env.example`.
pub fn example() -> String {
    let mut out = String::from("\n# Of every deployable, where the default does not fit:\n");
    for (name, what) in TUNING {
        let (what, value) = what.rsplit_once(": ").unwrap_or((what, ""));
        out += &format!("# {what}\n# {name}={value}\n");
    }
    out
}
