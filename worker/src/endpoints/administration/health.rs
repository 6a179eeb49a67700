//! `/admin/health`: whether the keys, the storage and the configuration are well. No secret is in it.

use futures_util::future::{join, join_all};
use js_sys::Reflect;
use latchkey_protocol::administration::{
    Facts, KeyStanding, KeyUse, KeyView, KeysHealth, Warning, warnings,
};
use latchkey_protocol::configuration::{Configuration, LogLevel, RegistrationAccess};
use latchkey_protocol::key_schedule::ScheduledKey;
use serde::Serialize;
use std::collections::BTreeMap;

use super::ADMIN_TOKEN;
use crate::clients::{fetch_is_strict, shard_name};
use crate::configuration::{KEYRING_SECRET, LOG_KEY};
use crate::context::Context;
use crate::endpoints::playground;
use crate::failure::Failure;
use crate::http::Answer;
use crate::limits;
use crate::log::Level;
use crate::metrics;
use crate::objects::keyring::{self, Operate};
use crate::objects::{self, Health, ObjectKind, SchemaVersions};
use crate::steps;
use crate::trace::Operation;

/// The KV namespace.
const CACHE: &str = "CACHE";
/// A name that nobody's object has: one that is asked and never stores anything.
const NOBODY: &str = "health";
/// The bytes of a page of WebAssembly's memory.
const PAGE: usize = 65_536;

#[derive(Serialize)]
struct Body {
    status: &'static str,
    version: &'static str,
    keys: Keys,
    storage: Vec<Place>,
    isolate: Isolate,
    configuration: Settings,
}

/// The isolate that answers; there are others.
#[derive(Serialize)]
struct Isolate {
    /// Of the WebAssembly, which never gives any back.
    memory_bytes: usize,
    /// Requests and messages that wait for something; what goes on after an answer counts, too.
    waiting: usize,
}

impl Isolate {
    fn this() -> Self {
        #[cfg(target_arch = "wasm32")]
        let pages = core::arch::wasm32::memory_size::<0>();
        #[cfg(not(target_arch = "wasm32"))]
        let pages: usize = 0;
        Self { memory_bytes: pages.saturating_mul(PAGE), waiting: steps::waiting() }
    }
}

#[derive(Serialize)]
struct Keys {
    ok: bool,
    #[serde(flatten)]
    keys: Option<KeysHealth>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// A place where something is stored.
#[derive(Serialize)]
struct Place {
    binding: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<SchemaVersions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Serialize)]
struct Settings {
    issuer: String,
    registration: &'static str,
    sign_up: bool,
    resources: usize,
    clients: usize,
    log_level: &'static str,
    log_trace: bool,
    bindings: BTreeMap<&'static str, bool>,
    warnings: Vec<Warning>,
}

/// Looks at everything: 200 when all is well, else 503 with the same body.
pub async fn get(context: &Context) -> Answer {
    let (keys, storage) = join(keys(context), storage(context)).await;
    let is_well = keys.ok && storage.iter().all(|place| place.ok);
    let body = Body {
        status: if is_well { "ok" } else { "failing" },
        version: env!("CARGO_PKG_VERSION"),
        keys,
        storage,
        isolate: Isolate::this(),
        configuration: settings(context),
    };
    if !is_well {
        let problem = |place: &Place| place.problem.clone();
        let problems = body.storage.iter().filter_map(problem).chain(body.keys.problem.clone());
        let problems = problems.collect::<Vec<_>>().join("; ");
        context.outcome(Level::Error, "unhealthy").with("cause", problems).write();
    }
    Answer::json(if is_well { 200 } else { 503 }, &body).not_stored()
}

async fn keys(context: &Context) -> Keys {
    let looked =
        objects::send(&context.env, ObjectKind::Keyring, keyring::NAME, &Operate::Look).await;
    match looked {
        Ok(views) => {
            let lifetime = context.configuration.lifetimes.signing_key;
            let is_living = |view: &&KeyView| {
                view.usage == KeyUse::Signing && view.state != KeyStanding::Dropped
            };
            let living = views.iter().filter(is_living);
            let signing = living.clone().find(|view| view.state == KeyStanding::Current);
            let signing = signing.map_or("", |view| view.kid.as_str());
            let scheduled = |view: &KeyView| ScheduledKey {
                key_id: view.kid.clone(),
                signs_from: view.used_from,
            };
            let keys: Vec<ScheduledKey> = living.map(scheduled).collect();
            let keys = KeysHealth::of(signing, &keys, lifetime, context.now);
            Keys { ok: keys.is_well(), keys: Some(keys), problem: None }
        }
        Err(failure) => Keys { ok: false, keys: None, problem: Some(failure.to_string()) },
    }
}

/// Asks one object of each kind, every shard of clients, and KV.
async fn storage(context: &Context) -> Vec<Place> {
    let shards = (0..context.configuration.client_registry_shards.max(1))
        .map(|shard| (ObjectKind::ClientRegistry, shard_name(shard)));
    let others = [
        (ObjectKind::Account, NOBODY),
        (ObjectKind::Directory, NOBODY),
        (ObjectKind::DeviceAuthorization, NOBODY),
        (ObjectKind::Keyring, keyring::NAME),
    ];
    let others = others.map(|(kind, name)| (kind, name.to_owned()));
    let asked = others.into_iter().chain(shards).map(|(kind, name)| object(context, kind, name));
    let (mut places, cache) = join(join_all(asked), cache(context)).await;
    places.push(cache);
    places
}

async fn object(context: &Context, kind: ObjectKind, name: String) -> Place {
    let asked = objects::send(&context.env, kind, &name, &Health {}).await;
    let (schema, problem) = match asked {
        Ok(schema) if schema.stored > schema.newest => {
            let words = "it was written by a newer release: deploy that again";
            (Some(schema), Some(words.to_owned()))
        }
        Ok(schema) => (Some(schema), None),
        Err(failure) => (None, Some(failure.to_string())),
    };
    let name = Some(name).filter(|name| name != NOBODY);
    Place { binding: kind.binding(), name, ok: problem.is_none(), schema, problem }
}

async fn cache(context: &Context) -> Place {
    let _under_way = context.env.hop(Operation::KvReads);
    let problem = match context.env.platform().kv(CACHE) {
        Ok(cache) => cache.get(NOBODY).text().await.err().map(|cause| cause.to_string()),
        Err(cause) => {
            Some(Failure::MissingBinding { binding: CACHE, cause: cause.to_string() }.to_string())
        }
    };
    Place { binding: CACHE, name: None, ok: problem.is_none(), schema: None, problem }
}

fn settings(context: &Context) -> Settings {
    let (configuration, env) = (&context.configuration, context.env.platform());
    let has = |binding: &str| Reflect::has(env, &binding.into()).unwrap_or(false);
    let facts = Facts {
        has_network_limit: has(limits::NETWORK),
        has_tries_limit: has(limits::TRIES),
        has_shared_egress_limit: has(limits::SHARED_EGRESS),
        has_log_key: has(LOG_KEY),
        has_keyring_secret: has(KEYRING_SECRET),
        fetches_public_only: fetch_is_strict(),
        has_playground: playground::is_on(configuration, env),
    };
    let bindings = [
        ObjectKind::Account.binding(),
        ObjectKind::Directory.binding(),
        ObjectKind::ClientRegistry.binding(),
        ObjectKind::DeviceAuthorization.binding(),
        ObjectKind::Keyring.binding(),
        CACHE,
        limits::NETWORK,
        limits::TRIES,
        limits::SHARED_EGRESS,
        metrics::BINDING,
        ADMIN_TOKEN,
        LOG_KEY,
        KEYRING_SECRET,
    ];
    Settings {
        issuer: configuration.issuer.as_str().to_owned(),
        registration: registration(configuration),
        sign_up: configuration.sign_up,
        resources: configuration.protected_resources.len(),
        clients: configuration.clients.len(),
        log_level: LogLevel::as_str(configuration.log.level),
        log_trace: configuration.log.trace,
        bindings: bindings.into_iter().map(|binding| (binding, has(binding))).collect(),
        warnings: warnings(configuration, facts),
    }
}

const fn registration(configuration: &Configuration) -> &'static str {
    match configuration.registration.access {
        RegistrationAccess::Open => "open",
        RegistrationAccess::InitialAccessToken => "initial_access_token",
        RegistrationAccess::Closed => "closed",
    }
}
