//! Changing and removing a stored client, so that no copy that can be reached from here outlives it.

use latchkey_protocol::client::{ClientId, ClientRecord};

use super::{ask, forget, keep, shard_of};
use crate::context::Context;
use crate::failure::Failure;
use crate::objects::client_registry::messages::{Change, EndGrants, Read, Remove, StoredClient};

/// Reads a client that is going to be changed, expired ones too; `None` when no shard has it.
pub async fn read(
    context: &Context,
    client_id: &ClientId,
) -> Result<Option<StoredClient>, Failure> {
    let Some(shard) = shard_of(context, client_id) else { return Ok(None) };
    ask(context, shard, &Read { client_id: client_id.clone() }).await
}

/// Replaces a client that was read as `version`; whether it was still the same. If not, whoever asked
/// decides anew on what it is now.
pub async fn change(
    context: &Context,
    version: u64,
    record: ClientRecord,
) -> Result<bool, Failure> {
    let Some(shard) = shard_of(context, &record.client_id) else { return Ok(false) };
    let message = Change { version, record };
    let is_changed = ask(context, shard, &message).await?;
    if is_changed {
        keep(context, message.record);
    }
    Ok(is_changed)
}

/// Removes a client with what people allowed it; whether it was there. When this returns, it gets no
/// more tokens and at most 100 accounts have been told; the shard goes on with the rest by itself.
pub async fn remove(context: &Context, client_id: &ClientId) -> Result<bool, Failure> {
    let Some(shard) = shard_of(context, client_id) else { return Ok(false) };
    let was_there = ask(context, shard, &Remove { client_id: client_id.clone() }).await?;
    forget(context, client_id);
    if was_there {
        // The client is gone and the shard's alarm is set: this only makes it quick.
        let told = ask(context, shard, &EndGrants { client_id: client_id.clone() }).await;
        if let Err(failure) = told {
            context.log_failure(&failure);
        }
    }
    Ok(was_there)
}
