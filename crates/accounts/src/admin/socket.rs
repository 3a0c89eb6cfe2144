//! A socket in the data folder, by which commands reach the server that holds it.
//!
//! The embedded store belongs to one process, and a server forgets at once only what it is told
//! itself. So commands are handed to it; the file system says who may: the socket, in a folder with
//! the keys, can be opened by its owner alone. One line of JSON each way.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::Command;
use crate::Accounts;

/// Its name in the data folder.
pub const SOCKET: &str = "admin.sock";
/// Longest line.
const LIMIT: u64 = 4 << 20;
/// For a command to arrive, be done and be answered.
const PATIENCE: Duration = Duration::from_secs(30);

/// A socket that takes commands until this is dropped.
#[derive(Debug)]
pub struct Listening {
    path: PathBuf,
    accepting: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.accepting.abort();
        drop(std::fs::remove_file(&self.path));
    }
}

/// Takes commands in a data folder that this process alone holds.
///
/// # Errors
/// The socket cannot be made, for example because the path is longer than about 100 characters.
pub fn listen(data: &Path, accounts: Arc<Accounts>) -> io::Result<Listening> {
    let path = data.join(SOCKET);
    // Left by a process that was killed; nobody else holds the folder.
    drop(std::fs::remove_file(&path));
    let listener = UnixListener::bind(&path)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, mode)?;
    let accepting = tokio::spawn(async move {
        loop {
            match listener.accept().await {
                // One after the other: operators are few.
                Ok((stream, _)) => {
                    drop(tokio::time::timeout(PATIENCE, answer(stream, &accounts)).await);
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    });
    Ok(Listening { path, accepting })
}

async fn answer(mut stream: UnixStream, accounts: &Accounts) -> io::Result<()> {
    let mut line = String::new();
    let (read, mut write) = stream.split();
    BufReader::new(read.take(LIMIT)).read_line(&mut line).await?;
    let reply = match serde_json::from_str::<Command>(&line) {
        Ok(command) => match super::run(accounts, command).await {
            Ok(told) => json!({ "ok": told }),
            Err(error) => json!({ "error": error.to_string() }),
        },
        Err(_) => json!({ "error": "the running server does not know this command" }),
    };
    write.write_all(format!("{reply}\n").as_bytes()).await?;
    write.shutdown().await
}

/// Hands a command to the server that holds a data folder; `None` if none does.
///
/// # Errors
/// The server does not answer, or the reason against it.
pub async fn ask(data: &Path, command: &Command) -> Result<Option<Value>, String> {
    let Ok(mut stream) = UnixStream::connect(data.join(SOCKET)).await else { return Ok(None) };
    let exchange = async {
        let line = serde_json::to_string(command)? + "\n";
        let (read, mut write) = stream.split();
        write.write_all(line.as_bytes()).await?;
        let mut reply = String::new();
        BufReader::new(read.take(LIMIT)).read_line(&mut reply).await?;
        Ok::<Value, io::Error>(serde_json::from_str(&reply)?)
    };
    let reply = tokio::time::timeout(PATIENCE, exchange).await;
    let reply = reply.map_err(|_| "the running server does not answer".to_owned())?;
    let mut reply = reply.map_err(|error| format!("the running server broke off: {error}"))?;
    match reply.get("error").and_then(Value::as_str) {
        Some(error) => Err(error.to_owned()),
        None => Ok(Some(reply["ok"].take())),
    }
}
