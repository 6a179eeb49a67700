//! Whatever happens in whatever order, against what holds for every device flow.

use proptest::prelude::*;

use super::tests::{account, begun, by};
use super::*;
use crate::grant::authorization_code::Approver;
use crate::grant::{GrantRecord, Write};
use crate::test_support::{NOW, after, client_id, configuration, entropy_after};

/// Something that happens.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Time passes.
    Wait(u64),
    /// The device asks, and redeems what was approved.
    Poll,
    /// Another client asks with the same code.
    PollAsAnother,
    /// A person's Allow reaches the request, and not yet their account.
    Approve(usize),
    /// A person's Allow reaches both.
    ApproveWholly(usize),
    /// A person's Don't allow.
    Deny(usize),
    /// A person looks.
    LookUp(usize),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => (0_u64..40).prop_map(Event::Wait),
        1 => (500_u64..700).prop_map(Event::Wait),
        6 => Just(Event::Poll),
        1 => Just(Event::PollAsAnother),
        1 => (0_usize..3).prop_map(Event::Approve),
        2 => (0_usize..3).prop_map(Event::ApproveWholly),
        1 => (0_usize..3).prop_map(Event::Deny),
        1 => (0_usize..3).prop_map(Event::LookUp),
    ];
    proptest::collection::vec(event, 0..40)
}

#[derive(Default)]
struct World {
    seconds: u64,
    /// The grant in each account.
    grants: [Option<GrantRecord>; 3],
    decided: Option<(bool, usize)>,
    tokens: usize,
    interval: u64,
}

proptest! {
    #[test]
    fn rfc8628_3_5_dev_03_dev_04_one_decision_tokens_once_and_an_interval_that_only_grows(
        events in events()
    ) {
        let (mut record, code) = begun();
        let grant = record.grant.clone();
        let lifetimes = configuration().lifetimes;
        let mut world = World { interval: 5, ..World::default() };
        for event in events {
            let now = after(world.seconds);
            match event {
                Event::Wait(seconds) => world.seconds += seconds,
                Event::Poll => {
                    let decision = poll(Some(record.clone()), &by("client", &code), now);
                    if let Some(written) = decision.write {
                        record = *written;
                    }
                    match (&decision.reply, world.decided) {
                        (Ok(approved), Some((true, person))) => {
                            prop_assert_eq!(&approved.account, &account(person));
                            let redemption = Redemption {
client_snapshot: None,
                                secret: code.secret.clone(),
                                client_id: client_id("client"),
                                resource: Vec::new(),
                            };
                            let decision = redeem(
                                world.grants[person].clone(),
                                &redemption,
                                &configuration(),
                                now,
                                &mut entropy_after(70),
                            );
                            world.tokens += usize::from(decision.reply.is_ok());
                            for write in decision.writes {
                                if let Write::Grant(written) = write {
                                    world.grants[person] = Some(*written);
                                }
                            }
                        }
                        (Err(PollError::Denied), Some((false, _))) => {}
                        (Err(PollError::Expired), Some((true, _)) | None) => {
                            prop_assert!(world.seconds >= 600);
                        }
                        (Err(PollError::Pending), None) => prop_assert!(world.seconds < 600),
                        (Err(PollError::SlowDown(interval)), None) => {
                            let interval = interval.as_seconds();
                            prop_assert!(world.seconds < 600);
                            prop_assert_eq!(interval, (world.interval + 5).min(60));
                            world.interval = interval;
                        }
                        (reply, decided) => prop_assert!(false, "{reply:?} after {decided:?}"),
                    }
                }
                Event::PollAsAnother => {
                    let decision = poll(Some(record.clone()), &by("another", &code), now);
                    prop_assert!(decision.write.is_none());
                    prop_assert_eq!(decision.reply, Err(PollError::AnotherClient));
                }
                Event::Approve(person) | Event::ApproveWholly(person) => {
                    let decision = approve(Some(record.clone()), Some(&grant), &account(person), now);
                    if let Some(written) = decision.write {
                        prop_assert!(world.decided.is_none() && world.seconds < 600);
                        record = *written;
                        world.decided = Some((true, person));
                    }
                    let (Ok(approved), Event::ApproveWholly(_)) = (decision.reply, event) else {
                        continue;
                    };
                    prop_assert_eq!(world.decided, Some((true, person)));
                    let id = account(person);
                    let approver = Approver { account: &id, authenticated_at: NOW };
                    let existing = world.grants[person].clone();
                    let access = grant_access(existing, &approved, None, approver, &lifetimes, now);
                    for write in access.writes {
                        if let Write::Grant(written) = write {
                            world.grants[person] = Some(*written);
                        }
                    }
                }
                Event::Deny(person) => {
                    let decision = deny(Some(record.clone()), &grant, &account(person), now);
                    if let Some(written) = decision.write {
                        prop_assert!(world.decided.is_none() && world.seconds < 600);
                        record = *written;
                        world.decided = Some((false, person));
                    }
                }
                Event::LookUp(person) => {
                    let found = look_up(Some(record.clone()), &account(person), now);
                    let expected = match (found, world.decided) {
                        (LookUp::Pending(_), None) => world.seconds < 600,
                        (LookUp::Expired, None) => world.seconds >= 600,
                        (LookUp::Approved { by_you, .. }, Some((true, by))) => by_you == (by == person),
                        (LookUp::Denied { by_you }, Some((false, by))) => by_you == (by == person),
                        _ => false,
                    };
                    prop_assert!(expected);
                }
            }
        }
        prop_assert!(world.tokens <= 1);
        prop_assert!(world.grants.iter().flatten().count() <= 1, "one person pays");
    }
}
