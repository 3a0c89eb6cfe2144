//! A network from a file (`firm simulate --network`): names are resolved, programs compiled, and
//! what could not end or would never be reached is reported.

mod compile;
mod sound;
mod times;

use base::{Diagnostic, FileId, SourceMap, has_errors, sort_diagnostics};

use crate::kernel::Time;
use crate::network::Network;

/// A network with what its file says about the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkFile {
    /// What it is about.
    pub title: Option<String>,
    /// What is simulated.
    pub network: Network,
    /// How long is observed, in nanoseconds, if it is stated.
    pub duration: Option<Time>,
    /// What is left out before, if it is stated.
    pub warm_up: Option<Time>,
}

/// Reads a file of `sources`. The network is there if nothing is wrong with it.
#[must_use]
pub fn read(sources: &SourceMap, file: FileId) -> (Option<NetworkFile>, Vec<Diagnostic>) {
    let Some(source) = sources.get(file) else { return (None, Vec::new()) };
    let (syntax, mut out) = model::network::parse(file, &source.text);
    let broken = has_errors(&out);
    let sound = sound::check(&syntax, &mut out);
    // The rest would only repeat what is wrong already.
    let network = if sound && !broken { compile::compile(&syntax, &mut out) } else { None };
    sort_diagnostics(&mut out);
    let network = network.filter(|_| !has_errors(&out)).map(|network| NetworkFile {
        title: syntax.title.map(|title| title.value),
        network,
        duration: syntax.duration.map(|duration| duration.value.0),
        warm_up: syntax.warm_up.map(|warm_up| warm_up.value.0),
    });
    (network, out)
}
