//! Dynamic client registration ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)) of a public client.

use anyhow::Result;

use super::repeated::Repeated;
use super::{Entry, Side, limit};
use crate::connection::{Call, Reply};
use crate::house::House;
use crate::party::ClientKind;
use crate::stage::Stage;

/// Who takes part.
pub async fn entries(stage: &Stage) -> Result<Vec<Entry>> {
    Ok(vec![
        ours(&stage.latchkey),
        Entry::new(Side::Peer, stage.peer.address, register(stage.connections)),
        limit::writes(stage).await?,
    ])
}

/// Latchkey's part.
pub fn ours(house: &House) -> Entry {
    Entry::new(Side::Latchkey, house.address(), register(house.connections))
}

fn register(connections: usize) -> impl Iterator<Item = Repeated> {
    let call = Call::json("/register", &ClientKind::Public.metadata());
    (0..connections).map(move |_| Repeated::new(call.clone(), 201, check))
}

fn check(reply: &Reply) -> Result<()> {
    reply.members(["client_id"]).map(|_| ())
}
