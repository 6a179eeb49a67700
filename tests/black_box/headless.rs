//! The development switch `development.consent_as`: a client without a browser gets its tokens, on
//! loopback only.

use latchkey_tests::{
    Authorization, Browser, Callback, Client, Deployment, Device, Landing, Person, Reply, Server,
    Tokens, jwt,
};
use serde_json::{Value, json};

use crate::Case;

/// The test user of the deployments here.
const TEST_USER: &str = "ci@example.com";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 4: headless: a client with no browser and no cookie registers, is allowed at once, gets tokens, refreshes and revokes them",
            |servers| whole_walk(servers.test_user()),
        ),
        Case::new(
            "issue 4: headless: every client is allowed as the same test user, each with a grant of its own",
            |servers| two_clients(servers.test_user()),
        ),
        Case::new(
            "issue 4, OpenID Connect Core section 3.1.2.1: headless: none, login, consent, create and max_age are answered at once",
            |servers| every_prompt(servers.test_user()),
        ),
        Case::new("issue 4: headless: a request posted as a form is allowed too", |servers| {
            by_post(servers.test_user())
        }),
        Case::new(
            "issue 4, RFC 6749 section 4.1.2.1: headless: errors go where they always go",
            |servers| errors(servers.test_user()),
        ),
        Case::new(
            "issue 4, RFC 6749 section 4.1.2.1: headless: a test can have its request denied, and nothing else denies it",
            |servers| denial(servers.test_user()),
        ),
        Case::new(
            "issue 4, RFC 8628 section 3.3.1: headless: opening a device's address is the test user's decision",
            |servers| devices(servers.test_user()),
        ),
        Case::new(
            "issue 4: headless: a browser that another site sent here gets the pages, and no code",
            |servers| another_site(servers.test_user()),
        ),
        Case::new(
            "issue 4: headless: what a proxy or a tunnel passes on gets the pages, and neither code nor device",
            |servers| passed_on(servers.test_user()),
        ),
        Case::new(
            "issue 4: headless: nobody signs in as the test user, or takes its address",
            |servers| no_password(servers.test_user()),
        ),
        Case::new(
            "issue 4: headless: the log and the start page say loudly that the server gives tokens to anyone",
            |servers| it_is_said(servers.test_user()),
        ),
        Case::new(
            "issue 4: headless: an account that was there is used, its activity log has the entries, and without the switch all is as ever",
            |_| switched_off(),
        ),
        Case::new(
            "issue 4: headless: with any other issuer the server refuses to start, and its log names the key",
            |_| public_issuer(),
        ),
        Case::new(
            "issue 4: a server without the switch asks a person, whatever a request says",
            |servers| without_the_switch(servers.standard()),
        ),
    ]
}

fn devices(server: &Server) {
    let device = Device::new(server);
    device.expect_waiting();
    let _ = server.get(&device.complete_path()).expect(200);
    let tokens = Tokens::from_reply(&device.poll());
    let _ = Tokens::from_reply(&device.client.refresh(server, &tokens.refresh));
    // Once: a second device code is another decision.
    device.poll().expect_error(400, "invalid_grant");

    let denied = Device::new(server);
    let path = format!("{}&latchkey_test_decision=deny", denied.complete_path());
    let _ = server.get(&path).expect(200);
    denied.poll().expect_error(400, "access_denied");

    // A website that the developer visits opens it too, and then a person is asked.
    let asked = Device::new(server);
    let call = server.call("GET", &asked.complete_path()).header("sec-fetch-site", "cross-site");
    let _ = call.send().expect(200);
    asked.expect_waiting();
}

fn passed_on(server: &Server) {
    let client = program(server);
    for (name, value) in
        [("x-forwarded-for", "198.51.100.7"), ("forwarded", "for=198.51.100.7;proto=https")]
    {
        let request = Authorization::of(&client);
        let call = server.call("GET", &request.path(server)).header(name, value);
        let reply = call.send().expect(200);
        assert!(reply.text().contains("/sign-in"), "{}", reply.describe());
        let device = Device::new(server);
        let call = server.call("GET", &device.complete_path()).header(name, value);
        let _ = call.send().expect(200);
        device.expect_waiting();
        // From this machine itself both are allowed.
        let _ = tokens(server, &client, &request);
        let _ = server.get(&device.complete_path()).expect(200);
        let _ = Tokens::from_reply(&device.poll());
    }
}

/// A program on this machine.
fn program(server: &Server) -> Client {
    let metadata = json!({
        "client_name": "Program in CI",
        "redirect_uris": ["http://127.0.0.1:9999/callback"],
        "token_endpoint_auth_method": "none",
    });
    Client::register(server, &metadata)
}

fn tokens(server: &Server, client: &Client, request: &Authorization) -> Tokens {
    let callback = request.answered_at_once(server);
    Tokens::from_reply(&client.redeem(server, &request.code(&callback)))
}

fn claims(tokens: &Tokens) -> Value {
    jwt::read(&tokens.access).claims
}

fn whole_walk(server: &Server) {
    let metadata = server.get(&server.metadata_path()).expect(200).json();
    let client = program(server);
    let request = Authorization::of(&client).and("scope", "mcp");
    let callback = request.answered_at_once(server);
    assert_eq!(callback.target(), client.redirect_uri);
    assert_eq!(callback.get("state").as_deref(), request.get("state"));
    assert_eq!(callback.get("iss").as_deref(), metadata["issuer"].as_str());
    assert_eq!(callback.reply.header("cache-control"), Some("no-store"));

    let code = request.code(&callback);
    let tokens = Tokens::from_reply(&client.redeem(server, &code));
    let verified = jwt::verify(&tokens.access, &jwt::keys(server)).expect("signature").claims;
    assert_eq!(verified["client_id"], client.id);
    assert_eq!(verified["aud"], format!("{}/mcp", server.issuer()));
    let next = Tokens::from_reply(&client.refresh(server, &tokens.refresh));
    assert_eq!(claims(&next)["sub"], verified["sub"]);
    let _ = client.revoke(server, &next.refresh).expect(200);
    let _ = client.refresh(server, &next.refresh).expect_error(400, "invalid_grant");

    // PKCE is checked as ever.
    let request = Authorization::of(&client);
    let mut code = request.code(&request.answered_at_once(server));
    code.verifier = "A".repeat(43);
    let _ = client.redeem(server, &code).expect_error(400, "invalid_grant");
}

fn two_clients(server: &Server) {
    let website = Client::with_method(server, "client_secret_basic");
    let program = program(server);
    let [first, second] =
        [&website, &program].map(|client| tokens(server, client, &Authorization::of(client)));
    assert_eq!(claims(&first)["sub"], claims(&second)["sub"]);
    assert_ne!(claims(&first)["client_id"], claims(&second)["client_id"]);
    let _ = website.revoke(server, &first.refresh).expect(200);
    let _ = Tokens::from_reply(&program.refresh(server, &second.refresh));
}

fn every_prompt(server: &Server) {
    let client = program(server);
    let all = [
        ("prompt", "none"),
        ("prompt", "login"),
        ("prompt", "consent"),
        ("prompt", "login consent"),
        ("prompt", "select_account"),
        ("prompt", "create"),
        ("max_age", "0"),
        ("login_hint", "somebody@people.example"),
    ];
    for (name, value) in all {
        let before = since_1970();
        let tokens = tokens(server, &client, &Authorization::of(&client).and(name, value));
        let signed_in_at = claims(&tokens)["auth_time"].as_u64();
        assert!(signed_in_at.is_some_and(|at| at >= before), "{name}={value}: {signed_in_at:?}");
    }
}

fn since_1970() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("after 1970").as_secs()
}

fn by_post(server: &Server) {
    let client = program(server);
    let request = Authorization::of(&client);
    let fields: Vec<(&str, &str)> =
        request.fields().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let reply = server.post_form("/authorize", &fields).expect(303);
    let next = server.local_path("/", reply.header("location").unwrap_or_default());
    let reply = server.get(&next.expect("a path here")).expect(302);
    let location = reply.header("location").unwrap_or_default().to_owned();
    let code = request.code(&Callback::new(&location, reply));
    let _ = Tokens::from_reply(&client.redeem(server, &code));
}

fn errors(server: &Server) {
    let client = program(server);
    let unknown = Authorization::of(&client).with("client_id", "nobody");
    let elsewhere = Authorization::of(&client).with("redirect_uri", "http://127.0.0.1:9999/other");
    for request in [unknown, elsewhere] {
        let reply = server.get(&request.path(server)).expect(400);
        assert_eq!(reply.header("location"), None);
    }
    let faults = [
        (Authorization::of(&client).with("response_type", "token"), "unsupported_response_type"),
        (Authorization::of(&client).without("code_challenge"), "invalid_request"),
        (Authorization::of(&client).and("resource", "https://else.example"), "invalid_target"),
        (Authorization::of(&client).and("prompt", "none login"), "invalid_request"),
    ];
    for (request, error) in faults {
        expect_refusal(server, &request, error);
    }
    // A website is still not sent a fault by itself.
    let website = Client::public(server);
    let request = Authorization::of(&website).with("response_type", "token");
    let _ = server.get(&request.path(server)).expect(400);
}

/// RFC 6749 section 4.1.2.1, RFC 9207 section 2: an error with state and issuer, and no code.
#[track_caller]
fn expect_refusal(server: &Server, request: &Authorization, error: &str) {
    let callback = request.answered_at_once(server);
    assert_eq!(callback.get("error").as_deref(), Some(error), "{}", callback.location);
    assert_eq!(callback.get("state").as_deref(), request.get("state"));
    assert_eq!(callback.get("iss"), Some(server.issuer()));
    assert_eq!(callback.get("code"), None, "{}", callback.location);
}

fn denial(server: &Server) {
    let client = program(server);
    let request = |value| Authorization::of(&client).and("latchkey_test_decision", value);
    expect_refusal(server, &request("deny"), "access_denied");
    expect_refusal(server, &request("denied"), "invalid_request");
    expect_refusal(
        server,
        &request("deny").and("latchkey_test_decision", "allow"),
        "invalid_request",
    );
    let _ = tokens(server, &client, &request("allow"));
    // RFC 6749 section 3.1: a parameter without a value is left out.
    let _ = tokens(server, &client, &request(""));
    let hint = Authorization::of(&client).and("login_hint", "deny").and("decision", "deny");
    let _ = tokens(server, &client, &hint);
}

fn another_site(server: &Server) {
    let website = Client::public(server);
    for prompt in ["", "login"] {
        let request = Authorization::of(&website).and("prompt", prompt);
        let call = server.call("GET", &request.path(server));
        let reply = call.header("sec-fetch-site", "cross-site").send().expect(200);
        assert!(reply.text().contains("/sign-in"), "{}", reply.describe());
    }
    let request = Authorization::of(&website).and("prompt", "none");
    let call = server.call("GET", &request.path(server)).header("sec-fetch-site", "cross-site");
    let reply = call.send().expect(302);
    let callback = Callback::new(reply.header("location").unwrap_or_default(), reply.clone());
    assert_eq!(callback.get("error").as_deref(), Some("login_required"));
}

fn no_password(server: &Server) {
    let client = program(server);
    let _ = tokens(server, &client, &Authorization::of(&client));
    let mut browser = Browser::new(server);
    for password in ["", "ci@example.com", "password", "latchkey-nobody"] {
        // Nobody's password: what a guesser would try.
        server.secrets().publish(password);
        let page = browser.page("/sign-in").expect(200);
        let somebody = Person { email: TEST_USER.to_owned(), password: password.to_owned() };
        let refused = browser.sign_in(&page, &somebody).page();
        assert!((400..500).contains(&refused.reply.status), "{}", refused.reply.describe());
    }
    let page = browser.page("/sign-up").expect(200);
    let somebody = Person { email: TEST_USER.to_owned(), ..Person::new() };
    let refused = browser.sign_up(&page, &somebody).page().expect(422);
    assert!(refused.text().contains("already"), "{}", refused.reply.describe());
}

fn it_is_said(server: &Server) {
    let client = program(server);
    let request = Authorization::of(&client);
    let _ = request.answered_at_once(server);
    let denied = Authorization::of(&client).and("latchkey_test_decision", "deny");
    let _ = denied.answered_at_once(server);
    for (event, wanted) in [
        (
            "consents for a test user",
            "anyone who reaches this server gets tokens without signing in",
        ),
        ("consented for the test user", "warn"),
        ("denied for the test user", "warn"),
    ] {
        let lines = server.log().wait_for(&format!("\"{event}\""));
        assert!(lines.iter().all(|line| line.contains(wanted)), "{lines:?}");
        assert!(lines.iter().all(|line| !line.contains(TEST_USER)), "{lines:?}");
    }
    let _ = server.log().wait_for_lines(&["\"consented for the test user\"", &client.id]);
    let home = Browser::new(server).page("/").expect(200);
    let said = home.text();
    assert!(
        said.contains("Anyone who reaches this server gets tokens"),
        "{}",
        home.reply.describe()
    );
}

fn switched_off() {
    let server = start(Deployment::without_test_user());
    let person = Person { email: TEST_USER.to_owned(), ..Person::new() };
    let mut browser = Browser::new(&server);
    browser.join(&person);
    server.restart_as(&Deployment::test_user()).unwrap_or_else(|error| panic!("{error}"));

    let (first, second) = (program(&server), program(&server));
    let kept = tokens(&server, &first, &Authorization::of(&first));
    let denied = Authorization::of(&second).and("latchkey_test_decision", "deny");
    expect_refusal(&server, &denied, "access_denied");
    // `denied` is written after its answer has left.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let log = loop {
        let log = browser.activity(&[]);
        if of(&log, "denied", &second) == 1 {
            break log;
        }
        assert!(std::time::Instant::now() < deadline, "{log:?}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    assert_eq!(
        (of(&log, "consented", &first), of(&log, "code_redeemed", &first)),
        (1, 1),
        "{log:?}"
    );
    assert_eq!(of(&log, "consented", &second), 0, "{log:?}");

    server.restart_as(&Deployment::without_test_user()).unwrap_or_else(|error| panic!("{error}"));
    let page = server.get(&Authorization::of(&first).path(&server)).expect(200);
    assert!(page.text().contains("/sign-in"), "{}", page.describe());
    // What was allowed meanwhile is an ordinary grant.
    let _ = Tokens::from_reply(&first.refresh(&server, &kept.refresh));
}

/// How many entries of a kind there are about a client.
fn of(log: &[Value], kind: &str, client: &Client) -> usize {
    log.iter().filter(|entry| entry["kind"] == kind && entry["client_id"] == client.id).count()
}

fn public_issuer() {
    let server = start(Deployment::public_test_user());
    for path in ["/", "/authorize?client_id=a", "/jwks"] {
        let reference = server.get(path).expect_error(500, "server_error");
        let event = server.log().event(&reference);
        assert_eq!(event["key"], "LATCHKEY.development.consent_as", "{event}");
        assert!(
            event["wanted"].as_str().is_some_and(|text| text.contains("http on 127.0.0.1")),
            "{event}"
        );
    }
}

fn without_the_switch(server: &Server) {
    let client = program(server);
    let requests = [
        Authorization::of(&client),
        Authorization::of(&client).and("latchkey_test_decision", "allow"),
        Authorization::of(&client).and("latchkey_test_decision", "deny"),
        Authorization::of(&client).and("login_hint", TEST_USER),
    ];
    for request in requests {
        let page = Browser::new(server).open(&request.path(server));
        let Landing::Page(page) = page else { panic!("{page:?}") };
        assert!(page.expect(200).reply.text().contains("/sign-in"));
    }
    let silent = Authorization::of(&client).and("prompt", "none");
    expect_refusal(server, &silent, "login_required");
    let home: Reply = server.get("/").expect(200);
    assert!(!home.text().contains("without signing in"), "{}", home.describe());
}

fn start(deployment: Deployment) -> Server {
    Server::start(deployment).unwrap_or_else(|error| panic!("{error}"))
}
