//! Whoever guesses is told to wait, and whoever doesn't isn't, whether or not they share a network.
//!
//! The platform says where a request comes from, in `cf-connecting-ip`; here the tests do. Each case has
//! networks of its own.

use latchkey_tests::client::Code;
use latchkey_tests::device::DEVICE_GRANT;
use latchkey_tests::{
    ADMIN_TOKEN, Authorization, Browser, Call, Client, Deployment, Device, Person, Reply, Server,
    Tokens, Walk, random,
};
use std::time::{Duration, Instant};

use crate::Case;
use crate::limits::{register, until_refused};
use crate::spraying::elsewhere;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: a network that sends wrong codes, tokens or secrets is told to wait, never invalid_grant, and what is right is never refused there",
            |all| wrong_secrets(all.limited()),
        ),
        Case::new(
            "issue 7: who guesses in a client's name stops it in no other network, and no other client in the same one",
            |all| one_client(all.limited()),
        ),
        Case::new(
            "issue 7: a client hears what became of a token that was once good, however often it asks",
            |all| once_good(all.limited()),
        ),
        Case::new(
            "issue 7: the server of a resource may ask about as many made-up tokens as it is sent",
            |all| resource_server(all.limited()),
        ),
        Case::new(
            "issue 7: an office behind one address signs up and in, registers clients and uses its tokens while one of it guesses",
            |all| office(all.standard()),
        ),
        Case::new(
            "issue 7: a limit that can't be asked lets everybody in, and the log says so",
            |_| broken_limits(),
        ),
    ]
}

/// A request in the making, as often as it is wanted.
type Ask<'a> = Box<dyn Fn() -> Call<'a> + 'a>;

/// What somebody guesses at, and somebody beside them has.
struct Guessed<'a> {
    name: &'static str,
    /// A request with something wrong.
    wrong: Ask<'a>,
    /// What it is answered with.
    refusal: (u16, &'static str),
    /// The same with what is right.
    right: Ask<'a>,
    /// What that is answered with.
    status: u16,
}

/// A text of the same form with another secret.
fn made_up(token: &str) -> String {
    let at = token.rfind('.').expect("parts") + 1;
    let middle = at + (token.len() - at) / 2;
    let changed = random::text(4);
    format!("{}{changed}{}", &token[..middle], &token[middle + 4..])
}

fn refreshing(token: &str) -> [(&str, &str); 2] {
    [("grant_type", "refresh_token"), ("refresh_token", token)]
}

/// The answer, unless it says to wait as it should.
#[track_caller]
fn refused(reply: Reply, (status, code): (u16, &str)) -> Option<Reply> {
    if reply.status == 429 {
        reply.expect_error(429, "too_many_requests");
        assert_eq!(reply.header("retry-after"), Some("60"), "{}", reply.describe());
        assert_eq!(reply.header("www-authenticate"), None, "{}", reply.describe());
        return Some(reply);
    }
    match code {
        // RFC 7662 section 2.2: what isn't good is no error there.
        "inactive" => assert_eq!(reply.json()["active"], false, "{}", reply.describe()),
        code => drop(reply.expect_error(status, code)),
    }
    None
}

fn from(call: Call<'_>, address: &str) -> Reply {
    call.header("cf-connecting-ip", address).send()
}

fn wrong_secrets(server: &Server) {
    let mut walk = Walk::begin(server);
    let (tokens, code) = (walk.tokens(), walk.code());
    let personal = walk.browser.new_token("Kept", &["mcp"], &[]);
    let gone = walk.browser.new_token("Revoked", &["mcp"], &[]);
    let gone_id = gone.split('.').nth(1).expect("an id").to_owned();
    let _ = walk.browser.take_back("revoke-token", Some(&gone_id));
    let mut other = Walk::with(server, Client::with_method(server, "client_secret_basic"));
    let others = other.tokens();
    let imposter = Client { secret: Some(made_up(".a-secret-of-nobody")), ..other.client.clone() };
    let device = Device::new(server);
    let registered = Client::public(server);
    let managed = registered.document["registration_client_uri"].as_str().expect("a URI");
    let managed = server.local_path("/", managed).expect("a path");
    let management = registered.document["registration_access_token"].as_str().expect("a token");

    let (client, stranger) = (&walk.client, &other.client);
    let own = || client.call(server, "/token", &refreshing(&tokens.refresh));
    let other_own = || stranger.call(server, "/token", &refreshing(&others.refresh));
    let poll = |code: &str| {
        let fields = [("grant_type", DEVICE_GRANT), ("device_code", code)];
        device.client.call(server, "/token", &fields)
    };
    let bearer = |path: &str, token: &str| server.call("GET", path).bearer(token);
    let introspect =
        |client: &Client, token: &str| client.call(server, "/introspect", &[("token", token)]);
    let guessed: Vec<Guessed<'_>> = vec![
        Guessed {
            name: "refresh tokens",
            wrong: Box::new(|| {
                client.call(server, "/token", &refreshing(&made_up(&tokens.refresh)))
            }),
            refusal: (400, "invalid_grant"),
            right: Box::new(own),
            status: 200,
        },
        Guessed {
            name: "texts that are no refresh tokens",
            wrong: Box::new(|| client.call(server, "/token", &refreshing(&random::text(40)))),
            refusal: (400, "invalid_grant"),
            right: Box::new(own),
            status: 200,
        },
        Guessed {
            name: "codes",
            wrong: Box::new(|| {
                let wrong = Code { code: made_up(&code.code), ..code.clone() };
                client.call(server, "/token", &wrong.fields())
            }),
            refusal: (400, "invalid_grant"),
            right: Box::new(own),
            status: 200,
        },
        Guessed {
            name: "device codes",
            wrong: Box::new(|| poll(&made_up(device.device_code()))),
            refusal: (400, "invalid_grant"),
            // Nobody has decided.
            right: Box::new(|| poll(device.device_code())),
            status: 400,
        },
        Guessed {
            name: "client secrets at /token",
            wrong: Box::new(|| imposter.call(server, "/token", &refreshing(&others.refresh))),
            refusal: (401, "invalid_client"),
            right: Box::new(other_own),
            status: 200,
        },
        Guessed {
            name: "clients that there aren't",
            wrong: Box::new(|| {
                let id = format!("latchkey_client_0a{}", random::text(20));
                let nobody = Client::known(&id, "none", "https://client.example/callback");
                nobody.call(server, "/token", &refreshing(&tokens.refresh))
            }),
            refusal: (401, "invalid_client"),
            right: Box::new(own),
            status: 200,
        },
        Guessed {
            name: "client secrets at /introspect",
            wrong: Box::new(|| introspect(&imposter, &others.refresh)),
            refusal: (401, "invalid_client"),
            right: Box::new(|| introspect(stranger, &others.refresh)),
            status: 200,
        },
        Guessed {
            name: "refresh tokens at /introspect",
            wrong: Box::new(|| introspect(stranger, &made_up(&others.refresh))),
            refusal: (200, "inactive"),
            right: Box::new(|| introspect(stranger, &others.refresh)),
            status: 200,
        },
        Guessed {
            name: "personal access tokens at /introspect",
            wrong: Box::new(|| introspect(stranger, &gone)),
            refusal: (200, "inactive"),
            right: Box::new(|| introspect(stranger, &others.access)),
            status: 200,
        },
        Guessed {
            name: "client secrets at /revoke",
            wrong: Box::new(|| imposter.call(server, "/revoke", &[("token", &others.refresh)])),
            refusal: (401, "invalid_client"),
            right: Box::new(other_own),
            status: 200,
        },
        Guessed {
            name: "another's tokens at /revoke",
            wrong: Box::new(|| stranger.call(server, "/revoke", &[("token", &tokens.refresh)])),
            refusal: (400, "invalid_grant"),
            right: Box::new(other_own),
            status: 200,
        },
        Guessed {
            name: "registration access tokens",
            wrong: Box::new(|| bearer(&managed, &random::text(43))),
            refusal: (401, "invalid_token"),
            right: Box::new(|| bearer(&managed, management)),
            status: 200,
        },
        Guessed {
            name: "the admin token",
            wrong: Box::new(|| bearer("/admin/clients", &random::text(43))),
            refusal: (401, "invalid_token"),
            right: Box::new(|| bearer("/admin/clients", ADMIN_TOKEN)),
            status: 200,
        },
        Guessed {
            name: "personal access tokens at the gateway",
            wrong: Box::new(|| bearer("/mcp", &gone)),
            refusal: (401, "invalid_token"),
            // It is let in, and nobody is behind.
            right: Box::new(|| bearer("/mcp", &personal)),
            status: 502,
        },
    ];
    for (number, one) in guessed.iter().enumerate() {
        let address = format!("198.51.100.{number}");
        let wrong = |address: &str| refused(from((one.wrong)(), address), one.refusal);
        // A window may end in between, so twice as many may be let in.
        let count = until_refused(10, |_| wrong(&address));
        assert!(count >= 4, "{}: {count}", one.name);
        for _ in 0..6 {
            let reply = from((one.right)(), &address);
            assert_eq!(reply.status, one.status, "{}: {}", one.name, reply.describe());
        }
        // Nobody elsewhere notices.
        assert!(wrong(&format!("198.51.101.{number}")).is_none(), "{}", one.name);
        // A chat host has more for all of its people together.
        let count =
            until_refused(20, |count| wrong(&format!("160.79.{}.{count}", 104 + number % 8)));
        assert!(count <= 16, "{}: {count}", one.name);
    }
    // It passes: the period of this deployment's limits is 10 seconds.
    let first = &guessed[0];
    let deadline = Instant::now() + Duration::from_secs(30);
    while refused(from((first.wrong)(), "198.51.100.0"), first.refusal).is_some() {
        assert!(Instant::now() < deadline, "it never recovers");
    }
}

fn one_client(server: &Server) {
    let [mut walk, mut beside] = [Walk::begin(server), Walk::begin(server)];
    let (tokens, besides) = (walk.tokens(), beside.tokens());
    let guess = |walk: &Walk<'_>, token: &str, address: &str| {
        let call = walk.client.call(server, "/token", &refreshing(&made_up(token)));
        refused(from(call, address), (400, "invalid_grant"))
    };
    let until = |address: &str| until_refused(10, |_| guess(&walk, &tokens.refresh, address));
    let _ = until("198.51.102.1");
    // Everybody knows the id of a public client.
    assert!(guess(&beside, &besides.refresh, "198.51.102.1").is_none());
    assert!(guess(&walk, &tokens.refresh, "198.51.102.2").is_none());
    // One network of IPv6 is 2^64 addresses.
    let _ =
        until_refused(10, |count| guess(&walk, &tokens.refresh, &format!("2001:db8:7:7::{count}")));
}

fn once_good(server: &Server) {
    let mut walk = Walk::begin(server);
    let (tokens, code) = (walk.tokens(), walk.code());
    let redeem = || from(walk.client.call(server, "/token", &code.fields()), "198.51.102.11");
    let refresh =
        || from(walk.client.call(server, "/token", &refreshing(&tokens.refresh)), "198.51.102.11");
    let _ = Tokens::from_reply(&redeem());
    let _ = walk.client.revoke(server, &tokens.refresh).expect(200);
    for _ in 0..10 {
        refresh().expect_error(400, "invalid_grant");
        redeem().expect_error(400, "invalid_grant");
    }
}

fn resource_server(server: &Server) {
    let mut walk = Walk::begin(server);
    let tokens = walk.tokens();
    let reader = Client::configured("reader");
    for _ in 0..20 {
        let token = made_up(&tokens.refresh);
        let reply = from(reader.call(server, "/introspect", &[("token", &token)]), "198.51.102.21");
        assert_eq!(reply.expect(200).json()["active"], false);
    }
}

fn office(server: &Server) {
    const ADDRESS: &str = "198.51.104.1";
    const PEOPLE: usize = 12;
    // What all of them use, as they do a client that describes itself.
    let client = Client::public(server);
    let mut tokens = Vec::new();
    for _ in 0..PEOPLE {
        let person = Person::new();
        let mut browser = Browser::new(server);
        browser.address = Some(ADDRESS.to_owned());
        browser.join(&person);
        let (mut again, page) = elsewhere(server, ADDRESS, "/sign-in");
        let landed = again.sign_in(&page, &person).page().expect(200);
        assert!(landed.text().contains(&person.email), "{}", landed.reply.describe());
        let _ = register(server, ADDRESS).expect(201);
        let request = Authorization::of(&client);
        let page = again.page(&request.path(server)).expect(200);
        let code = request.code(&again.decide(&page, "allow").away());
        let reply = from(client.call(server, "/token", &code.fields()), ADDRESS);
        tokens.push(Tokens::from_reply(&reply).refresh);
    }
    let guess = || client.call(server, "/token", &refreshing(&made_up(&tokens[0])));
    let count = until_refused(130, |_| refused(from(guess(), ADDRESS), (400, "invalid_grant")));
    assert!(count >= 60, "{count}");
    for token in &tokens {
        let reply = from(client.call(server, "/token", &refreshing(token)), ADDRESS);
        let _ = Tokens::from_reply(&reply);
    }
    let (mut browser, page) = elsewhere(server, ADDRESS, "/sign-up");
    let _ = browser.sign_up(&page, &Person::new()).page().expect(200);
}

fn broken_limits() {
    const ADDRESS: &str = "198.51.104.11";
    let server = Server::start(Deployment::with_broken_limits());
    let server = server.unwrap_or_else(|error| panic!("{error}"));
    let mut walk = Walk::begin(&server);
    let token = walk.tokens().refresh;
    let _ = register(&server, ADDRESS).expect(201);
    let guess = walk.client.call(&server, "/token", &refreshing(&made_up(&token)));
    from(guess, ADDRESS).expect_error(400, "invalid_grant");
    let (mut browser, page) = elsewhere(&server, ADDRESS, "/sign-in");
    let landed = browser.sign_in(&page, &walk.person).page().expect(200);
    assert!(landed.text().contains(&walk.person.email), "{}", landed.reply.describe());
    for limit in ["NETWORK_LIMIT", "TRIES_LIMIT"] {
        let _ = server.log().wait_for_lines(&["limit unavailable", limit]);
    }
}
