//! What follows from a model: tables, routes, indexes, verdicts.

mod indexes;
mod routes;
mod small;
mod tables;
