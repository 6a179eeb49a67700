//! `/admin/keys` and `/admin/keys/<kid>`: what keys there are, and another one in their place. No answer has anything
//! secret of a key.

use latchkey_protocol::administration::{AdminError, KeyAction, KeyUse, KeyView, OwnKey};
use serde::Serialize;

use super::{refuse, unreadable};
use crate::configuration::keyring_secret;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys;
use crate::log::Level;
use crate::objects::keyring::{self, Operate, stored};
use crate::objects::{self, ObjectKind};
use crate::web_crypto;

/// Lists the keys, the newest first.
pub async fn list(context: &Context) -> Result<Answer, Failure> {
    #[derive(Serialize)]
    struct Listed {
        keys: Vec<KeyView>,
    }
    let keys = operate(context, Operate::Look).await?;
    Ok(Answer::json(200, &Listed { keys }).not_stored())
}

/// Lets another key take over: one that is made here, or the operator's own.
pub async fn post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let body = match incoming.json().await {
        Ok(body) => body,
        Err(error) => return Ok(unreadable(context, error)),
    };
    match KeyAction::parse(&body) {
        Ok(KeyAction::Rotate { usage, at_once }) => rotate(context, usage, at_once).await,
        Ok(KeyAction::Import { key, at_once }) => import(context, *key, at_once).await,
        Err(error) => Ok(refuse(context, &error, None)),
    }
}

async fn rotate(context: &Context, usage: KeyUse, at_once: bool) -> Result<Answer, Failure> {
    let next = operate(context, Operate::Rotate { usage, at_once }).await?.pop();
    let Some(next) = next else {
        return Err(Failure::unavailable("rotating a key", "the next one was dropped meanwhile"));
    };
    log_change(context, "key rotated", &next);
    Ok(Answer::json(200, &next).not_stored())
}

async fn import(context: &Context, key: OwnKey, at_once: bool) -> Result<Answer, Failure> {
    let OwnKey { kid, private_jwk, public_jwk } = key;
    if !web_crypto::is_pair(&private_jwk, &public_jwk).await? {
        return Ok(refuse(context, &AdminError::NoKeyPair, None));
    }
    let secret = keyring_secret(context.env.platform())?;
    let key = stored(kid, private_jwk, secret.as_ref())?;
    let imported = operate(context, Operate::Import { key, public_jwk, at_once }).await?.pop();
    let Some(imported) = imported else {
        return Ok(refuse(context, &AdminError::KeyIdTaken, None));
    };
    log_change(context, "key imported", &imported);
    Ok(Answer::json(201, &imported).not_stored())
}

/// Ends a key at once.
pub async fn delete(context: &Context, kid: &str) -> Result<Answer, Failure> {
    let dropped = operate(context, Operate::Drop { key_id: kid.to_owned() }).await?.pop();
    let Some(dropped) = dropped else {
        return Ok(refuse(context, &AdminError::NotFound, None));
    };
    log_change(context, "key dropped", &dropped);
    Ok(Answer::empty(204).not_stored())
}

/// Asks the keyring. This isolate hears of what changed at its next question.
async fn operate(context: &Context, message: Operate) -> Result<Vec<KeyView>, Failure> {
    let answer = objects::send(&context.env, ObjectKind::Keyring, keyring::NAME, &message).await;
    if !matches!(message, Operate::Look) {
        keys::ask_anew();
    }
    answer
}

fn log_change(context: &Context, what: &str, key: &KeyView) {
    context
        .outcome(Level::Info, what)
        .with("who", "admin".to_owned())
        .with("kid", key.kid.clone())
        .with("use", key.usage.as_str().to_owned())
        .write();
}
