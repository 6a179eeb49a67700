//! Where a text is kept: in memory, in the browser's storage, or where the page says.

use std::cell::RefCell;

use js_sys::{Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Storage;

use super::object;
use crate::fault::Fault;

/// A place for one text under one name.
pub enum Store {
    /// This page's or this worker's memory.
    Memory(RefCell<Option<String>>),
    /// `sessionStorage` or `localStorage`.
    Web(Storage),
    /// A `TokenStore` of the page's own.
    Own(JsValue),
}

impl Store {
    /// By the option `storage`.
    ///
    /// # Errors
    ///
    /// `invalid_options`, or `storage_blocked`.
    pub fn of(storage: &JsValue) -> Result<Self, Fault> {
        if storage.is_object() {
            return Ok(Self::Own(storage.clone()));
        }
        match storage.as_string().as_deref() {
            None if storage.is_undefined() => Ok(Self::Memory(RefCell::default())),
            // In the worker that keeps tokens it is the worker's own memory.
            Some("memory" | "worker") => Ok(Self::Memory(RefCell::default())),
            Some("session") => Ok(Self::Web(web_storage("sessionStorage")?)),
            Some("local") => Ok(Self::Web(web_storage("localStorage")?)),
            _ => {
                let expected = "\"memory\", \"session\", \"local\", \"worker\" or an object with get, set and remove";
                Err(Fault::option("storage", expected))
            }
        }
    }

    /// Whether other tabs' scripts can read what is kept here anyway.
    pub const fn is_readable_by_scripts(&self) -> bool {
        !matches!(self, Self::Memory(_))
    }

    /// The text, if there is one.
    pub async fn get(&self, name: &str) -> Result<Option<String>, Fault> {
        match self {
            Self::Memory(text) => Ok(text.borrow().clone()),
            Self::Web(storage) => storage.get_item(name).map_err(|_| blocked()),
            Self::Own(store) => Ok(settled(store, "get", &[name.into()]).await?.as_string()),
        }
    }

    /// Keeps a text in place of the one before.
    pub async fn set(&self, name: &str, text: &str) -> Result<(), Fault> {
        match self {
            Self::Memory(kept) => {
                *kept.borrow_mut() = Some(text.to_owned());
                Ok(())
            }
            Self::Web(storage) => storage.set_item(name, text).map_err(|_| blocked()),
            Self::Own(store) => settled(store, "set", &[name.into(), text.into()]).await.map(drop),
        }
    }

    /// Forgets the text.
    pub async fn remove(&self, name: &str) -> Result<(), Fault> {
        match self {
            Self::Memory(kept) => {
                *kept.borrow_mut() = None;
                Ok(())
            }
            Self::Web(storage) => storage.remove_item(name).map_err(|_| blocked()),
            Self::Own(store) => settled(store, "remove", &[name.into()]).await.map(drop),
        }
    }
}

/// The storage of this name.
///
/// # Errors
///
/// `storage_blocked`: the browser keeps nothing for this page, or there is none here.
pub fn web_storage(name: &str) -> Result<Storage, Fault> {
    // Reading the property itself throws where site data is blocked.
    let storage = Reflect::get(&js_sys::global(), &name.into()).map_err(|_| blocked())?;
    if storage.is_object() { Ok(storage.unchecked_into()) } else { Err(blocked()) }
}

fn blocked() -> Fault {
    Fault::new(
        "storage_blocked",
        "This browser keeps nothing for this page. Use `storage: \"memory\"` and sign in by a popup.",
    )
}

async fn settled(
    store: &JsValue,
    method: &'static str,
    arguments: &[JsValue],
) -> Result<JsValue, Fault> {
    let result = object::call(store, method, arguments)?;
    Ok(JsFuture::from(Promise::resolve(&result)).await?)
}
