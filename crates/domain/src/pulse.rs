//! Log time: how Pulse moves it and what falls due.
