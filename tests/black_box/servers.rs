//! The servers that the cases share, each started by the first case that asks for it.

use latchkey_tests::{Deployment, Server};
use std::sync::OnceLock;

/// A server; [`None`] when it didn't start. It is tried once: what fails once fails again, and one
/// case that says why is enough.
type Slot = OnceLock<Option<Server>>;

/// All shared servers.
#[derive(Default)]
pub struct Servers {
    standard: Slot,
    short_links: Slot,
    tenant: Slot,
    quick: Slot,
}

impl Servers {
    /// The configuration that is shipped.
    pub fn standard(&self) -> &Server {
        started(&self.standard, Deployment::standard)
    }

    /// The public short-link service.
    pub fn short_links(&self) -> &Server {
        started(&self.short_links, Deployment::short_links)
    }

    /// An issuer with a path where nobody can sign up.
    pub fn tenant(&self) -> &Server {
        started(&self.tenant, Deployment::tenant)
    }

    /// Short windows, strict scopes, old clients.
    pub fn quick(&self) -> &Server {
        started(&self.quick, Deployment::quick)
    }

    /// A sentence for each running server whose log has a secret of this run in it.
    pub fn leaked_secrets(&self) -> Vec<String> {
        let running = [&self.standard, &self.short_links, &self.tenant, &self.quick];
        let running = running.into_iter().filter_map(|slot| slot.get()?.as_ref());
        running.flat_map(crate::log::leaks).collect()
    }
}

fn started(slot: &Slot, deployment: fn() -> Deployment) -> &Server {
    let mut failure = None;
    let server = slot
        .get_or_init(|| Server::start(deployment()).map_err(|error| failure = Some(error)).ok());
    match (server, failure) {
        (Some(server), _) => server,
        (None, Some(error)) => panic!("{error}"),
        (None, None) => panic!("the server didn't start: another case says why"),
    }
}
