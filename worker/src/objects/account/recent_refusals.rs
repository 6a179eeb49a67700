//! The same refusal, over and over, is one entry a minute in the log.

use latchkey_protocol::activity::RefusedCall;
use latchkey_protocol::json;
use latchkey_protocol::time::{Lifetime, UnixTime};
use std::cell::RefCell;
use std::collections::HashMap;

/// How long a refusal stands for those like it.
const STANDS: Lifetime = Lifetime::minutes(1);
/// How many different ones are remembered before all are forgotten.
const REMEMBER_AT_MOST: usize = 256;

/// The refusals of the last minute, in the object's memory: whoever repeats a call with a token
/// that was taken back costs no row each time.
#[derive(Default)]
pub struct RecentRefusals(RefCell<HashMap<String, UnixTime>>);

impl RecentRefusals {
    /// Whether there was none like it in the last minute. If so there is now.
    pub fn is_news(&self, call: &RefusedCall, now: UnixTime) -> bool {
        // By what was refused and why; each has a reference of its own, which doesn't count, nor does
        // a label: the token's id does.
        let alike = RefusedCall { reference: String::new(), label: None, ..call.clone() };
        let Ok(key) = json::write(&alike) else { return true };
        let mut recent = self.0.borrow_mut();
        if recent.get(&key).is_some_and(|at| now.since(*at) < STANDS) {
            return false;
        }
        if recent.len() >= REMEMBER_AT_MOST {
            recent.clear();
        }
        recent.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use latchkey_protocol::access::Credential;
    use latchkey_protocol::identifier::PersonalAccessTokenId;
    use latchkey_protocol::resource::ResourceIndicator;

    fn refused(tool: &str, reference: &str) -> RefusedCall {
        let id = PersonalAccessTokenId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("an id");
        RefusedCall {
            resource: ResourceIndicator::parse("https://id.example/mcp").expect("a resource"),
            credential: Credential::PersonalAccessToken { id },
            label: None,
            method: "POST".to_owned(),
            rpc: None,
            tool: Some(tool.to_owned()),
            reason: "revoked".to_owned(),
            reference: reference.to_owned(),
        }
    }

    #[test]
    fn the_same_refusal_is_noted_once_a_minute_whatever_its_reference() {
        let recent = RecentRefusals::default();
        let now = UnixTime::from_seconds(1_000);
        assert!(recent.is_news(&refused("a", "one"), now));
        assert!(!recent.is_news(&refused("a", "two"), now.plus(Lifetime::seconds(59))));
        let labelled = RefusedCall { label: Some("CI".into()), ..refused("a", "two") };
        assert!(!recent.is_news(&labelled, now));
        assert!(recent.is_news(&refused("b", "three"), now));
        assert!(recent.is_news(&refused("a", "four"), now.plus(Lifetime::seconds(60))));
    }

    #[test]
    fn many_different_refusals_fill_no_memory() {
        let recent = RecentRefusals::default();
        for number in 0..10_000 {
            let call = refused(&number.to_string(), "r");
            assert!(recent.is_news(&call, UnixTime::from_seconds(1)));
        }
        assert!(recent.0.borrow().len() <= REMEMBER_AT_MOST);
    }
}
