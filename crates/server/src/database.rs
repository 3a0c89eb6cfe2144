//! What failures of a database mean to whoever starts a server on it.

use runtime::store::StoreError;

use crate::Failure;

impl Failure {
    /// Why a database cannot be used.
    #[must_use]
    pub fn of_database(error: StoreError) -> Self {
        match error {
            StoreError::Incompatible { differences } => {
                Self::new("incompatible-data", "the stored rows do not fit the model")
                    .notes(differences)
                    .help("nothing was changed; another database in `--store` starts empty")
            }
            StoreError::Unusable { message } => Self::new("store-unusable", message),
            StoreError::Unreachable { message } if message.contains("certificate") => {
                let failure = Self::new("store-unusable", format!("the database: {message}"));
                failure.help(
                    "`sslmode=verify-full` trusts public authorities, or those in the file of \
                     `sslrootcert=FILE`, for the host that `--store` names",
                )
            }
            other => Self::new("store-unusable", other.to_string()).help(
                "is the database running, and do host, port, user and database of `--store` \
                 exist? `firm up` makes tables, not databases",
            ),
        }
    }
}
