//! What pages carry is sealed by a key of its own, which rotates and is dropped by itself.

use latchkey_tests::{Tokens, Walk};
use serde_json::json;

use super::{Keyed, kid, signer};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: a consent page from before the sealing key rotated is good until its ten minutes are over, and the signing key stays",
            |_| rotates(),
        ),
        Case::new(
            "issue 7: once the sealing key is dropped, a page of before says to begin again, and beginning again works",
            |_| drops(),
        ),
        Case::new(
            "issue 7: the sealing key rotates by the clock too, by a schedule of its own",
            |_| {
                by_the_clock();
            },
        ),
    ]
}

fn rotates() {
    let keyed = Keyed::start();
    let mut walk = Walk::begin(&keyed.server);
    let request = walk.request();
    let pages = [walk.consent_page(&request), walk.consent_page(&request)];
    let (signing, sealing) = (kid(&keyed.key("sig", "current")), kid(&keyed.key("enc", "current")));
    let next =
        keyed.act(&json!({ "action": "rotate", "use": "enc", "at_once": true })).expect(200).json();
    // As soon as every isolate has heard of it.
    assert_eq!((&next["use"], &next["state"]), (&json!("enc"), &json!("next")), "{next}");
    keyed.ahead(121);
    assert_eq!(kid(&keyed.key("enc", "current")), kid(&next));
    assert_eq!(kid(&keyed.key("enc", "retired")), sealing);
    assert_eq!(kid(&keyed.key("sig", "current")), signing);

    let between = walk.consent_page(&request);
    let code = request.code(&walk.browser.decide(&pages[0], "allow").away());
    let tokens = Tokens::from_reply(&walk.client.redeem(&keyed.server, &code));
    assert_eq!(signer(&tokens.access), signing);
    let _ = walk.browser.decide(&between, "allow").away();
    keyed.ahead(601);
    let late = walk.browser.decide(&pages[1], "allow").page().expect(400);
    assert_eq!(late.heading(), "This took too long", "{}", late.text());

    // Another one with notice, and each of them has its line.
    let with_notice = keyed.act(&json!({ "action": "rotate", "use": "enc" })).expect(200).json();
    assert_eq!(with_notice["state"], "next", "{with_notice}");
    let _ = keyed.server.log().wait_for_lines(&["\"key rotated\"", "\"use\":\"enc\"", &kid(&next)]);
    assert_eq!(keyed.published(), [signing], "nobody sees a sealing key");
}

fn drops() {
    let keyed = Keyed::start();
    let mut walk = Walk::begin(&keyed.server);
    let tokens = keyed.tokens(&mut walk, "/api");
    let request = walk.request().and("prompt", "consent");
    let page = walk.consent_page(&request);
    keyed.drop_key(&keyed.key("enc", "current"));
    let refused = walk.browser.decide(&page, "allow").page().expect(400);
    assert_eq!(refused.heading(), "This link is damaged", "{}", refused.text());
    assert!(refused.text().contains("start again"), "{}", refused.text());
    // Nobody is signed out, no token has ended, and the next request goes through.
    keyed.expect_good(&tokens.access);
    let again = walk.tokens_for(&request);
    let _ = Tokens::from_reply(&walk.client.refresh(&keyed.server, &again.refresh));
    assert_eq!(keyed.key("enc", "dropped")["sealed"], false);
}

fn by_the_clock() {
    let keyed = Keyed::start();
    let first = kid(&keyed.key("enc", "current"));
    // The signing key is replaced in between: that changes nothing for the other.
    let _ = keyed.act(&json!({ "action": "rotate", "at_once": true })).expect(200);
    keyed.ahead(90 * 86_400 - 3_600);
    let next = kid(&keyed.key("enc", "next"));
    assert_eq!(kid(&keyed.key("enc", "current")), first);
    keyed.ahead(92 * 86_400);
    assert_eq!(kid(&keyed.key("enc", "current")), next);
    let mut walk = Walk::begin(&keyed.server);
    let tokens = keyed.tokens(&mut walk, "/api");
    keyed.expect_good(&tokens.access);
}
