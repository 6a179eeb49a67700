//! A closed loop: each connection does the next unit of work as soon as the last one is answered.

use std::cell::Cell;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Result, bail};
use futures_util::future::try_join_all;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::figures::Sample;

/// Something that a visitor does on its connection.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// Whether a visitor can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It did one unit of work.
    Done,
    /// It had nothing left to do.
    Nothing,
}

/// Who sits at one end of a connection, with what it needs from one unit of work to the next.
pub trait Visitor {
    /// Does one unit of work and checks what was answered.
    fn once<'a>(&'a mut self, connection: &'a mut Connection) -> Doing<'a, Next>;

    /// Makes something to work with, before the clock runs; `false` when nothing is needed.
    fn stock_up<'a>(&'a mut self, _connection: &'a mut Connection) -> Doing<'a, bool> {
        Box::pin(async { Ok(false) })
    }
}

/// How long one turn is.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// Before the clock runs.
    pub warm_up: Duration,
    /// While it runs.
    pub measured: Duration,
}

impl Turn {
    /// How long visitors stock up: using something up may be three times as fast as making it.
    fn stocking(self) -> Duration {
        self.measured * 3
    }

    /// A shorter warm-up for those who have stocked up: the contender is warm, and the stock isn't endless.
    fn brief_warm_up(self) -> Duration {
        self.warm_up.min(self.measured / 10)
    }
}

/// Lets all visitors work at once, each on a connection of its own. Any error ends it.
pub async fn run<'v>(
    address: SocketAddr,
    visitors: impl IntoIterator<Item = &'v mut Box<dyn Visitor>>,
    turn: Turn,
) -> Result<Sample> {
    let mut pairs = Vec::new();
    for visitor in visitors {
        pairs.push((visitor, Connection::open(address).await?));
    }
    let enough = Instant::now() + turn.stocking();
    let stocking = pairs.iter_mut().map(|(visitor, connection)| async move {
        while visitor.stock_up(connection).await? {
            if Instant::now() >= enough {
                return anyhow::Ok(true);
            }
        }
        Ok(false)
    });
    let is_stocked = try_join_all(stocking).await?.contains(&true);

    let warm_up = if is_stocked { turn.brief_warm_up() } else { turn.warm_up };
    let from = Instant::now() + warm_up;
    // Earlier, when the first visitor has nothing left: the others would work with less company.
    let until = Cell::new(from + turn.measured);
    let working = pairs
        .iter_mut()
        .map(|(visitor, connection)| work(&mut ***visitor, connection, from, &until));
    let marks = try_join_all(working).await?;

    let until = until.get();
    if until < from + turn.measured / 5 {
        bail!("what was made beforehand was used up too soon: use more --seconds");
    }
    let mut sample = Sample::new()?;
    for (began, ended) in marks.into_iter().flatten() {
        if began >= from && began < until {
            sample.record(ended - began);
        }
        if ended >= from && ended < until {
            sample.count();
        }
    }
    sample.ran_for(until - from);
    Ok(sample)
}

/// Works until the time is over; when each unit began and ended.
async fn work(
    visitor: &mut dyn Visitor,
    connection: &mut Connection,
    from: Instant,
    until: &Cell<Instant>,
) -> Result<Vec<(Instant, Instant)>> {
    let mut marks = Vec::new();
    let mut began = Instant::now();
    while began < until.get() {
        if visitor.once(connection).await? == Next::Nothing {
            until.set(began.min(until.get()));
            break;
        }
        let ended = Instant::now();
        if ended >= from {
            marks.push((began, ended));
        }
        began = ended;
    }
    Ok(marks)
}
