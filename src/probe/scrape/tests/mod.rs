//! Expositions good and bad, and endpoints that misbehave.

mod endpoints;
mod formats;
