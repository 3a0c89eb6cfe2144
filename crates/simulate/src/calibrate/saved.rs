//! Times in a file of their own: written once, used again.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Fit, Measured, OperationTimes, Shape, Unreadable};

/// What the file says that it is.
const FORMAT: &str = "firmitas-times-1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Saved {
    format: String,
    system: Option<String>,
    #[serde(default)]
    operations: std::collections::BTreeMap<String, SavedOperation>,
    #[serde(default)]
    externals: std::collections::BTreeMap<String, SavedFit>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SavedOperation {
    requests: u64,
    application: Option<SavedFit>,
    store: Option<SavedFit>,
    kept: Option<f64>,
}

/// Times in seconds.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SavedFit {
    shape: SavedShape,
    count: u64,
    mean: (f64, f64),
    p95: (f64, f64),
    #[serde(default)]
    mean_alone: bool,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
enum SavedShape {
    Constant(f64),
    Lognormal { location: f64, scale: f64 },
    Phases { share: f64, first: f64, second: f64 },
}

/// The times as JSON.
#[must_use]
pub fn to_json(measured: &Measured) -> Value {
    let operations = measured.operations.iter().map(|(name, of)| {
        let saved = SavedOperation {
            requests: of.requests,
            application: of.application.as_ref().map(saved),
            store: of.store.as_ref().map(saved),
            kept: of.kept,
        };
        (name.clone(), json!(saved))
    });
    let externals = measured.externals.iter().map(|(name, fit)| (name.clone(), json!(saved(fit))));
    json!({
        "format": FORMAT,
        "system": measured.system,
        "operations": operations.collect::<serde_json::Map<_, _>>(),
        "externals": externals.collect::<serde_json::Map<_, _>>(),
    })
}

fn saved(fit: &Fit) -> SavedFit {
    let shape = match fit.shape {
        Shape::Constant(value) => SavedShape::Constant(value),
        Shape::Lognormal(of) => SavedShape::Lognormal { location: of.location, scale: of.scale },
        Shape::Phases { share, first, second } => SavedShape::Phases { share, first, second },
    };
    SavedFit { shape, count: fit.count, mean: fit.mean, p95: fit.p95, mean_alone: fit.mean_alone }
}

/// Reads what [`to_json`] wrote.
///
/// # Errors
/// [`Unreadable`] with the line.
pub fn from_json(file: &str, text: &str) -> Result<Measured, Unreadable> {
    let saved: Saved = serde_json::from_str(text).map_err(|error| {
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
        let message =
            format!("it is neither spans (OTLP in JSON) nor times that were saved: {error}");
        Unreadable::at(file, line, message)
    })?;
    if saved.format != FORMAT {
        return Err(Unreadable::whole(file, "its `format` is not `firmitas-times-1`"));
    }
    let wrong = |name: &str| {
        let message = format!("a time of `{name}` is not finite, or not above zero");
        Unreadable { file: file.to_owned(), line: None, message }
    };
    let mut measured = Measured { system: saved.system, ..Measured::default() };
    for (name, of) in saved.operations {
        let fit = |saved: Option<SavedFit>| match saved {
            Some(saved) => restored(&saved).map(Some).ok_or_else(|| wrong(&name)),
            None => Ok(None),
        };
        let (application, store) = (fit(of.application)?, fit(of.store)?);
        if of.kept.is_some_and(|kept| !(0.0..=1.0).contains(&kept)) {
            return Err(wrong(&name));
        }
        let times = OperationTimes {
            requests: of.requests,
            application,
            store,
            kept: of.kept,
            ..OperationTimes::default()
        };
        measured.operations.insert(name, times);
    }
    for (name, saved) in saved.externals {
        let fit = restored(&saved).ok_or_else(|| wrong(&name))?;
        measured.externals.insert(name, fit);
    }
    Ok(measured)
}

/// A month in seconds: no request takes longer.
const LONGEST: f64 = 2_678_400.0;

fn restored(saved: &SavedFit) -> Option<Fit> {
    let time = |value: f64| value > 0.0 && value < LONGEST;
    let (shape, sound) = match saved.shape {
        SavedShape::Constant(value) => (Shape::Constant(value), (0.0..LONGEST).contains(&value)),
        SavedShape::Lognormal { location, scale } => {
            let of = queueing::Lognormal { location, scale };
            let sound = location.abs() < 40.0 && scale > 0.0 && scale < 10.0;
            (Shape::Lognormal(of), sound)
        }
        SavedShape::Phases { share, first, second } => {
            let sound = share > 0.0 && share < 1.0 && time(first) && time(second);
            (Shape::Phases { share, first, second }, sound)
        }
    };
    (sound && time(shape.mean().max(1e-9))).then(|| Fit {
        shape,
        count: saved.count,
        mean: saved.mean,
        p95: saved.p95,
        mean_alone: saved.mean_alone,
        mean_error: None,
        errors: Vec::new(),
    })
}
