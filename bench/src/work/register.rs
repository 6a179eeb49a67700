//! Dynamic client registration ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)) of a public client.

use anyhow::Result;

use super::repeated::Repeated;
use super::{Entry, Side, limit};
use crate::connection::{Call, Reply};
use crate::party::ClientKind;
use crate::stage::Stage;

/// Who takes part.
pub async fn entries(stage: &Stage) -> Result<Vec<Entry>> {
    let call = Call::json("/register", &ClientKind::Public.metadata());
    let register = || (0..stage.connections).map(|_| Repeated::new(call.clone(), 201, check));
    Ok(vec![
        Entry::new(Side::Latchkey, stage.latchkey.address, register()),
        Entry::new(Side::Peer, stage.peer.address, register()),
        limit::writes(stage).await?,
    ])
}

fn check(reply: &Reply) -> Result<()> {
    reply.members(["client_id"]).map(|_| ())
}
