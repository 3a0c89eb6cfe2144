//! What was committed with what is shared, and is not in the database of its tenant: it is done
//! again there, by whoever comes first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut as _, BytesMut};
use runtime::store::{StoreError, Tenant, Terms};

use super::Silos;
use crate::decode;
use crate::records::get;
use crate::session::{Meaning, Session};
use crate::statements as sql;
use crate::text::Text;
use crate::wire::{Bind, Wire};

/// How long others may take to commit.
const LONGEST: Duration = Duration::from_secs(5);
/// The longest pause between two looks at them.
const PAUSE: Duration = Duration::from_millis(50);

impl Silos {
    /// Brings the database of a tenant up to what was committed for it by now.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where somebody else takes too long to commit.
    pub(super) async fn settle(&self, tenant: u128, database: &Arc<str>) -> Result<(), StoreError> {
        let (began, mut pause) = (Instant::now(), Duration::from_micros(500));
        while !self.settle_once(tenant, database).await? {
            if began.elapsed() > LONGEST {
                return Err(StoreError::Busy);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE);
        }
        Ok(())
    }

    /// Does again what was undone; whether nobody is about to commit any more.
    async fn settle_once(&self, tenant: u128, database: &Arc<str>) -> Result<bool, StoreError> {
        let held = self.keeper.take().await?;
        let mut main = Session::new(held, self.catalog.clone(), Terms::SERVER, true);
        let found = self.waiting(&mut main, tenant).await;
        let (undone, settled) = match found {
            Ok(found) => found,
            Err(error) => {
                drop(main.roll_back().await);
                return Err(error);
            }
        };
        if undone.is_empty() {
            main.commit_here().await?;
            return Ok(settled);
        }
        let terms = Terms::of(Tenant::One(tenant));
        let mut guest = Box::new(self.open(tenant, database, &self.version, terms, true).await?);
        match again(&mut main, &mut guest, undone).await {
            Ok(done) => {
                main.commit_here().await?;
                guest.commit_here().await?;
                done.into_iter().for_each(|id| self.is_done(id));
                Ok(settled)
            }
            Err(error) => {
                guest.let_go();
                drop(main.roll_back().await);
                Err(error)
            }
        }
    }

    /// What was undone, each with its statements, and whether that is all that waits.
    async fn waiting(
        &self,
        main: &mut Session,
        tenant: u128,
    ) -> Result<(Vec<(u128, Vec<Statement>)>, bool), StoreError> {
        // Whoever else does it again is waited for.
        let rows = main.change(&sql::WAITING, &[Bind::Uuid(tenant)]).await?;
        let (mut undone, mut settled) = (Vec::new(), true);
        for row in &rows {
            let id = decode::id(row, 0)?;
            match get::<&str>(row, 2)? {
                "committed" => {}
                "in progress" => settled = false,
                "aborted" => undone.push((id, read(get(row, 1)?)?)),
                _ => return Err(unknown(tenant)),
            }
        }
        Ok((undone, settled))
    }
}

/// Does again what was undone, by another transaction, whose number takes the place of the first.
async fn again(
    main: &mut Session,
    guest: &mut Session,
    undone: Vec<(u128, Vec<Statement>)>,
) -> Result<Vec<u128>, StoreError> {
    let mut done = Vec::new();
    for (id, statements) in undone {
        for (sql, binds) in statements {
            guest.send(&Text::new(sql), binds, Meaning::Plain).await?;
        }
        done.push(id);
    }
    let number = guest.number().await?;
    let binds = vec![Bind::ids(done.iter().copied()), Bind::text(&number)];
    main.send(&sql::RENUMBER, binds, Meaning::Plain).await?;
    Ok(done)
}

fn unknown(tenant: u128) -> StoreError {
    StoreError::Failed {
        message: format!(
            "whether the last changes of the tenant {tenant:032x} are in its database is not \
             known any more (firmitas.redo): it was left alone for too long, or copied to another \
             server; compare it by hand"
        ),
    }
}

/// A statement with what it binds.
type Statement = (String, Vec<Bind>);

/// Statements as bytes.
pub(super) fn written(log: &[(Arc<Text>, Vec<Bind>)]) -> Vec<u8> {
    let mut out = BytesMut::new();
    for (text, binds) in log {
        put(&mut out, text.0.as_bytes());
        out.put_u32(u32::try_from(binds.len()).unwrap_or(u32::MAX));
        for bind in binds {
            let kind = match bind {
                Bind::Null(_) => 0,
                Bind::Array(..) | Bind::Written { array: true, .. } => 2,
                _ => 1,
            };
            out.put_u8(kind);
            put(&mut out, bind.wire().name().as_bytes());
            let mut bytes = BytesMut::new();
            bind.write(&mut bytes);
            put(&mut out, &bytes);
        }
    }
    out.into()
}

fn put(out: &mut BytesMut, bytes: &[u8]) {
    out.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.put_slice(bytes);
}

/// The statements again.
pub(super) fn read(mut bytes: &[u8]) -> Result<Vec<Statement>, StoreError> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let statement = statement(&mut bytes);
        let damaged = || decode::damaged("what was noted for a tenant is not what was written");
        all.push(statement.ok_or_else(damaged)?);
    }
    Ok(all)
}

fn statement(bytes: &mut &[u8]) -> Option<Statement> {
    let sql = std::str::from_utf8(take(bytes)?).ok()?.to_owned();
    let count = number(bytes)?;
    let mut binds = Vec::new();
    for _ in 0..count {
        let (kind, rest) = bytes.split_first()?;
        *bytes = rest;
        let name = take(bytes)?;
        let wire = Wire::ALL.into_iter().find(|wire| wire.name().as_bytes() == name)?;
        let value = take(bytes)?;
        binds.push(match kind {
            0 => Bind::Null(wire),
            kind => Bind::Written { wire, array: *kind == 2, bytes: value.into() },
        });
    }
    Some((sql, binds))
}

fn number(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_be_bytes(*number))
}

fn take<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(number(bytes)?).ok()?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_read_again_or_refused() {
        let binds = vec![
            Bind::Uuid(7),
            Bind::Null(Wire::Date),
            Bind::text("é"),
            Bind::Array(Wire::Int, vec![Bind::Int(1), Bind::Null(Wire::Int)]),
        ];
        let log = vec![(Text::new("SELECT $1"), binds), (Text::new("COMMIT"), Vec::new())];
        let bytes = written(&log);
        let again = read(&bytes).unwrap();
        assert_eq!(
            again.iter().map(|(sql, _)| &**sql).collect::<Vec<_>>(),
            ["SELECT $1", "COMMIT"]
        );
        let again: Vec<_> = again.into_iter().map(|(sql, binds)| (Text::new(sql), binds)).collect();
        assert_eq!(written(&again), bytes, "types and bytes are the same");
        assert!((1..bytes.len()).all(|cut| read(&bytes[..cut]).is_err() || cut == first(&bytes)));
    }

    /// The end of the first statement: all before is whole.
    fn first(bytes: &[u8]) -> usize {
        let mut rest = bytes;
        statement(&mut rest).unwrap();
        bytes.len() - rest.len()
    }
}
