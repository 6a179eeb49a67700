//! Refresh in chains: each connection has a grant of its own and presents what the last refresh gave.

use std::net::SocketAddr;

use anyhow::Result;

use super::{Entry, Side, limit};
use crate::connection::Connection;
use crate::house::House;
use crate::load::{Doing, Next, Visitor};
use crate::party::{ClientKind, Party};
use crate::stage::Stage;

/// A chain and its last link.
pub struct Chain {
    party: Party,
    token: String,
}

impl Chain {
    /// One chain for each party.
    pub async fn of_all(address: SocketAddr, parties: Vec<Party>) -> Result<Vec<Self>> {
        let mut connection = Connection::open(address).await?;
        let mut chains = Vec::new();
        for party in parties {
            let token = party.connect(&mut connection).await?.refresh;
            chains.push(Self { party, token });
        }
        Ok(chains)
    }

    /// The party whose chain it is.
    pub const fn party(&self) -> &Party {
        &self.party
    }

    /// Refreshes once; the access token that came.
    pub async fn next(&mut self, connection: &mut Connection) -> Result<String> {
        let tokens = self.party.refresh(connection, &self.token).await?;
        self.token = tokens.refresh;
        Ok(tokens.access)
    }
}

impl Visitor for Chain {
    fn once<'a>(&'a mut self, connection: &'a mut Connection) -> Doing<'a, Next> {
        Box::pin(async {
            self.next(connection).await?;
            Ok(Next::Done)
        })
    }
}

/// Who takes part.
pub async fn entries(stage: &mut Stage) -> Result<Vec<Entry>> {
    let peer = stage.peer.address;
    let theirs = Chain::of_all(peer, stage.peer_parties(ClientKind::Public).await?).await?;
    Ok(vec![
        ours(&mut stage.latchkey).await?,
        Entry::new(Side::Peer, peer, theirs),
        limit::writes(stage).await?,
        limit::refreshes(stage),
    ])
}

/// Latchkey's part.
pub async fn ours(house: &mut House) -> Result<Entry> {
    Ok(Entry::new(Side::Latchkey, house.address(), chains(house).await?))
}

/// A chain for each connection at Latchkey.
pub async fn chains(house: &mut House) -> Result<Vec<Chain>> {
    let parties = house.parties(ClientKind::Public, "/remembered").await?;
    Chain::of_all(house.address(), parties).await
}
