//! `/admin/clients/<client_id>/refusals` and `/admin/refusals`: the last refusals, the newest first.

use futures_util::future::try_join_all;
use latchkey_protocol::administration::{AdminError, KEPT_REFUSALS, RefusedRequest, keep_refusals};
use latchkey_protocol::client::ClientId;
use serde::Serialize;

use super::{clients, refuse};
use crate::clients::ask;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::Answer;
use crate::objects::client_registry::messages::FindRefusals;

/// Those of one client.
pub async fn of_client(context: &Context, id: &str) -> Result<Answer, Failure> {
    let Some(client_id) = ClientId::from_path_segment(id) else {
        return Ok(refuse(context, &AdminError::NotFound, None));
    };
    let shard = client_id.home_shard(&context.configuration.prefixes.client_id);
    let message = FindRefusals { client_id: Some(client_id) };
    let refused = ask(context, shard, &message).await?;
    // One that describes itself is known here by nothing but what it did.
    if refused.is_empty()
        && !message.client_id.as_ref().is_some_and(ClientId::is_document)
        && clients::find(context, id).await?.is_none()
    {
        return Ok(refuse(context, &AdminError::NotFound, None));
    }
    Ok(listed(refused))
}

/// Those of clients that nobody knows, of all shards together.
pub async fn of_nobody(context: &Context) -> Result<Answer, Failure> {
    let shards = 0..context.configuration.client_registry_shards.max(ClientId::HASHED_SHARDS);
    let message = FindRefusals { client_id: None };
    let refused = try_join_all(shards.map(|shard| ask(context, shard, &message))).await?;
    Ok(listed(keep_refusals(Vec::new(), refused.concat())))
}

fn listed(mut refusals: Vec<RefusedRequest>) -> Answer {
    #[derive(Serialize)]
    struct Listed {
        refusals: Vec<RefusedRequest>,
    }
    refusals.reverse();
    refusals.truncate(KEPT_REFUSALS);
    Answer::json(200, &Listed { refusals }).not_stored()
}
