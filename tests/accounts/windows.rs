//! What an Operator may cover with a window.
