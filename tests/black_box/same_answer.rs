//! What signing in tells about who has an account: nothing. The same words to the byte, the same work by the
//! server's own count (`log.trace`).

use latchkey_tests::{Browser, Call, Counted, Page, Person, Server, Tokens, Walk};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "issue 7: a wrong password gets the same bytes whether or not the address has an account, and so does one that has to wait",
            |all| same_words(&all.counted().server),
        ),
        Case::new(
            "issue 7: a wrong password is the same work whether or not the address has an account, and so is one that has to wait",
            |all| same_work(&all.counted().server),
        ),
        Case::new(
            "issue 7: what is right is counted by no limit; something wrong, and a password in a new browser, by one",
            |all| {
                let front = all.counted();
                counted_by_limits(&front.server, &front.token("/remembered", "mcp"));
            },
        ),
    ]
}

/// Somebody's browser at the sign-in page, which tries wrong passwords with two addresses of one length.
struct Tries<'a> {
    server: &'a Server,
    browser: Browser<'a>,
    page: Page,
    known: String,
    unknown: String,
}

impl<'a> Tries<'a> {
    fn begin(server: &'a Server) -> Self {
        let (person, nobody) = (Person::new(), Person::new());
        Browser::new(server).join(&person);
        assert_eq!(person.email.len(), nobody.email.len());
        let mut browser = Browser::new(server);
        let page = browser.page("/sign-in").expect(200);
        Self { server, browser, page, known: person.email, unknown: nobody.email }
    }

    fn with(&self, email: &str) -> Counted {
        let fields = [("email", email), ("password", "not the password")];
        let form = self.page.form("/sign-in").filled(&fields);
        let cookies = self.browser.jar.header().expect("cookies");
        self.server
            .count(self.server.call("POST", "/sign-in").form(&form).header("cookie", &cookies))
    }

    /// The first answer that says to wait. The waits grow, so a slow machine gets there too.
    fn until_told_to_wait(&self, email: &str) -> Counted {
        let mut tries = (0..12).map(|_| self.with(email));
        let waits = tries.find(|counted| counted.reply.status == 429);
        waits.expect("429 after a dozen wrong passwords")
    }
}

/// Status, headers and body, where `email` was typed. The moment isn't the page's word.
fn said(counted: &Counted, email: &str) -> String {
    let mut reply = counted.reply.clone();
    reply.headers.retain(|(name, _)| name != "date");
    assert!(reply.text().contains(email), "{}", reply.describe());
    format!("{} {:?}\n{}", reply.status, reply.headers, reply.text()).replace(email, "EMAIL")
}

fn same_words(server: &Server) {
    let tries = Tries::begin(server);
    for number in 0..5 {
        let (known, unknown) = (tries.with(&tries.known), tries.with(&tries.unknown));
        assert_eq!(known.reply.status, 422, "{number}: {}", known.reply.describe());
        assert_eq!(said(&known, &tries.known), said(&unknown, &tries.unknown), "{number}");
    }
    // How many seconds are left depends on the moment, and on nothing else.
    let digits = |text: String| text.replace(|letter: char| letter.is_ascii_digit(), "0");
    let (known, unknown) =
        (tries.until_told_to_wait(&tries.known), tries.until_told_to_wait(&tries.unknown));
    for waits in [&known, &unknown] {
        assert!(waits.reply.header("retry-after").is_some(), "{}", waits.reply.describe());
    }
    assert_eq!(digits(said(&known, &tries.known)), digits(said(&unknown, &tries.unknown)));
}

fn same_work(server: &Server) {
    // As in operations.rs: an object that was ten seconds out of use does more, so it is looked at again.
    let mut differences = Vec::new();
    for _ in 0..4 {
        match difference(server) {
            None => return,
            Some(difference) => differences.push(difference),
        }
    }
    panic!("{differences:?}");
}

/// What was done otherwise for an address with an account than for one without; `None` for nothing.
fn difference(server: &Server) -> Option<[String; 2]> {
    let tries = Tries::begin(server);
    // The first try begins the object of an address that nobody has ever tried.
    let _ = (tries.with(&tries.known), tries.with(&tries.unknown));
    let mut done = Vec::new();
    for _ in 0..4 {
        done.push([tries.with(&tries.known), tries.with(&tries.unknown)]);
    }
    done.push([&tries.known, &tries.unknown].map(|email| tries.until_told_to_wait(email)));
    let done = done.iter().map(|both| [&both[0], &both[1]].map(|counted| counted.waited.all()));
    let done: Vec<_> = done.collect();
    // Whoever is let in to the hash asks two objects, one after the other; whoever waits asks one.
    assert!(done[0][0].starts_with("account_calls 1, directory_calls 1, in_turn 2"), "{done:?}");
    assert!(done[4][0].starts_with("directory_calls 1, in_turn 1"), "{done:?}");
    done.into_iter().find(|[known, unknown]| known != unknown)
}

fn counted_by_limits(server: &Server, token: &str) {
    const ADDRESS: &str = "198.51.105.1";
    let mut walk = Walk::begin(server);
    let code = walk.code();
    let from = |call: Call<'_>| {
        let counted = server.count(call.header("cf-connecting-ip", ADDRESS));
        (counted.waited.of("rate_limits"), counted.reply)
    };
    let refresh = |token: &str| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        from(walk.client.call(server, "/token", &fields))
    };
    let (asked, reply) = from(walk.client.call(server, "/token", &code.fields()));
    assert_eq!(asked, 0, "{}", reply.describe());
    let (asked, reply) = refresh(&Tokens::from_reply(&reply).refresh);
    assert_eq!((asked, reply.status), (0, 200), "{}", reply.describe());
    let (asked, reply) = refresh("nobody's token");
    assert_eq!((asked, reply.status), (1, 400), "{}", reply.describe());
    let (asked, _) = from(server.call("GET", "/remembered").bearer(token));
    assert_eq!(asked, 0);
    let (asked, reply) = from(server.call("GET", "/remembered").bearer("nobody"));
    assert_eq!((asked, reply.status), (0, 401), "{}", reply.describe());

    // In a browser that nobody has signed in in before, and in the person's own.
    let fields = [("email", walk.person.email.as_str()), ("password", &walk.person.password)];
    for (mut browser, expected) in [(Browser::new(server), 1), (walk.browser.clone(), 0)] {
        let form = browser.page("/sign-in").expect(200).form("/sign-in").filled(&fields);
        let cookies = browser.jar.header().expect("cookies");
        let call = server.call("POST", "/sign-in").form(&form);
        let (asked, reply) = from(call.header("cookie", &cookies));
        assert_eq!((asked, reply.status), (expected, 303), "{}", reply.describe());
    }
}
