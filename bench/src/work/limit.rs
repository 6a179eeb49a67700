//! What the platform itself allows.

use anyhow::Result;

use super::repeated::Repeated;
use super::{Entry, Side};
use crate::connection::{Call, Connection, Reply};
use crate::house::PEOPLE;
use crate::stage::Stage;

/// A do-nothing worker in Rust.
pub fn nothing(stage: &Stage) -> Entry {
    Entry::new(Side::Limit, stage.limit.address, do_nothing(stage))
}

/// The same in JavaScript.
pub fn nothing_in_javascript(stage: &Stage) -> Entry {
    Entry::new(Side::JavaScript, stage.nothing.address, do_nothing(stage))
}

fn do_nothing(stage: &Stage) -> impl Iterator<Item = Repeated> {
    (0..stage.connections).map(|_| Repeated::new(Call::get("/"), 200, any))
}

/// A bare object reads a row. As many objects as there are people, shared by connections in turn.
pub async fn reads(stage: &Stage) -> Result<Entry> {
    objects(stage, "read").await
}

/// A bare object reads a row and changes it on a condition.
pub async fn writes(stage: &Stage) -> Result<Entry> {
    objects(stage, "write").await
}

async fn objects(stage: &Stage, operation: &str) -> Result<Entry> {
    let mut connection = Connection::open(stage.limit.address).await?;
    let mut visitors = Vec::new();
    for number in 0..stage.connections {
        let name = format!("person{}", number % PEOPLE);
        if number < PEOPLE {
            connection.send(&Call::get(format!("/create/{name}"))).await?.expect(200)?;
        }
        visitors.push(Repeated::new(Call::get(format!("/{operation}/{name}")), 200, any));
    }
    Ok(Entry::new(Side::Limit, stage.limit.address, visitors))
}

/// A refresh's operations, bare. As many objects as there are people, shared by connections in turn.
pub fn refreshes(stage: &Stage) -> Entry {
    let call = |number: usize| {
        let person = format!("person{}", number % PEOPLE);
        // As long as Latchkey's tokens are.
        let token = "t".repeat(90);
        Call::form("/refresh", &[("person", &person), ("refresh_token", &token)])
    };
    let visitors = (0..stage.connections).map(|number| Repeated::new(call(number), 200, any));
    Entry::new(Side::Bare, stage.bare.address, visitors)
}

/// The operations of a call through a gateway, bare.
pub fn calls(stage: &Stage) -> Entry {
    let visitors = (0..stage.connections).map(|_| Repeated::new(Call::get("/call"), 200, any));
    Entry::new(Side::Bare, stage.bare.address, visitors)
}

/// The status says all.
const fn any(_: &Reply) -> Result<()> {
    Ok(())
}
