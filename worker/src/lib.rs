//! Latchkey at the edge: an OAuth 2.1 authorization server on Cloudflare Workers.
//!
//! This crate turns bytes into typed parameters and asks `latchkey-protocol` to decide; it owns
//! routes, pages, Durable Objects and the log, and nothing of the protocol. `CONTRIBUTING.md` shows
//! how a request walks through it.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

mod abandoned;
mod access_tokens;
mod bindings;
mod browser;
mod checked_signatures;
mod clients;
mod configuration;
mod context;
mod endpoints;
mod failure;
mod gateway;
mod http;
mod keys;
mod limits;
mod log;
mod metrics;
mod objects;
mod pages;
mod panics;
mod password;
mod platform;
mod refusals;
mod request_line;
mod route;
mod router;
mod steps;
mod trace;
mod wait;
mod web_crypto;

use js_sys::Function;
use steps::Promised;
use wasm_bindgen::prelude::wasm_bindgen;

/// Says what a panic means, before anything can.
#[worker::event(start)]
fn start() {
    panics::watch();
}

/// Answers one request: `keep` is called with the response. Asked for by `worker/js/instances.js`.
#[wasm_bindgen]
pub fn answer(
    request: web_sys::Request,
    env: worker::Env,
    later: worker::worker_sys::Context,
    keep: Function,
) {
    let promise = Promised::new(keep, || panics::unavailable().into_js());
    steps::begin(promise, async move { router::answer(request, env, later).await.into_js() });
}
