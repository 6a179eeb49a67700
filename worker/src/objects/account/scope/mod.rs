//! One message's view of the account, and what each message does.
//!
//! There is no await in here, so what a message reads and writes is one step. Every check comes
//! before the first write.

mod access;
mod device;
mod grants;
mod overview;
mod page;
mod sessions;

use latchkey_protocol::activity::Activity;
use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::grant::Decision;
use latchkey_protocol::time::UnixTime;
use std::rc::Rc;

use super::messages::Create;
use super::rows::{Rows, Versions};
use crate::failure::Failure;
use crate::objects::storage::Storage;

/// One message's view of the account.
pub struct Scope {
    pub rows: Rows,
    pub configuration: Rc<Configuration>,
    pub now: UnixTime,
}

/// Creates the account, unless it exists; whether it was created.
pub fn create(storage: &Storage<'_>, message: &Create, now: UnixTime) -> Result<bool, Failure> {
    let rows = Rows::made(storage)?;
    rows.together(|| {
        let created = rows.create(message, now)?;
        if created {
            rows.log(&Activity::SignedUp, now)?;
        }
        Ok(created)
    })
}

impl Scope {
    /// Writes what was decided on the grants of `versions`, and hands out the reply.
    fn apply<R>(&self, versions: &Versions, decision: Decision<R>) -> Result<R, Failure> {
        match decision.writes.as_slice() {
            [] | [_] => self.apply_in_order(versions, decision),
            [_, _, ..] => self.rows.together(|| self.apply_in_order(versions, decision)),
        }
    }

    /// The same, but what was written stays if something after it can't be written: for what is simply done again then.
    fn apply_in_order<R>(&self, versions: &Versions, decision: Decision<R>) -> Result<R, Failure> {
        for write in &decision.writes {
            self.rows.apply(write, versions, self.now)?;
        }
        Ok(decision.reply)
    }
}
