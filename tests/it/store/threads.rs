//! Who answers whom, in whatever order it comes.
