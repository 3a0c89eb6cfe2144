//! `firm up`: runs the model.

mod announce;
mod configuration;
mod decided;
mod first_requests;
pub(super) mod settings;
mod watch;

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use runtime::http::Termination;
use serde_json::json;
use server::{Refused, Server};

use crate::{
    console::{Console, style, styled},
    failure::{Failure, Outcome},
    folder::Folder,
    live,
    loaded::Loaded,
};

pub use announce::Ready;
pub use configuration::{Log, Origins, Settings};
pub use decided::{decided, decided_json};
pub use first_requests::first_requests;
pub use watch::Watch;

/// Arguments of `firm up`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Example:
  firm up examples/shop --watch

The first start needs nothing: data is kept in `.firm` in the model folder, and externals without
a URL are stood in for. After the model has changed, additive changes are applied to the data and
others refused with the difference. With --json, one line is printed on standard output when the
backend is ready. Ctrl-C finishes what is under way and stops.")]
pub struct UpArguments {
    /// Folder with `firmitas.yaml`
    #[arg(default_value = ".")]
    model: PathBuf,

    #[command(flatten)]
    settings: Settings,

    /// Start anew whenever the model changes
    #[arg(long)]
    watch: bool,

    /// Print the settings with their origin, secrets masked, and start nothing
    #[arg(long)]
    print_config: bool,
}

/// Runs the model until it is told to stop.
///
/// # Errors
/// When the model cannot be started here.
pub fn run(
    arguments: &UpArguments,
    origins: &Origins<'_>,
    console: &Console,
) -> Result<Outcome, Failure> {
    let folder = Folder::open(&arguments.model)?;
    arguments.settings.verify()?;
    arguments.settings.externals()?;
    arguments.settings.edge.edge()?;
    arguments.settings.cache.settings()?;
    arguments.settings.files.settings()?;
    if arguments.print_config {
        let effective = arguments.settings.describe(&folder, *origins);
        match console.json() {
            true => console.document(
                &json!({ "version": 1, "diagnostics": [], "configuration": effective.json() }),
            ),
            false => console.answer(effective.table()),
        }
        return Ok(Outcome::Success);
    }
    let loaded = Loaded::read(folder);
    if loaded.design.is_none() {
        return Ok(loaded.refuse(console));
    }
    let runtime = live::tokio()?;
    let ended = runtime.block_on(serve(arguments, loaded, console));
    // Whatever still runs has been told to stop and had its time.
    runtime.shutdown_background();
    ended
}

/// Serves one model after the other until a signal comes.
async fn serve(
    arguments: &UpArguments,
    mut loaded: Loaded,
    console: &Console,
) -> Result<Outcome, Failure> {
    let mut watch = arguments.watch.then(|| Watch::new(&loaded.folder));
    let mut address = arguments.settings.listen;
    let mut termination = Termination::heard();
    let started = tokio::select! {
        started = start(arguments, &mut loaded, address, console) => started,
        () = termination.asked() => return Ok(Outcome::Success),
    };
    let mut server = match started {
        Ok(server) => server,
        Err(Refused::Failure(failure)) => return Err(failure),
        Err(Refused::Guards(findings)) => {
            loaded.diagnostics.extend(findings);
            return Ok(loaded.refuse(console));
        }
    };
    loop {
        let next = tokio::select! {
            () = termination.asked() => None,
            next = changed(&mut watch, console) => Some(next),
        };
        // From now on the port is known, also where a free one was asked for.
        address = server.address();
        let Some(mut next) = next else {
            console.prose(styled(
                style::DIM,
                "stopping: what is under way is finished; Ctrl-C again ends it",
            ));
            tokio::select! {
                () = server.stop() => {}
                () = termination.asked() => {}
            }
            return Ok(Outcome::Success);
        };
        server.stop().await;
        server = match start(arguments, &mut next, address, console).await {
            Ok(server) => {
                loaded = next;
                server
            }
            Err(refused) => {
                report(&mut next, refused, console);
                let again = start(arguments, &mut loaded, address, console).await;
                again.map_err(|refused| match refused {
                    Refused::Failure(failure) => failure,
                    Refused::Guards(_) => {
                        Failure::new("not-started", "the model before does not start")
                    }
                })?
            }
        };
    }
}

async fn start(
    arguments: &UpArguments,
    loaded: &mut Loaded,
    address: SocketAddr,
    console: &Console,
) -> Result<Server, Refused> {
    let settings = &arguments.settings;
    let nothing = || Failure::new("not-started", "the model has errors");
    let design = loaded.design.clone().ok_or_else(nothing)?;
    let (sources, numbers) = (&loaded.sources, loaded.field_numbers.as_str());
    let told = settings.of_server(&loaded.folder, sources, address, numbers)?;
    let server = Server::start(&design, told).await?;
    Ready {
        loaded,
        design: server.design(),
        address: server.address(),
        default_data: settings.data.is_none(),
        data: settings.shown_data(&loaded.folder),
        database: settings.shown_database(),
        stand_ins: server.stand_ins(),
        notes: server.notes(),
        not_running: server.not_running(),
        page_key: server.page_key(),
        now: live::now(),
    }
    .tell(console);
    Ok(server)
}

/// Says why a changed model was not started.
fn report(next: &mut Loaded, refused: Refused, console: &Console) {
    match refused {
        Refused::Guards(findings) => {
            next.diagnostics.extend(findings);
            next.print_findings(|text| console.problem(text), console.appearance());
        }
        Refused::Failure(failure) => console.failure(&failure),
    }
    console.problem(styled(style::ATTENTION, "the model before goes on"));
}

/// The next sound model; never without `--watch`.
async fn changed(watch: &mut Option<Watch>, console: &Console) -> Loaded {
    match watch {
        Some(watch) => watch.next(console).await,
        None => std::future::pending().await,
    }
}
