//! What goes wrong, as JavaScript sees it.

use std::borrow::Cow;

use js_sys::Error;
use latchkey_protocol::client_side::MetadataFault;
use latchkey_protocol::client_side::callback::CallbackError;
use wasm_bindgen::JsValue;

use crate::platform::object;

/// Why something was not done.
#[derive(Debug)]
pub enum Fault {
    /// A reason of ours.
    Ours(Box<Reason>),
    /// What code of the page's own threw (a store, a keeper): passed on as it is.
    Foreign(JsValue),
}

/// A reason with what programs may look at; `index.d.ts` describes each member and code.
#[derive(Debug)]
pub struct Reason {
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    status: Option<u16>,
    retry_after: Option<u32>,
    scope: Option<String>,
    member: Option<&'static str>,
}

impl Fault {
    /// A fault with a code of `LatchkeyErrorCode`, and words for people.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Ours(Box::new(Reason {
            code: code.into(),
            message: message.into(),
            status: None,
            retry_after: None,
            scope: None,
            member: None,
        }))
    }

    /// An option that is missing or of a wrong kind.
    pub fn option(name: &'static str, expected: &'static str) -> Self {
        let message = ["The option ", name, " must be ", expected, "."].concat();
        Self::new("invalid_options", message).with(|reason| reason.member = Some(name))
    }

    /// An answer that isn't what the specification says.
    pub fn malformed(member: &'static str, status: u16) -> Self {
        let message = ["The server's answer has no usable ", member, "."].concat();
        Self::new("malformed_response", message).with(|reason| {
            reason.member = Some(member);
            reason.status = Some(status);
        })
    }

    /// The call was aborted.
    pub fn aborted() -> Self {
        Self::new("aborted", "The call was aborted.")
    }

    /// Nobody is signed in.
    pub fn signed_out() -> Self {
        Self::new("signed_out", "Nobody is signed in, or the session is over. Sign in again.")
    }

    /// The server is busy or can't be reached.
    pub fn later(code: &'static str, retry_after: Option<u32>, status: Option<u16>) -> Self {
        let message = if code == "network_error" {
            "The server can't be reached: offline, or refused by the server's CORS or this page's policy."
        } else {
            "The server can't answer for now. Nothing is lost; try again later."
        };
        Self::new(code, message).with(|reason| {
            reason.retry_after = retry_after;
            reason.status = status;
        })
    }

    /// The server's own error.
    pub fn server(error: String, description: Option<String>, status: Option<u16>) -> Self {
        let message = description.unwrap_or_else(|| ["The server answered ", &error, "."].concat());
        Self::new(error, message).with(|reason| reason.status = status)
    }

    /// More scopes are needed; `scope` is all that is to be asked for.
    pub fn insufficient_scope(scope: String) -> Self {
        Self::new("insufficient_scope", "The call needs more scopes than the token has.")
            .with(|reason| reason.scope = Some(scope))
    }

    /// The code, if it is one of ours.
    pub fn code(&self) -> &str {
        match self {
            Self::Ours(reason) => &reason.code,
            Self::Foreign(_) => "",
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Reason)) -> Self {
        if let Self::Ours(reason) = &mut self {
            change(reason);
        }
        self
    }
}

impl From<MetadataFault> for Fault {
    fn from(fault: MetadataFault) -> Self {
        Self::new(fault.code(), fault.description())
            .with(|reason| reason.member = Some(fault.member()))
    }
}

impl From<CallbackError> for Fault {
    fn from(error: CallbackError) -> Self {
        match error {
            CallbackError::Server { code, description } => Self::server(code, description, None),
            other => Self::new(other.code().to_owned(), other.to_string()),
        }
    }
}

impl From<JsValue> for Fault {
    fn from(thrown: JsValue) -> Self {
        Self::Foreign(thrown)
    }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        let reason = match fault {
            Fault::Foreign(thrown) => return thrown,
            Fault::Ours(reason) => reason,
        };
        let error = Error::new(&reason.message);
        object::set(&error, "code", &Self::from(&*reason.code));
        for (name, value) in [
            ("status", reason.status.map(Self::from)),
            ("retryAfter", reason.retry_after.map(Self::from)),
            ("scope", reason.scope.map(Self::from)),
            ("member", reason.member.map(Self::from)),
        ] {
            if let Some(value) = value {
                object::set(&error, name, &value);
            }
        }
        error.into()
    }
}
