//! An authorization request of a person who is signed in and has allowed the client before, so that the
//! answer is a code at once, and the exchange of that code. One unit is both requests.

use anyhow::Result;

use super::{Entry, Side, limit};
use crate::connection::Connection;
use crate::house::House;
use crate::load::{Doing, Next, Visitor};
use crate::party::{ClientKind, Party};
use crate::stage::Stage;

struct Connecting(Party);

impl Visitor for Connecting {
    fn once<'a>(&'a mut self, connection: &'a mut Connection) -> Doing<'a, Next> {
        Box::pin(async {
            self.0.connect(connection).await?;
            Ok(Next::Done)
        })
    }
}

/// Who takes part.
pub async fn entries(stage: &mut Stage) -> Result<Vec<Entry>> {
    let ours = ours(&mut stage.latchkey).await?;
    let theirs = stage.peer_parties(ClientKind::Public).await?;
    Ok(vec![
        ours,
        Entry::new(Side::Peer, stage.peer.address, theirs.into_iter().map(Connecting)),
        limit::writes(stage).await?,
    ])
}

/// Latchkey's part.
pub async fn ours(house: &mut House) -> Result<Entry> {
    let parties = house.parties(ClientKind::Public, "/remembered").await?;
    Ok(Entry::new(Side::Latchkey, house.address(), parties.into_iter().map(Connecting)))
}
