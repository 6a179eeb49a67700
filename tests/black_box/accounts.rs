//! Sign-up, sign-in, sign-out, and the forms that another site must not be able to post.

use latchkey_tests::{Browser, Form, Landing, Page, Person, Server};
use std::time::{Duration, Instant};

use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new("issue 2: an account made in one browser signs in in another", |servers| {
            sign_up_then_in(servers.standard());
        }),
        Case::new(
            "issue 2: a wrong password and an unknown account get the same words",
            |servers| {
                same_words(servers.standard());
            },
        ),
        Case::new(
            "issue 2: a taken address is said to be taken, and its password stays",
            |servers| {
                taken_address(servers.standard());
            },
        ),
        Case::new(
            "issue 2: an unusable address or password is refused where it was typed, and never shown again",
            |servers| {
                unusable_input(servers.standard());
            },
        ),
        Case::new("issue 2: where sign-up is turned off nobody can create an account", |servers| {
            sign_up_turned_off(servers.tenant());
        }),
        Case::new(
            "RFC 6749 section 10.12, SEC-05: a form that isn't this browser's own does nothing",
            |servers| {
                forged_forms(servers.standard());
            },
        ),
        Case::new(
            "SEC-05: a form posted from another site does nothing, even with the browser's own token",
            |servers| {
                cross_site_forms(servers.standard());
            },
        ),
        Case::new(
            "issue 2: cookies are HttpOnly, SameSite=Lax, and on https Secure and __Host-",
            |servers| {
                cookie_attributes(servers.standard(), "", false);
                cookie_attributes(servers.short_links(), "__Host-", true);
            },
        ),
        Case::new(
            "session fixation: signing in changes both cookies, and ends the session that was there",
            |servers| {
                new_cookies_at_sign_in(servers.standard());
            },
        ),
        Case::new(
            "session fixation: signing in as another person ends the session that this browser had",
            |servers| another_person_signs_in(servers.standard()),
        ),
        Case::new(
            "RFC 5321 section 4.5.3.1.1: an address that is too long in lower case is refused as typed",
            |servers| grows_in_lower_case(servers.standard()),
        ),
        Case::new("issue 2: signing out ends the session itself, not only the cookie", |servers| {
            sign_out(servers.standard());
        }),
        Case::new(
            "RFC 6749 section 10.10: guessing a password is slowed down, and the person gets in again",
            |servers| {
                guessing(servers.standard());
            },
        ),
        Case::new(
            "issue 2: guessing at an address without an account is slowed down just the same",
            |servers| {
                guessing_at_nobody(servers.standard());
            },
        ),
        Case::new("issue 2: a cookie that is nobody's is as good as none", |servers| {
            strange_cookies(servers.standard());
        }),
    ]
}

fn sign_in_page(browser: &mut Browser<'_>) -> Page {
    let path = browser.path("/sign-in", &[]);
    browser.page(&path).expect(200)
}

fn signed_in(browser: &mut Browser<'_>, person: &Person) -> bool {
    let path = browser.path("/", &[]);
    browser.page(&path).expect(200).text().contains(&person.email)
}

fn sign_up_then_in(server: &Server) {
    let person = Person::new();
    Browser::new(server).join(&person);
    for email in [person.email.clone(), person.email.to_uppercase(), format!(" {} ", person.email)]
    {
        let mut other = Browser::new(server);
        let page = sign_in_page(&mut other);
        let typed = Person { email, password: person.password.clone() };
        let home = other.sign_in(&page, &typed).page().expect(200);
        assert!(home.text().contains(&person.email), "{}", home.reply.describe());
    }
}

fn same_words(server: &Server) {
    let (person, nobody) = (Person::new(), Person::new());
    Browser::new(server).join(&person);
    let wrong = Person { email: person.email.clone(), password: "not the password".to_owned() };
    let [known, unknown] = [wrong, nobody].map(|tried| {
        let mut browser = Browser::new(server);
        let page = sign_in_page(&mut browser);
        let answer = browser.sign_in(&page, &tried).page();
        assert!(!signed_in(&mut browser, &tried));
        assert!((400..500).contains(&answer.reply.status), "{}", answer.reply.describe());
        assert_eq!(answer.form("/sign-in").field("email"), Some(tried.email.as_str()));
        assert_eq!(answer.form("/sign-in").field("password"), Some(""));
        answer
    });
    assert!(!known.alert().is_empty(), "{}", known.reply.describe());
    assert_eq!(
        (known.reply.status, known.title(), known.alert()),
        (unknown.reply.status, unknown.title(), unknown.alert())
    );
}

fn taken_address(server: &Server) {
    let person = Person::new();
    Browser::new(server).join(&person);
    let thief =
        Person { email: person.email.to_uppercase(), password: "another password".to_owned() };
    let mut browser = Browser::new(server);
    let path = browser.path("/sign-up", &[]);
    let page = browser.page(&path).expect(200);
    let answer = browser.sign_up(&page, &thief).page();
    assert!((400..500).contains(&answer.reply.status), "{}", answer.reply.describe());
    assert!(!answer.alert().is_empty(), "{}", answer.reply.describe());
    assert!(!signed_in(&mut browser, &person));
    let page = sign_in_page(&mut browser);
    let home = browser.sign_in(&page, &person).page().expect(200);
    assert!(home.text().contains(&person.email));
}

fn unusable_input(server: &Server) {
    let long = "p".repeat(1_025);
    let ada = format!("{}@people.example", latchkey_tests::random::text(10));
    for (email, password) in [
        (ada.as_str(), "short"),
        (&ada, ""),
        (&ada, long.as_str()),
        ("", "a good password"),
        ("ada", "a good password"),
        ("ada@", "a good password"),
        ("@people.example", "a good password"),
        ("ada@people", "a good password"),
        ("a da@people.example", "a good password"),
        ("ada@people.example\r\nBcc: x@y.example", "a good password"),
        ("<script>@people.example", "a good password"),
        ("ada\u{202e}@people.example", "a good password"),
    ] {
        let mut browser = Browser::new(server);
        let path = browser.path("/sign-up", &[]);
        let page = browser.page(&path).expect(200);
        let person = Person { email: email.to_owned(), password: password.to_owned() };
        let answer = browser.sign_up(&page, &person).page();
        assert!(
            (400..500).contains(&answer.reply.status),
            "{email:?}: {}",
            answer.reply.describe()
        );
        assert!(!answer.alert().is_empty(), "{email:?}");
        assert_eq!(answer.form("/sign-up").field("password"), Some(""), "{email:?}");
        assert_eq!(answer.texts("script").len(), 0, "{email:?}");
    }
    // None of that made an account.
    let mut browser = Browser::new(server);
    browser.join(&Person { email: ada, password: "a good password".to_owned() });
}

fn sign_up_turned_off(server: &Server) {
    let mut browser = Browser::new(server);
    let page = sign_in_page(&mut browser);
    assert_eq!(page.attributes("a[href*='sign-up']", "href").len(), 0);
    let path = browser.path("/", &[]);
    assert_eq!(browser.page(&path).attributes("a[href*='sign-up']", "href").len(), 0);

    let path = browser.path("/sign-up", &[]);
    let refused = browser.page(&path).expect(404);
    assert!(refused.reference().len() >= 6);
    let person = Person::new();
    let mut fields = page.form("/sign-in").fields;
    fields.retain(|(name, _)| name == "csrf");
    fields.push(("email".to_owned(), person.email.clone()));
    fields.push(("password".to_owned(), person.password.clone()));
    let posted = browser.post(&server.at("/sign-up"), &fields).page().expect(404);
    assert!(posted.reference().len() >= 6);
    let answer = browser.sign_in(&page, &person).page();
    assert!(!answer.alert().is_empty(), "no account was made: {}", answer.reply.describe());
}

fn forged_forms(server: &Server) {
    let person = Person::new();
    Browser::new(server).join(&person);
    let stranger = sign_in_page(&mut Browser::new(server)).form("/sign-in");
    let token = |form: &Form| form.field("csrf").unwrap().to_owned();

    for (what, forge) in [
        ("no token", None),
        ("empty token", Some(String::new())),
        ("made up", Some("A".repeat(43))),
        ("of another browser", Some(token(&stranger))),
    ] {
        let mut browser = Browser::new(server);
        let form = sign_in_page(&mut browser).form("/sign-in");
        let mut fields = form.filled(&[("email", &person.email), ("password", &person.password)]);
        fields.retain(|(name, _)| name != "csrf");
        fields.extend(forge.map(|token| ("csrf".to_owned(), token)));
        expect_forbidden(browser.post("/sign-in", &fields), what);
        assert!(!signed_in(&mut browser, &person), "{what}");
    }

    // Another form's token of the same browser, and a token without the browser's cookie.
    let mut browser = Browser::new(server);
    let sign_up = browser.page("/sign-up").form("/sign-up");
    let form = sign_in_page(&mut browser).form("/sign-in");
    let mut fields = form.filled(&[("email", &person.email), ("password", &person.password)]);
    let correct = fields.clone();
    for (name, value) in &mut fields {
        if name == "csrf" {
            *value = token(&sign_up);
        }
    }
    expect_forbidden(browser.post("/sign-in", &fields), "of another form");
    expect_forbidden(Browser::new(server).post("/sign-in", &correct), "without the cookie");

    // Sign-up and sign-out are no different.
    let newcomer = Person::new();
    let fields = [("email", &newcomer.email), ("password", &newcomer.password)]
        .map(|(name, value)| (name.to_owned(), value.clone()));
    expect_forbidden(Browser::new(server).post("/sign-up", &fields), "sign-up");
    let page = sign_in_page(&mut browser);
    let answer = browser.sign_in(&page, &newcomer).page();
    assert!(!answer.alert().is_empty(), "no account was made");
    let page = sign_in_page(&mut browser);
    let _ = browser.sign_in(&page, &person).page().expect(200);
    expect_forbidden(browser.post("/sign-out", &[]), "sign-out");
    assert!(signed_in(&mut browser, &person), "still signed in");
}

fn expect_forbidden(landing: Landing, what: &str) {
    let page = landing.page();
    assert_eq!(page.reply.status, 403, "{what}: {}", page.reply.describe());
    assert!(page.reference().len() >= 6, "{what}");
    let session = page.reply.cookies().into_iter().find(|cookie| cookie.name.ends_with("session"));
    assert!(session.is_none_or(|cookie| cookie.is_removal()), "{what}: a session");
}

fn cross_site_forms(server: &Server) {
    let person = Person::new();
    Browser::new(server).join(&person);
    let mut browser = Browser::new(server);
    let form = sign_in_page(&mut browser).form("/sign-in");
    let fields = form.filled(&[("email", &person.email), ("password", &person.password)]);
    // SameSite=Lax keeps the cookies at home…
    expect_forbidden(browser.post_from_another_site("/sign-in", &fields), "without cookies");
    // …and where a browser sent them all the same, it says where the form came from.
    let call = server.call("POST", "/sign-in").form(&fields);
    let call = call.header("cookie", &browser.jar.header().unwrap());
    let call = call.header("origin", "https://evil.example").header("sec-fetch-site", "cross-site");
    let reply = call.send().expect(403);
    assert!(!reply.cookies().iter().any(|cookie| cookie.name.ends_with("session")));
    // The same form in the right place still works.
    let _ = browser.post("/sign-in", &fields).page().expect(200);
    assert!(signed_in(&mut browser, &person));
}

fn cookie_attributes(server: &Server, prefix: &str, secure: bool) {
    let mut browser = Browser::new(server);
    let path = browser.path("/sign-up", &[]);
    let page = browser.page(&path).expect(200);
    let form = page.form("/sign-up");
    let person = Person::new();
    let fields = form.filled(&[("email", &person.email), ("password", &person.password)]);
    let reply = server
        .call("POST", &server.at("/sign-up"))
        .form(&fields)
        .header("cookie", &browser.jar.header().unwrap())
        .send()
        .expect(303);
    let cookies = [page.reply.cookies(), reply.cookies()].concat();
    for name in ["latchkey_browser", "latchkey_session"] {
        let name = format!("{prefix}{name}");
        assert!(cookies.iter().any(|cookie| cookie.name == name), "{name} in {cookies:?}");
    }
    for cookie in &cookies {
        assert!(cookie.name.starts_with(prefix), "{cookie:?}");
        assert_eq!(cookie.attribute("httponly"), Some(""), "{cookie:?}");
        assert_eq!(cookie.attribute("samesite"), Some("Lax"), "{cookie:?}");
        assert_eq!(cookie.attribute("path"), Some("/"), "{cookie:?}");
        assert_eq!(cookie.attribute("domain"), None, "{cookie:?}");
        assert_eq!(cookie.attribute("secure").is_some(), secure, "{cookie:?}");
        assert!(cookie.value.len() >= 43, "256 bits: {cookie:?}");
    }
}

fn new_cookies_at_sign_in(server: &Server) {
    let person = Person::new();
    Browser::new(server).join(&person);
    let mut browser = Browser::new(server);
    let page = sign_in_page(&mut browser);
    let before = browser.jar.get("latchkey_browser").unwrap().to_owned();
    browser.jar.set("latchkey_session", "planted.by.somebody");
    let _ = browser.sign_in(&page, &person).page().expect(200);
    assert_ne!(browser.jar.get("latchkey_browser"), Some(before.as_str()));
    let first = browser.clone();
    assert_ne!(browser.jar.get("latchkey_session"), Some("planted.by.somebody"));

    // Signing in again in this browser leaves no second session behind.
    let page = sign_in_page(&mut browser);
    let _ = browser.sign_in(&page, &person).page().expect(200);
    assert!(signed_in(&mut browser, &person));
    assert!(!signed_in(&mut first.clone(), &person), "the old session has ended");
}

fn another_person_signs_in(server: &Server) {
    let (person, other) = (Person::new(), Person::new());
    Browser::new(server).join(&other);
    let mut browser = Browser::new(server);
    browser.join(&person);
    let mut first = browser.clone();
    let page = sign_in_page(&mut browser);
    let _ = browser.sign_in(&page, &other).page().expect(200);
    assert!(signed_in(&mut browser, &other));
    assert!(!signed_in(&mut first, &person), "the first person's session has ended");
}

fn grows_in_lower_case(server: &Server) {
    let mut browser = Browser::new(server);
    let page = browser.page("/sign-up").expect(200);
    let email = format!("{}@people.example", "\u{130}".repeat(32));
    let person = Person { email, ..Person::new() };
    let answer = browser.sign_up(&page, &person).page().expect(422);
    assert!(!answer.alert().is_empty(), "{}", answer.reply.describe());
}

fn sign_out(server: &Server) {
    let person = Person::new();
    let (mut browser, mut elsewhere) = (Browser::new(server), Browser::new(server));
    browser.join(&person);
    let page = sign_in_page(&mut elsewhere);
    let _ = elsewhere.sign_in(&page, &person).page().expect(200);

    let mut copy = browser.clone();
    let home = browser.page("/").expect(200);
    let form = home.form("/sign-out");
    let _ = browser.submit(&home, &form, &[]).page().expect(200);
    assert!(!signed_in(&mut browser, &person));
    assert!(!signed_in(&mut copy, &person), "the cookie's session is over");
    assert!(signed_in(&mut elsewhere, &person), "another browser's session isn't");
    // The back button: the old page's form does no harm.
    let again = browser.submit(&home, &form, &[]).page();
    assert!(again.reply.status < 500, "{}", again.reply.describe());
}

/// Guesses until the server says to wait, and returns that answer.
fn guess_until_limited(server: &Server, email: &str) -> Page {
    let mut browser = Browser::new(server);
    let page = sign_in_page(&mut browser);
    let guess = Person { email: email.to_owned(), password: "a wrong password".to_owned() };
    let limited = (0..12)
        .map(|_| browser.sign_in(&page, &guess).page())
        .find(|answer| answer.reply.status == 429)
        .expect("429 after a dozen wrong passwords");
    assert!(!limited.alert().is_empty(), "{}", limited.reply.describe());
    assert_eq!(limited.form("/sign-in").field("email"), Some(email));
    limited
}

fn guessing(server: &Server) {
    let person = Person::new();
    Browser::new(server).join(&person);
    let limited = guess_until_limited(server, &person.email);
    let wait: u64 = limited.reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=120).contains(&wait), "{wait} seconds");

    let mut browser = Browser::new(server);
    let deadline = Instant::now() + Duration::from_secs(wait + 60);
    while !signed_in(&mut browser, &person) {
        assert!(Instant::now() < deadline, "still locked out");
        std::thread::sleep(Duration::from_millis(300));
        let page = sign_in_page(&mut browser);
        let _ = browser.sign_in(&page, &person);
    }
}

fn guessing_at_nobody(server: &Server) {
    let person = Person::new();
    Browser::new(server).join(&person);
    let known = guess_until_limited(server, &person.email);
    let unknown = guess_until_limited(server, &Person::new().email);
    let words = |page: &Page| page.alert().replace(|letter: char| letter.is_ascii_digit(), "");
    assert_eq!(words(&known), words(&unknown));
    assert_eq!(known.title(), unknown.title());
}

fn strange_cookies(server: &Server) {
    let person = Person::new();
    let mut owner = Browser::new(server);
    owner.join(&person);
    let session = owner.jar.get("latchkey_session").unwrap().to_owned();
    let (ids, secret) = session.rsplit_once('.').unwrap();
    let flipped = if secret.starts_with('A') { "B" } else { "A" };
    let wrong_secret = format!("{ids}.{flipped}{}", &secret[1..]);
    for value in ["", "x", "..", "a.b.c", &"x".repeat(3_000), "%00", "\"quoted\"", &wrong_secret] {
        let mut browser = Browser::new(server);
        browser.jar.set("latchkey_session", value);
        browser.jar.set("latchkey_browser", value);
        assert!(!signed_in(&mut browser, &person), "{value}");
        let _ = sign_in_page(&mut browser);
    }
    assert!(signed_in(&mut owner, &person));
}
