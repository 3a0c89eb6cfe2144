//! The one facade: a set of files in, every answer out.
