//! A closed loop: each connection does the next unit of work as soon as the last one is answered.

use std::cell::Cell;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
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

/// How much each visitor makes beforehand, at least: with less there would be more beginning than middle.
const LEAST_STOCK: usize = 8;
/// How often visitors stock up in one turn, at most.
const MAX_STRETCHES: u32 = 40;

/// Lets all visitors work at once, each on a connection of its own. Any error ends it.
///
/// The clock stands while visitors stock up, and stops when the first of them has nothing left, since the
/// others would have less company: so a turn may be several stretches.
pub async fn run<'v>(
    address: SocketAddr,
    visitors: impl IntoIterator<Item = &'v mut Box<dyn Visitor>>,
    turn: Turn,
) -> Result<Sample> {
    let mut visitors: Vec<_> = visitors.into_iter().collect();
    let mut sample = Sample::new()?;
    let mut left = turn.measured;
    for stretch in 0..MAX_STRETCHES {
        let is_stocked =
            stock_up(address, &mut visitors, turn.measured).await.context("beforehand")?;
        let warm_up = match (stretch, is_stocked) {
            (0, false) => turn.warm_up,
            // The contender is warm from making the stock, and the stock isn't endless.
            (0, true) => turn.warm_up.min(turn.measured / 10),
            _ => Duration::ZERO,
        };
        let took = work_all(address, &mut visitors, warm_up, left, &mut sample).await?;
        left = left.saturating_sub(took);
        if left.is_zero() {
            return Ok(sample);
        }
    }
    bail!("what visitors make beforehand was used up {MAX_STRETCHES} times, and too soon")
}

/// A connection for each visitor. A new one each time: who was done early has waited for the others, and the
/// runtime closes what is idle.
async fn connections(address: SocketAddr, count: usize) -> Result<Vec<Connection>> {
    try_join_all((0..count).map(|_| Connection::open(address))).await
}

/// Has all visitors make what they need, for a time; whether they need anything.
async fn stock_up(
    address: SocketAddr,
    visitors: &mut [&mut Box<dyn Visitor>],
    time: Duration,
) -> Result<bool> {
    let mut connections = connections(address, visitors.len()).await?;
    let pairs = visitors.iter_mut().zip(&mut connections);
    let enough = Instant::now() + time;
    let stocking = pairs.map(|(visitor, connection)| async move {
        let mut made = 0;
        while made < LEAST_STOCK || Instant::now() < enough {
            if !visitor.stock_up(connection).await? {
                return anyhow::Ok(false);
            }
            made += 1;
        }
        Ok(true)
    });
    Ok(try_join_all(stocking).await?.contains(&true))
}

/// Lets all visitors work; how long the clock ran.
async fn work_all(
    address: SocketAddr,
    visitors: &mut [&mut Box<dyn Visitor>],
    warm_up: Duration,
    measured: Duration,
    sample: &mut Sample,
) -> Result<Duration> {
    let mut connections = connections(address, visitors.len()).await?;
    let from = Instant::now() + warm_up;
    let until = Cell::new(from + measured);
    let pairs = visitors.iter_mut().zip(&mut connections);
    let working =
        pairs.map(|(visitor, connection)| work(&mut ***visitor, connection, from, &until));
    let marks = try_join_all(working).await?;
    let until = until.get();
    for (began, ended) in marks.into_iter().flatten() {
        if began >= from && began < until {
            sample.record(ended - began);
        }
        if ended >= from && ended < until {
            sample.count();
        }
    }
    let took = until.saturating_duration_since(from);
    sample.ran_for(took);
    Ok(took)
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::connection::Call;

    const TURN: Turn =
        Turn { warm_up: Duration::from_millis(10), measured: Duration::from_millis(200) };

    /// A server that gives this answer to every request, until the test ends.
    async fn server(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer));
            }
        });
        address
    }

    async fn serve(mut stream: TcpStream, answer: &'static str) {
        let mut asked = Vec::new();
        while let Ok(1..) = stream.read_buf(&mut asked).await {
            if asked.ends_with(b"\r\n\r\n") {
                asked.clear();
                stream.write_all(answer.as_bytes()).await.expect("written");
            }
        }
    }

    const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    /// Asks as often as it has something in stock; without a stock, always.
    struct Asking {
        stock: Option<usize>,
        asked: usize,
    }

    impl Visitor for Asking {
        fn once<'a>(&'a mut self, connection: &'a mut Connection) -> Doing<'a, Next> {
            Box::pin(async {
                if self.stock == Some(self.asked) {
                    return Ok(Next::Nothing);
                }
                self.asked += 1;
                connection.send(&Call::get("/")).await?.expect(200)?;
                Ok(Next::Done)
            })
        }
    }

    fn asking(stock: Option<usize>) -> Box<dyn Visitor> {
        Box::new(Asking { stock, asked: 0 })
    }

    #[tokio::test]
    async fn every_visitor_works_until_the_clock_stops_and_what_ended_is_counted() {
        let address = server(OK).await;
        let mut visitors = [asking(None), asking(None), asking(None)];
        let sample = run(address, &mut visitors, TURN).await.expect("a sample");
        assert!(sample.rate() > 0.0);
    }

    #[tokio::test]
    async fn issue_6_an_answer_that_is_not_expected_ends_the_run_and_is_shown() {
        let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 9\r\n\r\nsaturated";
        let address = server(answer).await;
        let error = run(address, &mut [asking(None)], TURN).await.expect_err("503");
        let message = format!("{error:#}");
        for part in ["200 was expected", "GET /", "503 Service Unavailable", "saturated"] {
            assert!(message.contains(part), "{part} in {message}");
        }
    }

    #[tokio::test]
    async fn issue_6_a_connection_that_breaks_ends_the_run() {
        let address = server("not HTTP\r\n\r\n").await;
        let error = run(address, &mut [asking(None)], TURN).await.expect_err("no HTTP");
        assert!(format!("{error:#}").starts_with("GET /"), "{error:#}");
    }

    /// Uses up what it makes, one at a time.
    #[derive(Default)]
    struct Making {
        stock: usize,
    }

    impl Visitor for Making {
        fn once<'a>(&'a mut self, connection: &'a mut Connection) -> Doing<'a, Next> {
            Box::pin(async {
                let Some(less) = self.stock.checked_sub(1) else { return Ok(Next::Nothing) };
                self.stock = less;
                connection.send(&Call::get("/")).await?.expect(200)?;
                Ok(Next::Done)
            })
        }

        fn stock_up<'a>(&'a mut self, connection: &'a mut Connection) -> Doing<'a, bool> {
            Box::pin(async {
                connection.send(&Call::get("/")).await?.expect(200)?;
                self.stock += 1;
                Ok(true)
            })
        }
    }

    #[tokio::test]
    async fn who_uses_up_what_it_made_makes_more_until_the_clock_has_run_long_enough() {
        let address = server(OK).await;
        let mut visitors: [Box<dyn Visitor>; 2] =
            [Box::new(Making::default()), Box::new(Making::default())];
        let sample = run(address, &mut visitors, TURN).await.expect("a sample");
        assert!(sample.rate() > 0.0);
    }

    #[tokio::test]
    async fn a_stock_that_is_always_used_up_at_once_is_no_measurement() {
        let address = server(OK).await;
        let mut visitors = [asking(None), asking(Some(0))];
        let error = run(address, &mut visitors, TURN).await.expect_err("used up");
        assert!(error.to_string().contains("used up 40 times"), "{error:#}");
    }
}
