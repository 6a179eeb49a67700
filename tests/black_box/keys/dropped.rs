//! A key that somebody may have stolen: it counts no more.

use latchkey_tests::upstream::Answer;
use latchkey_tests::{Tokens, Walk};
use serde_json::json;
use std::io::Write;
use std::net::TcpStream;

use super::{Keyed, kid, signer};
use crate::Case;
use crate::gateway::opened;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: a dropped key signs nothing more, its tokens are refused by gateway and introspection at once, and another takes over",
            |_| drops(),
        ),
        Case::new(
            "issue 7: an isolate that isn't told refuses the tokens of a dropped key after a minute at most, remembered ones too",
            |_| elsewhere(),
        ),
        Case::new(
            "issue 7: an event stream that is open when its token's key is dropped ends soon after",
            |_| open_stream(),
        ),
        Case::new(
            "issue 7: a call that is under way while its token's key is dropped is the last that it is good for, and so is its event stream",
            |_| {
                under_way();
                before_the_stream();
            },
        ),
        Case::new(
            "issue 7: dropping the next key or a retired one leaves the one that signs alone",
            |_| beside(),
        ),
    ]
}

fn drops() {
    let keyed = Keyed::start();
    let server = &keyed.server;
    let mut walk = Walk::begin(server);
    let tokens = keyed.tokens(&mut walk, "/api");
    let remembered = keyed.tokens(&mut Walk::begin(server), "/remembered");
    keyed.expect_good(&tokens.access);
    let _ = keyed.call("/remembered", &remembered.access).expect(200);
    let stolen = keyed.key("sig", "current");
    assert_eq!(signer(&tokens.access), kid(&stolen));

    keyed.drop_key(&stolen);
    keyed.expect_refused(&tokens.access);
    keyed.call("/remembered", &remembered.access).expect_error(401, "invalid_token");
    let current = keyed.key("sig", "current");
    assert_ne!(kid(&current), kid(&stolen));
    assert_eq!(keyed.published(), [kid(&current)]);
    let dropped = keyed.key("sig", "dropped");
    assert_eq!((kid(&dropped), dropped["dropped_at"].is_u64()), (kid(&stolen), true), "{dropped}");

    // Nobody has to allow anything again.
    let tokens = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    assert_eq!(signer(&tokens.access), kid(&current));
    keyed.expect_good(&tokens.access);

    let path = format!("/admin/keys/{}", kid(&stolen));
    for path in [path.as_str(), "/admin/keys/nobody", "/admin/keys/%20"] {
        server.admin("DELETE", path).send().expect_error(404, "not_found");
    }
    let lines = server.log().wait_for_lines(&["\"key dropped\"", &kid(&stolen)]);
    assert!(lines.iter().all(|line| line.contains("\"who\":\"admin\"")), "{lines:?}");

    // Once its last token has expired nothing is left of it.
    keyed.ahead(3_600 + 3_600 + 60);
    assert!(keyed.keys().iter().all(|key| key["state"] != "dropped"), "{:#?}", keyed.keys());
}

fn elsewhere() {
    let keyed = Keyed::start();
    let mut walk = Walk::begin(&keyed.server);
    let tokens = keyed.tokens(&mut walk, "/api");
    let remembered = keyed.tokens(&mut walk, "/remembered");
    keyed.expect_good(&tokens.access);
    let _ = keyed.call("/remembered", &remembered.access).expect(200);
    let stolen = kid(&keyed.key("sig", "current"));
    let told = keyed.server.tell_keyring("operate", &json!({ "drop": { "key_id": stolen } }));
    assert_eq!(told[0]["state"], "dropped");

    // The gateway may remember credentials of this resource for five minutes.
    keyed.ahead(61);
    keyed.call("/remembered", &remembered.access).expect_error(401, "invalid_token");
    keyed.expect_refused(&tokens.access);
    assert!(!keyed.published().contains(&stolen));
    let tokens = Tokens::from_reply(&walk.client.refresh(&keyed.server, &tokens.refresh));
    keyed.expect_good(&tokens.access);
}

fn open_stream() {
    let keyed = Keyed::start();
    let tokens = keyed.tokens(&mut Walk::begin(&keyed.server), "/api");
    let place = keyed.upstream.place(Answer::events());
    let call = keyed.server.call("GET", &format!("/api?at={}", place.name()));
    let (feed, mut stream) = opened(call.bearer(&tokens.access), &place, "data: 0\n\n");
    let _ = stream.wait_for("data: 0\n\n");
    keyed.drop_key(&keyed.key("sig", "current"));
    place.wait_until_abandoned();
    assert!(!feed.try_send("data: secret\n\n"));
    assert_eq!(stream.rest().unwrap_or_else(|partial| partial), "");
}

fn under_way() {
    let keyed = Keyed::start();
    let server = &keyed.server;
    let tokens = keyed.tokens(&mut Walk::begin(server), "/remembered");
    let stolen = keyed.key("sig", "current");
    server.fail_objects("Account", "hold");
    let reply = std::thread::scope(|scope| {
        let reply = scope.spawn(|| keyed.call("/remembered", &tokens.access));
        // Its signature was checked; now its account is asked.
        server.wait_until_held(1);
        keyed.drop_key(&stolen);
        assert!(!keyed.published().contains(&kid(&stolen)), "the isolate knows");
        server.mend();
        reply.join().expect("an answer")
    });
    let _ = reply.expect(200);
    keyed.call("/remembered", &tokens.access).expect_error(401, "invalid_token");
}

fn before_the_stream() {
    let keyed = Keyed::start();
    let server = &keyed.server;
    let tokens = keyed.tokens(&mut Walk::begin(server), "/api");
    let place = keyed.upstream.place(Answer::events());
    let head = format!(
        "POST /api?at={} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\nContent-Length: 2\r\n\r\n",
        place.name(),
        tokens.access
    );
    // The upstream answers once it has the whole body.
    let mut client = TcpStream::connect(("127.0.0.1", server.port())).expect("connection");
    client.write_all(head.as_bytes()).expect("a request");
    client.write_all(b"{").expect("half a body");
    place.wait_for_bytes(1);
    let stolen = keyed.key("sig", "current");
    keyed.drop_key(&stolen);
    assert!(!keyed.published().contains(&kid(&stolen)), "the isolate knows");
    client.write_all(b"}").expect("the other half");
    let _feed = place.feed();
    place.wait_until_abandoned();
}

fn beside() {
    let keyed = Keyed::start();
    let mut walk = Walk::begin(&keyed.server);
    let old = keyed.tokens(&mut walk, "/api");
    let _ = keyed.act(&json!({ "action": "rotate", "at_once": true })).expect(200);
    let tokens = Tokens::from_reply(&walk.client.refresh(&keyed.server, &old.refresh));
    let current = kid(&keyed.key("sig", "current"));
    assert_eq!(signer(&tokens.access), current);
    keyed.expect_good(&old.access);
    keyed.drop_key(&keyed.key("sig", "retired"));
    keyed.expect_refused(&old.access);
    keyed.expect_good(&tokens.access);

    let _ = keyed.act(&json!({ "action": "rotate" })).expect(200);
    let next = keyed.key("sig", "next");
    keyed.drop_key(&next);
    assert_eq!(kid(&keyed.key("sig", "current")), current);
    assert_eq!(keyed.published(), std::slice::from_ref(&current));
    // Another is made when it is due, and the dropped one stays away.
    let another = keyed.act(&json!({ "action": "rotate" })).expect(200).json();
    assert_ne!(kid(&another), kid(&next));
    keyed.expect_good(&tokens.access);

    // With a next key there already, that one takes over from a dropped one.
    keyed.drop_key(&keyed.key("sig", "current"));
    assert_eq!(kid(&keyed.key("sig", "current")), kid(&another));
    keyed.expect_refused(&tokens.access);
}
