//! Introspection ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)) of a client's own access token. The
//! peer has none.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::repeated::Repeated;
use super::{Entry, Side, limit};
use crate::connection::{Connection, Reply};
use crate::house::House;
use crate::party::ClientKind;
use crate::stage::Stage;

/// Who takes part.
pub async fn entries(stage: &mut Stage) -> Result<Vec<Entry>> {
    Ok(vec![ours(&mut stage.latchkey).await?, limit::reads(stage).await?])
}

/// Latchkey's part.
pub async fn ours(house: &mut House) -> Result<Entry> {
    let parties = house.parties(ClientKind::Confidential, "/remembered").await?;
    let mut connection = Connection::open(house.address()).await?;
    let mut visitors = Vec::new();
    for party in parties {
        let token = party.connect(&mut connection).await?.access;
        let call = party.client.calls("/introspect", &[("token", &token)])?;
        visitors.push(Repeated::new(call, 200, check));
    }
    Ok(Entry::new(Side::Latchkey, house.address(), visitors))
}

fn check(reply: &Reply) -> Result<()> {
    let is_active = reply.json()?.get("active") == Some(&Value::Bool(true));
    ensure!(is_active, "an active token was expected: {}", reply.describe());
    Ok(())
}
