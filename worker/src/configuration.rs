//! The typed configuration, parsed once per isolate.

use js_sys::{JSON, Reflect};
use latchkey_protocol::configuration::{Configuration, ConfigurationError};
use latchkey_protocol::json;
use latchkey_protocol::keyring_secret::{KeyringSecret, SHORTEST_KEYRING_SECRET};
use latchkey_protocol::pseudonym::PseudonymKey;
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;

use crate::failure::Failure;
use crate::log::{self, Event, Level};

/// A secret, if the deployment has it.
pub const LOG_KEY: &str = "LOG_KEY";

/// The secret under which the private keys are sealed, if the deployment has it.
pub const KEYRING_SECRET: &str = "KEYRING_SECRET";

thread_local! {
    static LOADED: RefCell<Option<Rc<Configuration>>> = const { RefCell::new(None) };
}

/// What is made of the configuration once, and then stands as long as the isolate.
pub struct Derived<T>(RefCell<Option<(Rc<Configuration>, Rc<T>)>>);

impl<T> Derived<T> {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }

    /// What `make` makes of `configuration`, or made of it before.
    pub fn get(&self, configuration: &Rc<Configuration>, make: impl FnOnce() -> T) -> Rc<T> {
        if let Some((of, made)) = &*self.0.borrow()
            && Rc::ptr_eq(of, configuration)
        {
            return Rc::clone(made);
        }
        let made = Rc::new(make());
        *self.0.borrow_mut() = Some((Rc::clone(configuration), Rc::clone(&made)));
        made
    }
}

/// The configuration of this deployment.
///
/// # Errors
///
/// [`ConfigurationError`] names the key. Only a good configuration is remembered.
pub fn load(env: &worker::Env) -> Result<Rc<Configuration>, ConfigurationError> {
    if let Some(loaded) = LOADED.with_borrow(Clone::clone) {
        return Ok(loaded);
    }
    let issuer = env.var("ISSUER").map(|value| value.to_string()).map_err(|_| {
        ConfigurationError::new("ISSUER", "nothing", "the public https address of this server")
    })?;
    let settings = settings(env)?;
    let loaded = Rc::new(Configuration::parse(&issuer, &settings)?);
    log::begin(loaded.log.level, names(env, &issuer));
    warn_about(&loaded);
    LOADED.set(Some(Rc::clone(&loaded)));
    Ok(loaded)
}

/// The key under which the log has names for people. The issuer stands in for it, which everybody knows:
/// then the names only keep `sub`s out of the log.
fn names(env: &worker::Env, issuer: &str) -> PseudonymKey {
    match env.secret(LOG_KEY) {
        Ok(key) => PseudonymKey::new(key.to_string().as_bytes()),
        Err(_) => PseudonymKey::new(issuer.as_bytes()),
    }
}

/// The secret under which the private keys are sealed; `None` when the deployment has none.
///
/// # Errors
///
/// [`Failure`] when it could be guessed.
pub fn keyring_secret(env: &worker::Env) -> Result<Option<KeyringSecret>, Failure> {
    if !Reflect::has(env, &KEYRING_SECRET.into()).unwrap_or(false) {
        return Ok(None);
    }
    let text = env.secret(KEYRING_SECRET).map_err(|cause| Failure::MissingBinding {
        binding: KEYRING_SECRET,
        cause: cause.to_string(),
    })?;
    let secret = KeyringSecret::parse(&text.to_string()).ok_or_else(|| {
        let cause = format!(
            "it has less than {SHORTEST_KEYRING_SECRET} characters; set a random one: openssl rand -hex 32"
        );
        Failure::unavailable("reading KEYRING_SECRET", cause)
    })?;
    Ok(Some(secret))
}

/// Says in the log, once per isolate, what makes a deployment good for development only.
fn warn_about(configuration: &Configuration) {
    if configuration.development.consent_as.is_some() {
        Event::new(Level::Warn, "consents for a test user")
            .with("key", "LATCHKEY.development.consent_as".to_owned())
            .with(
                "meaning",
                "anyone who reaches this server gets tokens without signing in".to_owned(),
            )
            .write();
    }
}

/// The table `LATCHKEY`. A deployment without it has every default.
fn settings(env: &worker::Env) -> Result<Value, ConfigurationError> {
    let present = Reflect::has(env, &"LATCHKEY".into()).unwrap_or(false);
    if !present {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let no_table = || {
        ConfigurationError::new(
            "LATCHKEY",
            "something that is no table",
            "the table [vars.LATCHKEY]",
        )
    };
    let table = Reflect::get(env, &"LATCHKEY".into())
        .and_then(|table| JSON::stringify(&table))
        .map_err(|_| no_table())?;
    let table = json::parse(&String::from(table)).map_err(|_| no_table())?;
    if table.is_object() { Ok(table) } else { Err(no_table()) }
}
