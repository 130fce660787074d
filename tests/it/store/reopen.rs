//! Closed and opened again.
