//! The options of a client, read once.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};

use crate::fault::Fault;
use crate::platform::object::{self, JsMembers};
use crate::platform::{address, page};

/// `ClientOptions` of `index.d.ts`, without what the keeper alone needs.
pub struct Options {
    pub issuer: Option<String>,
    pub resource: Option<String>,
    pub client_id: Option<String>,
    pub registration: Option<JsValue>,
    pub scope: Option<String>,
    pub step_up: StepUp,
    redirect_uri: Option<String>,
    origins: Vec<String>,
}

/// What happens when a token lacks a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepUp {
    Popup,
    Redirect,
    Manual,
}

impl Options {
    /// Reads them.
    pub fn read(options: &JsValue) -> Result<Self, Fault> {
        let members = JsMembers(options.clone());
        let (issuer, resource) = (members.optional("issuer")?, members.optional("resource")?);
        if issuer.is_none() && resource.is_none() {
            return Err(Fault::option(
                "issuer",
                "the server's issuer, or `resource` the address of what is called",
            ));
        }
        Ok(Self {
            origins: origins(&members, resource.as_deref())?,
            issuer,
            resource,
            client_id: members.optional("clientId")?,
            registration: Some(members.value("registration")).filter(JsValue::is_object),
            redirect_uri: members.optional("redirectUri")?,
            scope: members.optional("scope")?,
            step_up: match members.optional("stepUp")?.as_deref() {
                None | Some("popup") => StepUp::Popup,
                Some("redirect") => StepUp::Redirect,
                Some("manual") => StepUp::Manual,
                Some(_) => {
                    return Err(Fault::option("stepUp", "\"popup\", \"redirect\" or \"manual\""));
                }
            },
        })
    }

    /// Where the server sends people back to.
    pub fn redirect_uri(&self) -> Result<String, Fault> {
        match &self.redirect_uri {
            Some(uri) => Ok(uri.clone()),
            None => page::callback_address(),
        }
    }

    /// Whether the token may be sent there.
    pub fn allows(&self, url: &str) -> bool {
        address::parse(url).is_some_and(|address| self.origins.contains(&address.origin))
    }
}

fn origins(members: &JsMembers, resource: Option<&str>) -> Result<Vec<String>, Fault> {
    let wrong = || {
        Fault::option("allowedOrigins", "a list of origins, each https (or http on this machine)")
    };
    let listed = members.value("allowedOrigins");
    let listed = match listed.dyn_ref::<Array>() {
        Some(listed) => listed.iter().map(|value| value.as_string()).collect::<Option<Vec<_>>>(),
        None if listed.is_undefined() => Some(Vec::new()),
        None => None,
    };
    let mut origins = Vec::new();
    for origin in listed.ok_or_else(wrong)? {
        let address =
            address::parse(&origin).filter(|address| address.is_safe()).ok_or_else(wrong)?;
        origins.push(address.origin);
    }
    if let Some(resource) = resource {
        let expected = "an https address (http on this machine alone), without fragment";
        let address = address::parse(resource).filter(|address| address.is_safe());
        origins.push(address.ok_or_else(|| Fault::option("resource", expected))?.origin);
    }
    Ok(origins)
}

/// The title of the page, or its host: what a client that registers itself is called by default.
pub fn name_of_page() -> Option<String> {
    let window = page::window().ok()?;
    let title = object::get(&object::get(&window, "document"), "title").as_string();
    title.filter(|title| !title.is_empty()).or_else(|| window.location().host().ok())
}
