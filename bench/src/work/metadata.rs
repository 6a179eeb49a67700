//! The authorization server's metadata
//! ([RFC 8414 section 3](https://www.rfc-editor.org/rfc/rfc8414#section-3)).

use anyhow::{Result, ensure};

use super::repeated::Repeated;
use super::{Entry, Side, limit};
use crate::connection::{Call, Reply};
use crate::house::House;
use crate::stage::Stage;

/// Where the document is.
pub const PATH: &str = "/.well-known/oauth-authorization-server";

/// Who takes part. The do-nothing worker in JavaScript is here for comparison.
pub fn entries(stage: &Stage) -> Vec<Entry> {
    vec![
        ours(&stage.latchkey),
        Entry::new(Side::Peer, stage.peer.address, ask(stage.connections)),
        limit::nothing(stage),
        limit::nothing_in_javascript(stage),
    ]
}

/// Latchkey's part.
pub fn ours(house: &House) -> Entry {
    Entry::new(Side::Latchkey, house.address(), ask(house.connections))
}

fn ask(connections: usize) -> impl Iterator<Item = Repeated> {
    (0..connections).map(|_| Repeated::new(Call::get(PATH), 200, check))
}

/// That it is the document. Reading all of it each time would be work of the bench alone.
pub fn check(reply: &Reply) -> Result<()> {
    ensure!(reply.text().contains("\"token_endpoint\""), "no token_endpoint: {}", reply.describe());
    Ok(())
}
