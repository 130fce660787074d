//! Reports as servers write them, each by hand, and what is read in them.
