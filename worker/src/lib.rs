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

mod access_tokens;
mod bindings;
mod browser;
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
mod password;
mod platform;
mod refusals;
mod request_line;
mod route;
mod router;
mod trace;
mod web_crypto;

/// Says in the log what happened before a panic ends the isolate.
#[worker::event(start)]
fn start() {
    // The runtime's own hook marks the isolate as broken; it has to go on doing that.
    let runtime_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        runtime_hook(panic);
        log::Event::new(log::Level::Error, "panic")
            .with("at", panic.location().map(ToString::to_string))
            .with("what", panic.payload_as_str().map(str::to_owned))
            .with(
                "do",
                "This is a defect in Latchkey: report it with this line. The runtime starts a \
                 fresh isolate by itself; nothing that was acknowledged is lost."
                    .to_owned(),
            )
            .write();
    }));
}

/// Answers one request.
#[worker::event(fetch, respond_with_errors)]
async fn fetch(
    request: web_sys::Request,
    env: worker::Env,
    later: worker::Context,
) -> worker::Result<web_sys::Response> {
    router::answer(request, env, later).await.into_response()
}
