//! One file per command; each looks at the state and returns what to change.
