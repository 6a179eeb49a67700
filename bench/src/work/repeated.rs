//! The same call again and again.

use anyhow::Result;

use crate::connection::{Call, Connection, Reply};
use crate::load::{Doing, Next, Visitor};

/// A visitor that repeats one call.
pub struct Repeated {
    call: Call,
    status: u16,
    check: fn(&Reply) -> Result<()>,
}

impl Repeated {
    /// Repeats a call whose answer has this status and passes this check.
    pub const fn new(call: Call, status: u16, check: fn(&Reply) -> Result<()>) -> Self {
        Self { call, status, check }
    }
}

impl Visitor for Repeated {
    fn once<'a>(&'a mut self, connection: &'a mut Connection) -> Doing<'a, Next> {
        Box::pin(async {
            let reply = connection.send(&self.call).await?.expect(self.status)?;
            (self.check)(&reply)?;
            Ok(Next::Done)
        })
    }
}
