//! Emitters: a Design in, artifacts out.
