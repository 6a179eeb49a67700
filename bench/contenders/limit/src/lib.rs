//! What the platform itself allows, in Rust: a worker that does nothing, and a bare Durable Object.
//!
//! `/` answers at once. `/create/<name>` makes the object of that name and its row, `/read/<name>` has
//! it read the row, and `/write/<name>` read it and change it on a condition, as a grant is refreshed.
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

mod bare;

/// Answers one request.
#[worker::event(fetch)]
async fn fetch(
    request: worker::Request,
    env: worker::Env,
    _context: worker::Context,
) -> worker::Result<worker::Response> {
    let path = request.path();
    let Some((operation, name)) = path.trim_start_matches('/').split_once('/') else {
        return worker::Response::ok("ok");
    };
    let object = env.durable_object("BARE")?.get_by_name(name)?;
    object.fetch_with_str(&format!("https://object/{operation}")).await
}
