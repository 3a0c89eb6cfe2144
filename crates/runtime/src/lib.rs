//! The live backend that interprets a Design.
