//! From method and path to what is served there.

use decide::design::{Design, Method, Segment};
use decide::expansions::Expansions;
use hyper::header::HeaderValue;

use super::endpoint::Endpoint;

/// Every route of a design.
#[derive(Debug)]
pub(super) struct Router {
    paths: matchit::Router<Resource>,
    endpoints: Vec<Endpoint>,
}

/// What is served at one path.
#[derive(Debug)]
struct Resource {
    /// Positions of endpoints, one for each method.
    methods: Vec<(Method, usize)>,
    allow: HeaderValue,
}

/// Where a request leads.
#[derive(Clone, Copy)]
pub(super) enum Found<'r, 'p> {
    /// To an operation, with the piece of the path that names its row.
    Operation(&'r Endpoint, usize, Option<&'p str>),
    /// To a resource that has other methods.
    OtherMethod(&'r HeaderValue),
    /// Nowhere.
    Nothing,
}

/// Two operations of a design at one path and method: the design is broken.
#[derive(Debug, thiserror::Error)]
#[error("the route {path} cannot be served: {reason}")]
pub struct RouteError {
    /// The path.
    pub path: String,
    /// What the router says.
    pub reason: String,
}

impl Router {
    pub(super) fn new(design: &Design) -> Result<Self, RouteError> {
        let expansions = Expansions::of(design);
        let mut endpoints = Vec::new();
        let mut resources: std::collections::BTreeMap<String, Vec<(Method, usize)>> =
            std::collections::BTreeMap::new();
        let kept = decide::kept::of(design);
        for route in design.routes.iter().flatten() {
            let methods = resources.entry(pattern(&route.segments)).or_default();
            methods.push((route.method, endpoints.len()));
            let kept = kept.iter().find(|kept| kept.operation == route.operation);
            endpoints.push(Endpoint::new(design, route, kept, &expansions));
        }
        let mut paths = matchit::Router::new();
        for (path, methods) in resources {
            let resource = Resource { allow: allow(&methods), methods };
            let failed = |error: matchit::InsertError| RouteError {
                path: path.clone(),
                reason: error.to_string(),
            };
            paths.insert(path.clone(), resource).map_err(failed)?;
        }
        Ok(Self { paths, endpoints })
    }

    pub(super) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    pub(super) fn find<'p>(&self, method: &hyper::Method, path: &'p str) -> Found<'_, 'p> {
        let Ok(found) = self.paths.at(path) else { return Found::Nothing };
        let wanted = match *method {
            hyper::Method::GET | hyper::Method::HEAD => Some(Method::Get),
            hyper::Method::POST => Some(Method::Post),
            hyper::Method::PUT => Some(Method::Put),
            hyper::Method::PATCH => Some(Method::Patch),
            hyper::Method::DELETE => Some(Method::Delete),
            _ => None,
        };
        let at = found.value.methods.iter().find(|(method, _)| Some(*method) == wanted);
        match at.and_then(|&(_, at)| Some((at, self.endpoints.get(at)?))) {
            Some((at, endpoint)) => {
                Found::Operation(endpoint, at, found.params.iter().next().map(|(_, value)| value))
            }
            None => Found::OtherMethod(&found.value.allow),
        }
    }
}

/// All parameters get one name: what differs between two routes is never the name alone.
fn pattern(segments: &[Segment]) -> String {
    let piece = |segment: &Segment| match segment {
        Segment::Literal(text) => format!("/{text}"),
        Segment::Parameter(_) => "/{value}".to_owned(),
    };
    segments.iter().map(piece).collect()
}

fn allow(methods: &[(Method, usize)]) -> HeaderValue {
    let mut names: Vec<&str> = methods.iter().map(|(method, _)| method.name()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    HeaderValue::try_from(names.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"))
}
