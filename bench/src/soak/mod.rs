//! Mixed traffic for a long time: whether memory stays flat, nothing fails, and the books balance at the end.
//!
//! Each connection belongs to a household: a person with apps, who sign in, allow, refresh, call, give back and replay in a
//! random order. Every answer is checked; one that isn't right ends the run. At the end Latchkey is stopped and its storage
//! counted: each grant that was issued has to be alive, expired or ended. Then it starts again, and every grant has to do what the
//! books say of it.

mod books;
mod household;
mod memory;
mod report;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures_util::future::{try_join, try_join_all};
use tokio::time::{Instant, sleep};

use crate::connection::Connection;
use crate::flags::Flags;
use crate::house::House;

use books::Books;
use household::Household;
use memory::Memory;

pub use report::Report;

/// A grant that isn't refreshed ends after this share of the run, so that some do.
const IDLE_SHARE: u32 = 6;

/// What all households did.
#[derive(Debug, Default)]
struct Done {
    /// How often each thing was done, by name.
    times: std::collections::BTreeMap<&'static str, u64>,
    /// How many grants were issued.
    issued: u64,
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    took: Duration,
    seed: u64,
    done: Done,
    /// The memory of its runtime.
    pub memory: Memory,
    books: Books,
    /// How many grants were asked for new tokens at the end.
    asked: usize,
}

/// Opens a house whose grants end soon, for a run of so long.
pub async fn open(flags: &Flags, length: Duration, folder: &Path) -> Result<House> {
    let idle = (length / IDLE_SHARE).as_secs().max(2);
    // Refusals are part of it, and a million lines about them would be in nobody's way but ours.
    let settings = serde_json::json!({
        "lifetimes": {"refresh_token_idle": idle},
        "log": {"level": "error"},
    });
    House::open_with(flags.connections, folder, Some(settings), None).await
}

/// Lets the traffic run for so long.
pub async fn run(house: &mut House, length: Duration, flags: &Flags) -> Result<Outcome> {
    let (seed, pause) = (flags.seed, flags.pause);
    println!("seed {seed}: the same one makes the same choices");
    let done = Rc::new(RefCell::new(Done::default()));
    let mut people = Connection::open(house.address()).await?;
    let mut households = Vec::new();
    for number in 0..house.connections {
        let number_of_seed = seed.wrapping_add(u64::try_from(number)?);
        let random = fastrand::Rng::with_seed(number_of_seed);
        households.push(Household::move_in(&mut people, number, random, Rc::clone(&done)).await?);
    }
    let launcher = house.launcher_id().context("Latchkey has ended")?;
    let mut memory = Memory::of(launcher)?;
    let (began, until) = (Instant::now(), Instant::now() + length);
    let address = house.address();
    let living = households.iter_mut().map(|household| async move {
        let mut connection = Connection::open(address).await?;
        while Instant::now() < until {
            household.next(&mut connection).await?;
            sleep(pause).await;
        }
        anyhow::Ok(())
    });
    // Whoever meets a wrong answer ends the run at once.
    let _ = try_join(try_join_all(living), memory.watch(address, length)).await?;
    let took = began.elapsed();

    let mut books = None;
    house
        .reopen(None, |storage| {
            books = Some(Books::read(storage)?);
            Ok(())
        })
        .await?;
    let books = books.context("the books were read")?;
    let issued = done.borrow().issued;
    books.balance(issued)?;
    let asked = ask_all(house, &households, &books).await?;
    drop(households);
    let done = Rc::into_inner(done).context("all households are gone")?.into_inner();
    Ok(Outcome { took, seed, done, memory, books, asked })
}

/// Asks every grant that an app still holds for new tokens: it has to do what the books say of it.
async fn ask_all(house: &House, households: &[Household], books: &Books) -> Result<usize> {
    let mut connection = Connection::open(house.address()).await?;
    let mut asked = 0;
    for household in households {
        for held in household.holds() {
            let Some(is_alive) = books.is_alive(held.grant())? else { continue };
            ensure!(
                !(held.is_over && is_alive),
                "a grant that was ended is alive: {}",
                held.grant()
            );
            household.check(&mut connection, held, is_alive).await?;
            asked += 1;
        }
    }
    Ok(asked)
}
