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

    #[tokio::test]
    async fn a_stock_that_is_used_up_at_once_is_no_measurement() {
        let address = server(OK).await;
        let mut visitors = [asking(None), asking(Some(0))];
        let error = run(address, &mut visitors, TURN).await.expect_err("used up");
        assert!(error.to_string().contains("used up too soon"), "{error:#}");
    }
}
