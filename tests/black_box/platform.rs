//! A platform that fails: objects that throw, never answer or are evicted, a cache that is down or old, and
//! a clock that is set forwards and back.

mod together;

use latchkey_tests::upstream::Place;
use latchkey_tests::{
    Authorization, Browser, Call, Client, Deployment, Device, Page, Person, Reply, Server, Tokens,
    Upstream, Walk,
};
use serde_json::json;

use crate::Case;
use crate::failures::{expect_retry_after, unavailable};

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: an object that throws costs no code, no token and no account: who asks gets 503, and the same request succeeds later",
            |_| throws(),
        ),
        Case::new(
            "issue 7: of a message whose last row can't be written nothing is written, and the same request does all of it later",
            |_| together::whole_or_not_at_all(),
        ),
        Case::new(
            "issue 7: an object whose first tables can't be made has none, and the same request makes them all later",
            |_| together::tables(),
        ),
        Case::new(
            "issue 7: an approval with which the least used grants end is written with their ending and its entry in the log, or not at all",
            |_| together::least_used(),
        ),
        Case::new(
            "issue 7: a refresh token that comes back ends its family with the entry in the log that says so, or not at all",
            |_| together::replayed(),
        ),
        Case::new(
            "CONTRIBUTING: an object has no name that others could call but send and alarm",
            |_| names(),
        ),
        Case::new(
            "issue 7: an object that never answers is 503 with Retry-After in its time, and holds nobody else up",
            |_| never_answers(),
        ),
        Case::new(
            "issue 7: with everything evicted between any two steps the whole walk succeeds",
            |_| evicted(),
        ),
        Case::new("issue 7: with the cache down, or silent, everything works", |_| cache_down()),
        Case::new(
            "issue 7: nothing is refused because of an old copy in the cache, and what was taken back ends within a minute",
            |_| cache_old(),
        ),
        Case::new(
            "issue 7: a clock that is set forwards ends what has an end, and nothing comes back when it is set back",
            |_| clock_forwards(),
        ),
        Case::new(
            "issue 7: a clock that is set back locks nobody out, and lets no copy count for longer",
            |_| clock_back(),
        ),
    ]
}

/// A server whose platform fails, and what is behind its gateway.
struct Faulty {
    server: Server,
    place: Place,
    _upstream: Upstream,
}

impl Faulty {
    fn start() -> Self {
        let upstream = Upstream::start();
        let server = Server::start(Deployment::faulty(&upstream));
        let server = server.unwrap_or_else(|error| panic!("{error}"));
        Self { server, place: upstream.plain(), _upstream: upstream }
    }

    /// A call of the one resource.
    fn api(&self, token: &str) -> Reply {
        let path = format!("/api?at={}", self.place.name());
        self.server.call("GET", &path).bearer(token).send()
    }
}

/// A page that says to come back.
fn unavailable_page(page: &Page) {
    assert_eq!(page.reply.status, 503, "{}", page.reply.describe());
    expect_retry_after(&page.reply);
    let _ = page.reference();
}

fn names() {
    let faulty = Faulty::start();
    let said = faulty.server.get("/faults").expect(200).json();
    let names = json!(["alarm", "constructor", "send"]);
    for class in ["Account", "ClientRegistry", "DeviceAuthorization", "Directory", "Keyring"] {
        assert_eq!(said["names"][class], names, "{class}");
    }
}

fn throws() {
    let faulty = Faulty::start();
    let server = &faulty.server;
    let mut walk = Walk::begin(server);
    let (tokens, code) = (walk.tokens(), walk.code());
    let client = walk.client.clone();
    let request = walk.request().path(server);

    server.fail_objects("Account", "throw");
    unavailable(&client.redeem(server, &code));
    unavailable(&client.refresh(server, &tokens.refresh));
    unavailable(&client.revoke(server, &tokens.refresh));
    unavailable(&faulty.api(&tokens.access));
    unavailable_page(&walk.browser.page(&request));
    unavailable_page(&walk.browser.page("/account"));

    server.fail_objects("Directory", "throw");
    let (person, mut stranger) = (Person::new(), Browser::new(server));
    let sign_up = stranger.page("/sign-up").expect(200);
    unavailable_page(&stranger.sign_up(&sign_up, &person).page());
    let sign_in = stranger.page("/sign-in").expect(200);
    unavailable_page(&stranger.sign_in(&sign_in, &walk.person).page());

    server.fail_objects("ClientRegistry", "throw");
    let metadata = r#"{"redirect_uris":["https://client.example/callback"]}"#;
    unavailable(&server.post_json("/register", metadata));

    server.fail_objects("DeviceAuthorization", "throw");
    let device_client = Client::of_device(server, "none");
    unavailable(&device_client.call(server, "/device_authorization", &[]).send());

    // Nothing was used up by any of that.
    server.mend();
    let tokens = Tokens::from_reply(&client.refresh(server, &tokens.refresh));
    let _ = Tokens::from_reply(&client.redeem(server, &code));
    let _ = stranger.sign_up(&sign_up, &person).page().expect(200);
    let _ = Device::of(server, device_client, &[]);
    let _ = walk.tokens();

    // Keys are remembered, so nobody asks for them until the isolate is a new one.
    server.restart().expect("starts again");
    server.fail_objects("Keyring", "throw");
    unavailable(&client.refresh(server, &tokens.refresh));
    unavailable(&server.get("/jwks"));
    server.mend();
    let _ = Tokens::from_reply(&client.refresh(server, &tokens.refresh));
}

fn never_answers() {
    let faulty = Faulty::start();
    let server = &faulty.server;
    let mut walk = Walk::begin(server);
    let tokens = walk.tokens();
    let request = walk.request().path(server);
    server.fail_objects("Account", "never");
    std::thread::scope(|scope| {
        let mut browser = walk.browser.clone();
        let refused = scope.spawn(|| walk.client.refresh(server, &tokens.refresh));
        let called = scope.spawn(|| faulty.api(&tokens.access));
        let page = scope.spawn(move || browser.page(&request));
        // Who needs no account is answered meanwhile.
        let client = Client::public(server);
        client.refresh(server, "nobody").expect_error(400, "invalid_grant");
        assert!(!refused.is_finished(), "the object has been given its time");
        unavailable(&refused.join().expect("an answer"));
        unavailable(&called.join().expect("an answer"));
        unavailable_page(&page.join().expect("an answer"));
    });
    server.mend();
    let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
}

fn evicted() {
    let faulty = Faulty::start();
    let server = &faulty.server;
    let evict = || server.restart().expect("starts again");
    let client = Client::public(server);
    let (person, mut browser) = (Person::new(), Browser::new(server));
    let request = Authorization::of(&client);
    let page = browser.page(&request.path(server)).expect(200);
    let sign_up = browser.page(&page.attributes("a[href*='/sign-up']", "href")[0]).expect(200);
    evict();
    let consent = browser.sign_up(&sign_up, &person).page().expect(200);
    evict();
    let code = request.code(&browser.decide(&consent, "allow").away());
    let device = Device::of(server, Client::of_device(server, "none"), &[]);
    evict();
    let tokens = Tokens::from_reply(&client.redeem(server, &code));
    browser.allow_device(&device);
    let personal = browser.new_token("Kept", &["mcp"], &[]);
    evict();
    let next = Tokens::from_reply(&client.refresh(server, &tokens.refresh));
    let _ = Tokens::from_reply(&device.poll());
    let _ = faulty.api(&personal).expect(200);
    evict();
    assert_eq!(Tokens::from_reply(&client.refresh(server, &tokens.refresh)).refresh, next.refresh);
    let _ = faulty.api(&next.access).expect(200);
    let _ = client.revoke(server, &next.refresh).expect(200);
    evict();
    client.refresh(server, &next.refresh).expect_error(400, "invalid_grant");
    unauthorized(&faulty, &next.access);
}

/// The gateway doesn't let the token through.
fn unauthorized(faulty: &Faulty, token: &str) {
    let _ = faulty.api(token).expect(401);
}

fn cache_down() {
    for how in ["throw", "never"] {
        let faulty = Faulty::start();
        let server = &faulty.server;
        let mut walk = Walk::begin(server);
        let refresh = walk.tokens().refresh;
        // Nothing is in memory, so the cache is asked for the client.
        server.restart().expect("starts again");
        server.fail(&json!({ "kv": how }));
        let refresh = Tokens::from_reply(&walk.client.refresh(server, &refresh)).refresh;
        let said = server.log().wait_for("cache unavailable");
        assert!(said.iter().all(|line| line.contains("CACHE")), "{said:?}");
        walk.client = Client::public(server);
        let _ = walk.tokens();
        assert!(!refresh.is_empty());
    }
}

fn managed<'s>(server: &'s Server, method: &str, client: &Client) -> Call<'s> {
    let token = client.document["registration_access_token"].as_str().expect("a token");
    let call = server.call(method, &format!("/register/{}", client.id)).bearer(token);
    call.header("content-type", "application/json")
}

fn cache_old() {
    let faulty = Faulty::start();
    let server = &faulty.server;
    let mut walk = Walk::begin(server);
    let tokens = walk.tokens();
    // Its copy is in the cache now, and stays there as it is.
    let _ = Tokens::from_reply(&walk.client.refresh(server, &tokens.refresh));
    server.fail(&json!({ "kv": "frozen" }));
    let body = json!({
        "client_id": walk.client.id, "token_endpoint_auth_method": "none",
        "redirect_uris": ["https://client.example/moved"],
    });
    let _ = managed(server, "PUT", &walk.client).body(body.to_string()).send().expect(200);
    // Another isolate has nothing but the old copy.
    server.restart().expect("starts again");
    server.fail(&json!({ "kv": "frozen" }));
    walk.client.redirect_uri = "https://client.example/moved".to_owned();
    let last = walk.tokens();

    // Deleted: what people gave it ends at once, wherever; and the copy counts for a minute and no longer.
    let _ = managed(server, "DELETE", &walk.client).send().expect(204);
    server.restart().expect("starts again");
    server.fail(&json!({ "kv": "frozen" }));
    let refused = walk.client.refresh(server, &last.refresh);
    assert!(matches!(refused.status, 400 | 401), "{}", refused.describe());
    unauthorized(&faulty, &last.access);
    server.fail(&json!({ "kv": "frozen", "clock": 61 }));
    walk.client.refresh(server, &last.refresh).expect_error(401, "invalid_client");
    let _ = walk.browser.page(&walk.request().path(server)).expect(400);
}

fn clock_forwards() {
    let faulty = Faulty::start();
    let server = &faulty.server;
    let ahead = |seconds: i64| server.fail(&json!({ "clock": seconds }));
    let mut walk = Walk::begin(server);
    let client = walk.client.clone();
    let (tokens, code) = (walk.tokens(), walk.code());
    let request = walk.request();
    let consent = walk.consent_page(&request);
    // A code lives for a minute, and isn't used up by coming too late.
    ahead(61);
    client.redeem(server, &code).expect_error(400, "invalid_grant");
    // The page of an authorization request lives for ten.
    ahead(601);
    let late = walk.browser.submit(&consent, &consent.form("/consent"), &[("decision", "allow")]);
    let late = late.page();
    assert!((400..500).contains(&late.reply.status), "{}", late.reply.describe());
    // An access token for an hour; the refresh token goes on.
    ahead(3_601);
    unauthorized(&faulty, &tokens.access);
    let next = Tokens::from_reply(&client.refresh(server, &tokens.refresh));
    let _ = faulty.api(&next.access).expect(200);
    // Past the retry window the first one is a replay, which ends the family.
    ahead(3_601 + 61);
    client.refresh(server, &tokens.refresh).expect_error(400, "invalid_grant");
    client.refresh(server, &next.refresh).expect_error(400, "invalid_grant");
    // Set back: what has ended stays so.
    ahead(0);
    client.refresh(server, &tokens.refresh).expect_error(400, "invalid_grant");
    client.refresh(server, &next.refresh).expect_error(400, "invalid_grant");
    // A year on, nobody is signed in and everybody can sign in again; and further than any date is written.
    for seconds in [400 * 86_400, 100_000_000_000] {
        ahead(seconds);
        let mut browser = walk.browser.clone();
        let page = browser.page("/sign-in").expect(200);
        let landed = browser.sign_in(&page, &walk.person).page().expect(200);
        assert!(landed.text().contains(&walk.person.email), "{}", landed.reply.describe());
        let _ = browser.account();
    }
    assert!(!server.log().text().contains("\"event\":\"panic\""), "{}", server.log().tail(20));
}

fn clock_back() {
    let faulty = Faulty::start();
    let server = &faulty.server;
    let ahead = |seconds: i64| server.fail(&json!({ "clock": seconds }));
    // Everything is made by a clock that is a day ahead.
    ahead(86_400);
    let mut walk = Walk::begin(server);
    let client = walk.client.clone();
    let (tokens, code) = (walk.tokens(), walk.code());
    let mut stranger = Browser::new(server);
    let page = stranger.page("/sign-in").expect(200);
    let wrong = Person { password: "not the password".to_owned(), ..walk.person.clone() };
    for _ in 0..6 {
        let refused = stranger.sign_in(&page, &wrong).page();
        assert!(refused.reply.status >= 400, "{}", refused.reply.describe());
    }
    ahead(0);
    let _ = Tokens::from_reply(&client.redeem(server, &code));
    let next = Tokens::from_reply(&client.refresh(server, &tokens.refresh));
    let _ = faulty.api(&next.access).expect(200);
    assert!(walk.browser.account().text().contains(&walk.person.email));
    // Nobody waits for a day.
    let page = stranger.page("/sign-in").expect(200);
    let _ = stranger.sign_in(&page, &walk.person).page().expect(200);
    // What was taken back is over for the copies too, though they are dated tomorrow.
    let _ = managed(server, "DELETE", &client).send().expect(204);
    server.restart().expect("starts again");
    client.refresh(server, &next.refresh).expect_error(401, "invalid_client");
    unauthorized(&faulty, &next.access);
    // Before the epoch and at it, nothing panics.
    for seconds in [-1_000_000_000, -10_000_000_000] {
        ahead(seconds);
        let reply = client.refresh(server, &next.refresh);
        assert!(matches!(reply.status, 400 | 401 | 503), "{}", reply.describe());
        let _ = Browser::new(server).page("/sign-in").expect(200);
    }
    assert!(!server.log().text().contains("\"event\":\"panic\""), "{}", server.log().tail(20));
}
