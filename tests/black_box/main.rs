//! Black box tests of the worker under `wrangler dev`.
//!
//! One binary with its own `main`, so that it owns the servers: they start when the first case asks
//! for them and are stopped when the last one has ended. A case's title is the requirement it
//! proves. A module of cases has a function `trials()`, collected below; filter arguments work as
//! with any Rust test.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests on the host: they fail by panicking, and wait by the host's clock"
)]

mod abuse;
mod accounts;
mod administration;
mod authorize_errors;
mod authorize_requests;
mod bad_input;
mod browser;
mod client_authentication;
mod client_credentials;
mod client_documents;
mod clients;
mod closed_registration;
mod codes;
mod consent;
mod crash;
mod device;
mod device_page;
mod discovery;
mod failures;
mod gateway;
mod headless;
mod health;
mod hostile;
mod hung_up;
mod keys;
mod known_failures;
mod limits;
mod log;
mod matrix;
mod observability;
mod operations;
mod operations_of_calls;
mod pages;
mod panics;
mod platform;
mod playground;
mod private_key_jwt;
mod profile;
mod races;
mod readme;
mod recent_refusals;
mod refresh;
mod registration;
mod registration_management;
mod registration_refusals;
mod revocation;
mod same_answer;
mod secrets;
mod servers;
mod short_links;
mod spraying;
mod storage;
mod tokens;
mod upgrade;
mod verifiers;
mod web_client;
mod web_client_package;

use libtest_mimic::{Arguments, Trial};
use servers::Servers;
use std::process::ExitCode;
use std::sync::Arc;

/// A case: a requirement, and the code that proves it or panics.
pub struct Case {
    title: String,
    run: Box<dyn FnOnce(&Servers) + Send>,
}

impl Case {
    /// A case with this title.
    pub fn new(title: impl Into<String>, run: impl FnOnce(&Servers) + Send + 'static) -> Self {
        Self { title: title.into(), run: Box::new(run) }
    }
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most of the time a case waits for its server, so more of them run at once than there are cores.
    arguments.test_threads.get_or_insert(4);
    let servers = Arc::new(Servers::default());
    let cases = [
        // The server by itself.
        discovery::trials(),
        registration::trials(),
        registration_refusals::trials(),
        registration_management::trials(),
        closed_registration::trials(),
        limits::trials(),
        abuse::trials(),
        spraying::trials(),
        same_answer::trials(),
        administration::trials(),
        authorize_errors::trials(),
        authorize_requests::trials(),
        accounts::trials(),
        pages::trials(),
        consent::trials(),
        client_authentication::trials(),
        private_key_jwt::trials(),
        client_documents::trials(),
        codes::trials(),
        tokens::trials(),
        refresh::trials(),
        revocation::trials(),
        client_credentials::trials(),
        device::trials(),
        device_page::trials(),
        short_links::trials(),
        bad_input::trials(),
        hostile::trials(),
        hung_up::trials(),
        known_failures::trials(),
        races::trials(),
        crash::trials(),
        storage::trials(),
        log::trials(),
        secrets::trials(),
        observability::trials(),
        health::trials(),
        keys::trials(),
        recent_refusals::trials(),
        failures::trials(),
        panics::trials(),
        platform::trials(),
        upgrade::trials(),
        headless::trials(),
        gateway::trials(),
        operations::trials(),
        operations_of_calls::trials(),
        matrix::trials(),
        // Clients and browsers that nobody here wrote.
        clients::trials(),
        browser::trials(),
        web_client::trials(),
        web_client_package::trials(),
        playground::trials(),
        // Resource servers, and what the documents print.
        verifiers::trials(),
        readme::trials(),
    ];
    let trials = cases
        .into_iter()
        .flatten()
        .map(|case| {
            let servers = Arc::clone(&servers);
            Trial::test(case.title, move || {
                (case.run)(&servers);
                Ok(())
            })
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    servers.remember_secrets();
    // The last owner: every server stops here, looks for secrets where they must not be, and its files go.
    drop(servers);
    let (leaks, (looked_through, secrets)) = latchkey_tests::leaks::found();
    eprintln!(
        "{secrets} secrets were looked for, in log, errors and storage of {looked_through} servers"
    );
    for leak in &leaks {
        eprintln!("{leak}");
    }
    if leaks.is_empty() { conclusion.exit_code() } else { ExitCode::from(101) }
}
