//! Revocation ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)) of access tokens, each of which works
//! until then. They are got by refreshes before the clock runs.

use anyhow::Result;

use super::refresh::{self, Chain};
use super::{Entry, Side, limit};
use crate::connection::Connection;
use crate::house::House;
use crate::load::{Doing, Next, Visitor};
use crate::party::ClientKind;
use crate::stage::Stage;

struct Revoking {
    endpoint: &'static str,
    chain: Chain,
    stock: Vec<String>,
}

/// A visitor for each chain.
fn all(endpoint: &'static str, chains: Vec<Chain>) -> impl Iterator<Item = Revoking> {
    chains.into_iter().map(move |chain| Revoking { endpoint, chain, stock: Vec::new() })
}

impl Visitor for Revoking {
    fn once<'a>(&'a mut self, connection: &'a mut Connection) -> Doing<'a, Next> {
        Box::pin(async {
            let Some(token) = self.stock.pop() else { return Ok(Next::Nothing) };
            let call = self.chain.party().client.calls(self.endpoint, &[("token", &token)])?;
            connection.send(&call).await?.expect(200)?;
            Ok(Next::Done)
        })
    }

    fn stock_up<'a>(&'a mut self, connection: &'a mut Connection) -> Doing<'a, bool> {
        Box::pin(async {
            let token = self.chain.next(connection).await?;
            self.stock.push(token);
            Ok(true)
        })
    }
}

/// Who takes part.
pub async fn entries(stage: &mut Stage) -> Result<Vec<Entry>> {
    let peer = stage.peer.address;
    let theirs = Chain::of_all(peer, stage.peer_parties(ClientKind::Public).await?).await?;
    Ok(vec![
        ours(&mut stage.latchkey).await?,
        // Its metadata names the token endpoint for this, too.
        Entry::new(Side::Peer, peer, all("/token", theirs)),
        limit::writes(stage).await?,
    ])
}

/// Latchkey's part.
pub async fn ours(house: &mut House) -> Result<Entry> {
    let chains = refresh::chains(house).await?;
    Ok(Entry::new(Side::Latchkey, house.address(), all("/revoke", chains)))
}
