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
use latchkey_protocol::grant::{self, Decision, Write};
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
        if is_one_statement(&decision.writes, versions) {
            return self.apply_in_order(versions, decision);
        }
        self.rows.together(|| self.apply_in_order(versions, decision))
    }

    /// The same, but what was written stays if something after it can't be written: for what is simply done again then.
    fn apply_in_order<R>(&self, versions: &Versions, decision: Decision<R>) -> Result<R, Failure> {
        for write in &decision.writes {
            self.rows.apply(write, versions, self.now)?;
        }
        Ok(decision.reply)
    }
}

/// Whether nothing can be written by half, so that a transaction would only cost.
fn is_one_statement(writes: &[Write], versions: &Versions) -> bool {
    match writes {
        [] | [Write::Activity(_) | Write::RevokedAccessToken { .. }] => true,
        // Adding one may end others, of which the log tells.
        [Write::Grant(grant)] => {
            versions.of(&grant.id).is_some() || !grant::counts_others(&grant.id)
        }
        [_, _, ..] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::account::rows::StoredGrant;
    use latchkey_protocol::grant::GrantRecord;
    use serde_json::json;

    /// A grant, by the first letter of its id.
    fn grant(first: char) -> GrantRecord {
        let hash = "A".repeat(43);
        let record = json!({
            "id": format!("{first}AAAAAAAAAAAAAAAAAAAAA"), "client_id": "the-app",
            "redirect_uri": "http://127.0.0.1/callback", "redirect_uri_was_sent": true,
            "scope": "mcp", "resources": [], "authenticated_at": 1, "created_at": 1,
            "last_used_at": 1, "ends_at": 9, "family": {"state": "not_started"},
            "code": {"state": "redeemed", "code_hash": hash, "code_challenge": null},
        });
        latchkey_protocol::json::from_value(record).expect("a grant")
    }

    #[test]
    fn what_may_be_written_by_half_is_a_transaction_and_nothing_else_is() {
        let mut versions = Versions::default();
        let known = |record: GrantRecord| {
            let forget_at = record.forget_at();
            StoredGrant { record, version: 1, forget_at, last_called_at: None }
        };
        let _ = versions.keep(known(grant('B')));
        let one = |first| Write::Grant(Box::new(grant(first)));
        let activity = || Write::Activity(Activity::SignedUp);
        let is_one = |writes: &[Write]| is_one_statement(writes, &versions);
        assert!(is_one(&[]));
        assert!(is_one(&[activity()]));
        assert!(is_one(&[one('B')]), "a change");
        assert!(is_one(&[one('Z')]), "a new one that comes alone");
        assert!(!is_one(&[one('A')]), "a new one with which others may end");
        assert!(!is_one(&[one('B'), activity()]));
        assert!(!is_one(&[one('B'), one('Z')]));
    }
}
