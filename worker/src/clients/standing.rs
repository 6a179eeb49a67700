//! Whether a client may still use what it has.

use latchkey_protocol::client::{ClientId, ClientRecord};
use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::time::UnixTime;

use super::{find, shard_name};
use crate::bindings::Bindings;
use crate::context::Context;
use crate::failure::Failure;
use crate::objects::client_registry::messages::Find;
use crate::objects::{self, ObjectKind};

/// Whether a client may still use what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Good,
    /// The operator has disabled it.
    Disabled,
    /// There is no such client any more.
    Gone,
}

impl Standing {
    fn of(client: Option<&ClientRecord>) -> Self {
        match client {
            Some(client) if client.policy.disabled => Self::Disabled,
            Some(_) => Self::Good,
            None => Self::Gone,
        }
    }
}

/// Whether a client may still use what it has, known to the minute.
///
/// # Errors
///
/// [`Failure`] when the shard doesn't answer.
pub async fn standing(context: &Context, client_id: &ClientId) -> Result<Standing, Failure> {
    if let Some(standing) = standing_of_document(&context.configuration, client_id) {
        return Ok(standing);
    }
    Ok(Standing::of(find(context, client_id).await?.ok().as_deref()))
}

/// As [`standing`], known for certain, for whoever goes on after the request.
///
/// # Errors
///
/// The same.
pub async fn standing_now(
    env: &Bindings,
    configuration: &Configuration,
    client_id: &ClientId,
    now: UnixTime,
) -> Result<Standing, Failure> {
    if let Some(standing) = standing_of_document(configuration, client_id) {
        return Ok(standing);
    }
    if let Some(client) = configuration.configured_client(client_id) {
        return Ok(Standing::of(Some(client)));
    }
    let Some(shard) = client_id.shard(&configuration.prefixes.client_id) else {
        return Ok(Standing::Gone);
    };
    let message = Find { client_id: client_id.clone() };
    let found =
        objects::send(env, ObjectKind::ClientRegistry, &shard_name(shard), &message).await?;
    Ok(Standing::of(found.filter(|client| !client.is_expired(now)).as_ref()))
}

/// Of a client with a metadata document only the configuration decides anything. That its document can
/// still be fetched is asked when it wants new tokens.
fn standing_of_document(configuration: &Configuration, client_id: &ClientId) -> Option<Standing> {
    client_id.is_document().then(|| {
        let disabled = configuration.document_policy(client_id).disabled;
        if disabled { Standing::Disabled } else { Standing::Good }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_protocol::client::ClientPolicy;
    use serde_json::json;

    fn client() -> ClientRecord {
        latchkey_protocol::json::from_value(json!({
            "client_id": "client", "metadata": {}, "token_endpoint_auth_method": "none",
            "issued_at": 0, "expires_at": 10_000,
        }))
        .expect("a record")
    }

    #[test]
    fn a_client_stands_as_the_operator_decided_and_is_gone_when_nothing_has_it() {
        let good = client();
        let policy = ClientPolicy { disabled: true, ..ClientPolicy::default() };
        let disabled = ClientRecord { policy, ..good.clone() };
        assert_eq!(Standing::of(Some(&good)), Standing::Good);
        assert_eq!(Standing::of(Some(&disabled)), Standing::Disabled);
        assert_eq!(Standing::of(None), Standing::Gone);
    }

    #[test]
    fn of_a_client_with_a_document_only_the_configuration_decides() {
        let settings = json!({
            "resources": [{ "path": "/mcp" }],
            "clients": [{ "client_id": "https://a.example/client", "disabled": true }],
        });
        let configuration =
            Configuration::parse("https://id.example", &settings).expect("settings");
        let standing = |text: &str| {
            standing_of_document(&configuration, &ClientId::parse(text).expect("an id"))
        };
        assert_eq!(standing("https://a.example/client"), Some(Standing::Disabled));
        assert_eq!(standing("https://b.example/client"), Some(Standing::Good));
        assert_eq!(standing("client"), None);
    }
}
