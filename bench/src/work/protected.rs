//! A call of a protected resource. Behind it is a worker that does nothing; at the peer, a handler that
//! does nothing.

use anyhow::{Result, ensure};

use super::repeated::Repeated;
use super::{Entry, Side, limit};
use crate::connection::{Call, Connection, Reply};
use crate::house::House;
use crate::page;
use crate::party::{ClientKind, Party};
use crate::person::Person;
use crate::stage::Stage;

/// A resource where Latchkey remembers for a minute that a credential was good.
const REMEMBERED: &str = "/remembered";
/// A resource where Latchkey asks the person's account at each call.
pub const ASKED: &str = "/asked";
/// An API that checks tokens by itself, and learns of no revocation.
const BESIDE: &str = "/beside";

/// Who takes part with access tokens.
pub async fn with_access_tokens(stage: &mut Stage) -> Result<Vec<Entry>> {
    let mut entries = ours_with_access_tokens(&mut stage.latchkey).await?;
    let beside = with_tokens_for(&mut stage.latchkey, Side::LatchkeyBeside, BESIDE).await?;
    entries.push(beside);
    let parties = stage.peer_parties(ClientKind::Public).await?;
    let address = stage.peer.address;
    entries.push(Entry::new(Side::Peer, address, calls(address, "/api", &parties).await?));
    entries.push(limit::nothing(stage));
    entries.push(limit::calls(stage));
    Ok(entries)
}

/// Who takes part with personal access tokens. The peer has none.
pub async fn with_personal_access_tokens(stage: &mut Stage) -> Result<Vec<Entry>> {
    let mut entries = ours_with_personal_access_tokens(&mut stage.latchkey).await?;
    entries.push(limit::nothing(stage));
    Ok(entries)
}

/// Latchkey's part with access tokens, at both resources.
pub async fn ours_with_access_tokens(house: &mut House) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (side, path) in [(Side::Latchkey, REMEMBERED), (Side::LatchkeyAsked, ASKED)] {
        entries.push(with_tokens_for(house, side, path).await?);
    }
    Ok(entries)
}

/// Calls of the resource at this path with access tokens for it.
async fn with_tokens_for(house: &mut House, side: Side, path: &str) -> Result<Entry> {
    let parties = house.parties(ClientKind::Public, path).await?;
    let address = house.address();
    Ok(Entry::new(side, address, calls(address, path, &parties).await?))
}

/// Latchkey's part with personal access tokens, at both resources.
pub async fn ours_with_personal_access_tokens(house: &mut House) -> Result<Vec<Entry>> {
    let people = house.people().await?;
    let address = house.address();
    let mut connection = Connection::open(address).await?;
    let mut entries = Vec::new();
    for (side, path) in [(Side::Latchkey, REMEMBERED), (Side::LatchkeyAsked, ASKED)] {
        let mut visitors = Vec::new();
        for person in &people {
            let token = personal_access_token(&mut connection, person, path).await?;
            visitors.push(call(path, &token)?);
        }
        entries.push(Entry::new(side, address, visitors));
    }
    Ok(entries)
}

async fn calls(
    address: std::net::SocketAddr,
    path: &str,
    parties: &[Party],
) -> Result<Vec<Repeated>> {
    let mut connection = Connection::open(address).await?;
    let mut visitors = Vec::new();
    for party in parties {
        let token = party.connect(&mut connection).await?.access;
        visitors.push(call(path, &token)?);
    }
    Ok(visitors)
}

fn call(path: &str, token: &str) -> Result<Repeated> {
    Ok(Repeated::new(Call::get(path).bearer(token)?, 200, check))
}

/// That it is the answer of what is behind.
fn check(reply: &Reply) -> Result<()> {
    ensure!(reply.text() == "ok", "\"ok\" was expected: {}", reply.describe());
    Ok(())
}

/// Makes a token on the page for it.
pub async fn personal_access_token(
    connection: &mut Connection,
    person: &Person,
    path: &str,
) -> Result<String> {
    const PAGE: &str = "/account/tokens";
    let page = connection.send(&person.browses(Call::get(PAGE))?).await?.expect(200)?;
    let fields = [
        ("csrf", &*page::hidden(&page, "csrf")?),
        ("label", "Bench"),
        ("scope", "mcp"),
        ("resource", &format!("https://id.example{path}")),
        ("lifetime", &*page::first_choice(&page, "lifetime")?),
    ];
    let shown = connection.send(&person.browses(Call::form(PAGE, &fields))?).await?.expect(200)?;
    page::text_of(&shown, "token")
}
