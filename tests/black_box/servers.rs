//! The servers that the cases share, each started by the first case that asks for it.

use latchkey_tests::{Client, Deployment, Front, Server, Signer, Upstream};
use std::sync::OnceLock;

use crate::{matrix, web_client};

/// A server, or a [`Front`] with one; [`None`] when it didn't start. It is tried once: what fails once
/// fails again, and one case that says why is enough.
type Slot<T> = OnceLock<Option<T>>;

/// All shared servers.
#[derive(Default)]
pub struct Servers {
    standard: Slot<Server>,
    short_links: Slot<Server>,
    tenant: Slot<Server>,
    quick: Slot<Server>,
    test_user: Slot<Server>,
    gateway: Slot<Front>,
    brief_tokens: Slot<Front>,
    brief_documents: Slot<Server>,
    examples: Slot<Server>,
    brief_examples: Slot<Server>,
    playground: Slot<Server>,
    introspected: Slot<Introspected>,
    administered: Slot<Front>,
    invited: Slot<Server>,
    limited: Slot<Server>,
    machines: Slot<Front>,
    counted: Slot<Front>,
    observed: Slot<Server>,
    matrix: Slot<matrix::World>,
    headless_matrix: Slot<matrix::World>,
    web_client: Slot<web_client::World>,
}

/// A resource behind the gateway, and the client of a resource server that may ask about its tokens.
pub struct Introspected {
    /// The server and its upstream.
    pub front: Front,
    /// The client.
    pub resource_server: Client,
    /// Another, which signs instead of keeping a secret.
    pub signing_resource_server: Client,
}

impl Introspected {
    /// A client's id is known once it is registered, so the configuration names them afterwards.
    fn start() -> Result<Self, String> {
        let front = Front::start(|upstream| Deployment::introspected(upstream, &[]))?;
        let resource_server = Client::with_method(&front.server, "client_secret_basic");
        let signing_resource_server =
            crate::private_key_jwt::register(&front.server, &Signer::new("ES256"));
        let introspectors = [&*resource_server.id, &*signing_resource_server.id];
        front.server.restart_as(&Deployment::introspected(&front.upstream, &introspectors))?;
        Ok(Self { front, resource_server, signing_resource_server })
    }
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

    /// Metadata documents are asked for again after a second.
    pub fn brief_documents(&self) -> &Server {
        started(&self.brief_documents, Deployment::brief_documents)
    }

    /// A test user allows each client without a browser.
    pub fn test_user(&self) -> &Server {
        started(&self.test_user, Deployment::test_user)
    }

    /// Resources of every kind behind the gateway.
    pub fn gateway(&self) -> &Front {
        before(&self.gateway, Deployment::gateway)
    }

    /// A resource behind the gateway, and tokens that live for seconds.
    pub fn brief_tokens(&self) -> &Front {
        before(&self.brief_tokens, Deployment::brief_tokens)
    }

    /// What `npm start` serves: an MCP server and a REST API behind the gateway.
    pub fn examples(&self) -> &Server {
        started(&self.examples, Deployment::examples)
    }

    /// The same with access tokens that live for seconds.
    pub fn brief_examples(&self) -> &Server {
        started(&self.brief_examples, Deployment::brief_examples)
    }

    /// What `npm start` serves, with the playground.
    pub fn playground(&self) -> &Server {
        started(&self.playground, Deployment::playground)
    }

    /// A resource that the client of a resource server may introspect tokens for.
    pub fn introspected(&self) -> &Introspected {
        running(&self.introspected, Introspected::start)
    }

    /// A deployment with an admin API, and resources behind the gateway.
    pub fn administered(&self) -> &Front {
        before(&self.administered, Deployment::administered)
    }

    /// A deployment where a client has to be let in to register.
    pub fn invited(&self) -> &Server {
        started(&self.invited, Deployment::invited)
    }

    /// A deployment that lets a network ask three times, and then no more for a while.
    pub fn limited(&self) -> &Server {
        started(&self.limited, Deployment::limited)
    }

    /// Clients that act for themselves.
    pub fn machines(&self) -> &Front {
        before(&self.machines, Deployment::machines)
    }

    /// The log has a line with what each request did at the platform.
    pub fn counted(&self) -> &Front {
        before(&self.counted, Deployment::counted)
    }

    /// Each request has its line in the log and its data point.
    pub fn observed(&self) -> &Server {
        started(&self.observed, Deployment::observed)
    }

    /// The command-line matrix, where a person is asked.
    pub fn matrix(&self) -> &matrix::World {
        running(&self.matrix, || matrix::World::start(false))
    }

    /// The same where a test user allows each client.
    pub fn headless_matrix(&self) -> &matrix::World {
        running(&self.headless_matrix, || matrix::World::start(true))
    }

    /// Browser apps, and what they sign in to.
    pub fn web_client(&self) -> &web_client::World {
        running(&self.web_client, web_client::World::start)
    }

    /// Takes a note of the secrets that browsers had from servers without any help of the tests.
    pub fn remember_secrets(&self) {
        if let Some(world) = self.web_client.get().and_then(Option::as_ref) {
            world.remember_secrets();
        }
    }
}

fn started(slot: &Slot<Server>, deployment: fn() -> Deployment) -> &Server {
    running(slot, || Server::start(deployment()))
}

fn before(slot: &Slot<Front>, deployment: fn(&Upstream) -> Deployment) -> &Front {
    running(slot, || Front::start(deployment))
}

fn running<T>(slot: &Slot<T>, start: impl FnOnce() -> Result<T, String>) -> &T {
    let mut failure = None;
    let started = slot.get_or_init(|| start().map_err(|error| failure = Some(error)).ok());
    match (started, failure) {
        (Some(started), _) => started,
        (None, Some(error)) => panic!("{error}"),
        (None, None) => panic!("the server didn't start: another case says why"),
    }
}
