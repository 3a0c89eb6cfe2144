//! The image: the program, and the model as its data.

/// The image that holds `firm`, built from the Dockerfile of this program's own source.
pub const PROGRAM: &str = concat!("firmitas:", env!("CARGO_PKG_VERSION"));

/// `Dockerfile`, built in the model's folder.
pub fn text() -> String {
    let (program, user, port) = (PROGRAM, super::plan::USER, super::plan::PORT);
    let keys = super::environment::KEYS;
    format!(
        "# The model is the program: this image adds it to the one that holds `firm`. Build it in the\n\
         # folder of the model:\n\
         #   docker build --file design/deploy/Dockerfile --tag IMAGE .\n\
         ARG FIRMITAS_IMAGE={program}\n\
         # hadolint ignore=DL3006\n\
         FROM ${{FIRMITAS_IMAGE}}\n\
         \n\
         COPY --chown={user}:{user} . /model\n\
         \n\
         # Nobody in particular, without rights.\n\
         USER {user}:{user}\n\
         ENV FIRM_LISTEN=0.0.0.0:{port} \\\n    FIRM_DATA=/data \\\n    FIRM_KEYS={keys}\n\
         VOLUME /data {keys}\n\
         EXPOSE {port}\n\
         # Requests under way are finished, for at most 15 seconds.\n\
         STOPSIGNAL SIGTERM\n\
         ENTRYPOINT [\"firm\"]\n\
         CMD [\"up\", \"/model\"]\n"
    )
}

/// What must not get into the image: secrets, keys and data of this machine.
pub fn ignored() -> String {
    ".firm\n.git\n**/.env\n".to_owned()
}
