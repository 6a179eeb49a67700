//! The typed configuration, parsed once per isolate.

use latchkey_protocol::configuration::{Configuration, ConfigurationError};
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    static LOADED: RefCell<Option<Rc<Configuration>>> = const { RefCell::new(None) };
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
    let settings = env.object_var::<serde_json::Value>("LATCHKEY").map_err(|error| {
        ConfigurationError::new(
            "LATCHKEY",
            format!("nothing readable ({error})"),
            "the table [vars.LATCHKEY]",
        )
    })?;
    let loaded = Rc::new(Configuration::parse(&issuer, &settings)?);
    LOADED.set(Some(Rc::clone(&loaded)));
    Ok(loaded)
}
