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

/// The status says all.
const fn any(_: &Reply) -> Result<()> {
    Ok(())
}
