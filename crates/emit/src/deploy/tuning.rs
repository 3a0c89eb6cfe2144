//! Variables of `firm up` that need no value: set beside Compose, they reach every deployable.

/// Their names, with what they are about.
pub const TUNING: &[(&str, &str)] = &[
    ("FIRM_CONFIG", "file with further settings, by the names of the flags: /etc/firm/firm.yaml"),
    ("FIRM_RATE_LIMIT", "`off`, or other limits than the decided ones: customer=20/s"),
    ("FIRM_CORS_ORIGIN", "origins from which browsers may call: https://app.example.com"),
    ("FIRM_CORS_CREDENTIALS", "whether browsers may send cookies from there: true"),
    ("FIRM_CORS_MAX_AGE", "for which browsers remember what they may do: 2h"),
    ("FIRM_COMPRESSION", "how answers are compressed for clients that take it, or `off`: gzip"),
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
    (
        "FIRM_STORE_ADMIN",
        "database with a user who may change tables, where FIRM_STORE's may not: postgres://",
    ),
    (
        "FIRM_FIELD_KEYS",
        "file with the keys of encrypted fields, if elsewhere: /etc/firm/fields.keys",
    ),
    ("FIRM_STORE_REPLICA", "read replicas, for what may be old: postgres://"),
    ("FIRM_STORE_CONNECTIONS", "most connections to the database: 20"),
    ("FIRM_CACHE", "Redis or Valkey that all replicas share, or `off`: redis://cache:6379"),
    ("FIRM_CACHE_SIZE", "most bytes that answers take in a process: 64MiB"),
    (
        "FIRM_PAGE",
        "what browsers see at /: nothing (`off`), documentation, or forms to try it too: docs",
    ),
    ("FIRM_FILES", "where contents of files are kept, a folder or a bucket: s3://files"),
    ("FIRM_FILES_LINK_LIFE", "for which an address of a file is good: 15min"),
    ("AWS_ENDPOINT_URL", "S3 API, where it is not that of AWS: https://s3.example.com"),
    ("AWS_REGION", "region of the bucket: eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "access key of the S3 API: AKIA"),
    ("AWS_SECRET_ACCESS_KEY", "its secret: secret"),
    ("AWS_SESSION_TOKEN", "session token of temporary keys: token"),
    ("FIRM_ACCOUNTS", "whether people sign in here, or with other issuers alone: off"),
    ("FIRM_AUDIT_LOG", "where decisions about access are written down, a file or `stderr`: stderr"),
    ("FIRM_PUBLIC_URL", "under which URL clients reach the servers: https://api.example.com"),
    (
        "FIRM_OAUTH_CLIENT",
        "file with clients of the OpenID Connect provider: /etc/firm/clients.json",
    ),
    (
        "FIRM_ISSUER",
        "issuers whose tokens are accepted, with their audience: https://id.example.com=api",
    ),
    ("FIRM_ISSUERS", "file with issuers and how their claims are read: /etc/firm/issuers.json"),
    (
        "FIRM_CERTIFICATE",
        "names of client certificates and the actors that they are: dns:warehouse=warehouse",
    ),
    ("FIRM_GRAPHQL", "whether GraphQL is served, where the design does not say it: on"),
    (
        "FIRM_GRAPHQL_PERSISTED",
        "file with the documents of GraphQL that are known: /etc/firm/graphql.json",
    ),
    ("FIRM_GRAPHQL_PERSISTED_ONLY", "whether only those are served: true"),
    ("FIRM_GRPC", "whether gRPC is served, where the design does not say it: on"),
    ("FIRM_GRPC_REFLECTION", "whether clients of gRPC may ask what is served: off"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector of traces: http://collector:4317"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "headers for it, which may hold a key: name=value"),
    ("OTEL_TRACES_SAMPLER_ARG", "share of the traces that are kept: 0.1"),
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
