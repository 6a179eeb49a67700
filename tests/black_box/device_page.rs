//! The page for a device's code: what it takes, what it says, and what it doesn't do.

use latchkey_tests::{Browser, Client, Device, Page, Person, Reply, Server, Tokens};
use serde_json::json;

use crate::Case;
use crate::races::at_once;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 8628 section 6.1, DEV-05: a code is taken however it is typed or pasted",
            |servers| typed(servers.standard()),
        ),
        Case::new(
            "RFC 8628 section 5.1, DEV-06: five wrong codes in ten minutes, and the next is 429; nobody else at the same address waits",
            |servers| guesses(servers.standard()),
        ),
        Case::new(
            "DEV-06: 20 guesses at the same moment are no more than five, and right codes count for nothing",
            |servers| parallel_guesses(servers.standard()),
        ),
        Case::new(
            "DEV-06: a link with a code, and a code sent by nobody who is signed in, looks nothing up",
            |servers| no_oracle(servers.standard()),
        ),
        Case::new(
            "RFC 8628 section 3.3.1, DEV-07: the whole address fills the code in, and the page still shows it and asks",
            |servers| complete_address(servers.short_links()),
        ),
        Case::new(
            "RFC 8628 section 5.4, DEV-07: the page says which app, for which account, what for, and where the request came from",
            |servers| says_everything(servers.short_links()),
        ),
        Case::new(
            "SEC-05, DEV-07: a decision needs this browser's token for this very request",
            |servers| forged(servers.standard()),
        ),
        Case::new(
            "RFC 10027: of two people who allow one code only the first is asked to pay for it",
            |servers| two_people(servers.standard()),
        ),
        Case::new("needs 22: \"not you?\" changes the account and keeps the code", |servers| {
            not_you(servers.standard());
        }),
        Case::new(
            "issue 4: signed out in another tab, Allow asks to sign in again and keeps the code",
            |servers| signed_out_meanwhile(servers.standard()),
        ),
        Case::new(
            "issue 4: the QR code is an image of the address alone, the same whether or not a device shows the code",
            |servers| {
                qr(servers.standard());
                qr(servers.short_links());
            },
        ),
    ]
}

fn signed_in(server: &Server) -> Browser<'_> {
    let mut browser = Browser::new(server);
    browser.join(&Person::new());
    browser
}

fn asks(page: &Page, device: &Device<'_>) -> bool {
    page.reply.status == 200
        && page.texts(".user-code dd") == [device.user_code()]
        && page.reply.text().contains("name=\"decision\"")
}

/// A well-formed code that no device shows, but for one chance in a million.
fn wrong_code(number: usize) -> String {
    format!("ZZZZ-{:04}", 9_000 + number)
}

fn typed(server: &Server) {
    let device = Device::new(server);
    let mut browser = signed_in(server);
    let code = device.user_code().to_owned();
    let (letters, digits) = code.split_at(4);
    let digits = digits.trim_start_matches('-');
    let spaced: String = code.chars().flat_map(|one| [one, ' ']).collect();
    for typed in [
        code.clone(),
        code.to_lowercase(),
        format!("{letters}{digits}"),
        spaced,
        format!(" {letters} \u{2013} {digits}."),
        digits.replace('0', "O").replace('1', "l").replace('5', "s").replace('8', "b"),
        device.document["verification_uri_complete"].as_str().expect("address").to_owned(),
    ] {
        // What was replaced above are the digits alone.
        let typed = if typed.len() == 4 { format!("{letters}{typed}") } else { typed };
        let page = browser.enter_code(&typed);
        assert!(asks(&page, &device), "{typed:?}: {}", page.reply.describe());
    }
    for typed in ["BCDF-123", "AEIO-1234", "https://elsewhere.example/", "<b>BCDF-1234x</b>"] {
        let page = browser.enter_code(typed).expect(422);
        assert!(page.alert().contains("four letters and four digits"), "{}", page.alert());
        assert_eq!(page.form("/device").field("user_code"), Some(typed), "it can be corrected");
    }
    // None of these was a guess.
    assert!(asks(&browser.enter_code(&code), &device));
}

fn guesses(server: &Server) {
    let device = Device::new(server);
    let mut browser = signed_in(server);
    for number in 0..5 {
        // A right code in between makes no wrong one undone.
        assert!(asks(&browser.enter_code(device.user_code()), &device));
        let page = browser.enter_code(&wrong_code(number)).expect(422);
        assert!(page.alert().contains("No device is waiting"), "{}", page.alert());
    }
    for code in [&wrong_code(5), device.user_code()] {
        let page = browser.enter_code(code).expect(429);
        assert!(page.alert().contains("Too many wrong codes. Wait "), "{}", page.alert());
        let wait: u64 =
            page.reply.header("retry-after").and_then(|text| text.parse().ok()).expect("a number");
        assert!((1..=600).contains(&wait), "{wait} s");
        assert_eq!(page.form("/device").field("user_code"), Some(code), "it isn't lost");
    }
    // The device waits on, and its person, at the same network address, is not held up.
    device.expect_waiting();
    signed_in(server).allow_device(&device);
    let _ = Tokens::from_reply(&device.poll());
}

fn parallel_guesses(server: &Server) {
    let device = Device::new(server);
    let mut browser = signed_in(server);
    for _ in 0..6 {
        assert!(asks(&browser.enter_code(device.user_code()), &device));
    }
    let page = browser.page("/device").expect(200);
    let replies: Vec<Reply> = at_once(20, |number| {
        let code = wrong_code(100 + number);
        let form = page.form("/device");
        browser.clone().submit(&page, &form, &[("user_code", &code)]).page().reply
    });
    let looked_up = replies.iter().filter(|reply| reply.status == 422).count();
    assert_eq!(looked_up, 5);
    assert!(replies.iter().all(|reply| matches!(reply.status, 422 | 429)));
    let _ = browser.enter_code(&wrong_code(200)).expect(429);
}

fn no_oracle(server: &Server) {
    let device = Device::new(server);
    let mut browser = signed_in(server);
    for number in 0..20 {
        let path = browser.path("/device", &[("user_code", &wrong_code(number))]);
        let page = browser.page(&path).expect(200);
        assert_eq!(page.alert(), "");
    }
    // Of a stranger a right code and a wrong one get the same.
    let mut heads = Vec::new();
    for code in [device.user_code(), &wrong_code(0)] {
        let page = Browser::new(server).enter_code(code).expect(200);
        assert!(page.path.contains("/sign-in"), "{}", page.path);
        heads.push((page.title(), page.heading(), page.alert()));
    }
    assert_eq!(heads[0], heads[1]);
    // No GET counted as a guess, and none decided anything.
    for number in 0..5 {
        let _ = browser.enter_code(&wrong_code(number)).expect(422);
    }
    let _ = browser.enter_code(&wrong_code(5)).expect(429);
    let _ = signed_in(server).page(&device.complete_path()).expect(200);
    device.expect_waiting();
}

fn complete_address(server: &Server) {
    let device = Device::new(server);
    let mut browser = signed_in(server);
    let page = browser.page(&device.complete_path()).expect(200);
    let form = page.form("/device");
    assert_eq!(form.field("user_code"), Some(device.user_code()));
    assert!(page.text().contains("Is this the code that your device shows?"), "{}", page.text());
    device.expect_waiting();
    let confirm = browser.submit(&page, &form, &[]).page();
    assert!(asks(&confirm, &device), "{}", confirm.reply.describe());
    let text = confirm.text();
    assert!(text.contains("Check that your device shows this code"), "{text}");
    assert!(text.contains("on a device in front of you"), "{text}");
    assert!(text.contains("Nobody from support will ask you for this code"), "{text}");
    device.expect_waiting();
    let _ = browser.decide_device(&confirm, "allow").expect(200);
    let _ = Tokens::from_reply(&device.poll());

    // A damaged link is a form to fill in.
    let path = browser.path("/device", &[("user_code", "<script>")]);
    let page = browser.page(&path).expect(200);
    assert_eq!(page.form("/device").field("user_code"), Some(""));
}

fn says_everything(server: &Server) {
    let metadata = json!({
        "client_name": "Acme <CLI>",
        "client_uri": "https://acme.example/",
        "grant_types": [latchkey_tests::device::DEVICE_GRANT],
        "token_endpoint_auth_method": "none",
    });
    let client = Client::register(server, &metadata);
    let fields = [("scope", "shorturl:read qrcode:create"), ("client_id", client.id.as_str())];
    let call = server.call("POST", &server.at("/device_authorization")).form(&fields);
    let reply = call.header("user-agent", "node <script>alert(1)</script>").send().expect(200);
    let mut device = Device::of(server, client, &[]);
    device.document = reply.json();
    let person = Person::new();
    let mut browser = Browser::new(server);
    browser.join(&person);
    let page = browser.enter_code(device.user_code());
    assert!(asks(&page, &device), "{}", page.reply.describe());
    let text = page.text();
    for wanted in [
        "Acme <CLI>",
        "acme.example",
        "not verified",
        person.email.as_str(),
        "See your short links",
        "Create QR codes",
        "Short links",
        "A Node.js program",
        "Less than a minute ago",
        "You can take this access back",
    ] {
        assert!(text.contains(wanted), "{wanted} is nowhere in {text}");
    }
    assert!(!text.contains("Create short links"), "{text}");
    assert!(!page.reply.text().contains("<script"), "{}", page.reply.text());
    // Neither button weighs more.
    let classes = page.attributes("button[name=decision]", "class");
    assert_eq!(classes, ["button", "button"]);
    // A program that nobody knows is said to be one.
    let plain = Device::new(server);
    let page = browser.enter_code(plain.user_code());
    assert!(page.text().contains("A program that we don’t know"), "{}", page.text());
}

fn forged(server: &Server) {
    let device = Device::new(server);
    let other = Device::new(server);
    let mut browser = signed_in(server);
    let page = browser.enter_code(device.user_code()).expect(200);
    let others = browser.enter_code(other.user_code()).expect(200);
    let right = page.form("/device").filled(&[("decision", "allow")]);
    let csrf_of = |page: &Page| page.form("/device").field("csrf").expect("csrf").to_owned();
    let with_csrf = |csrf: Option<&str>| {
        let mut fields = right.clone();
        fields.retain(|(name, _)| name != "csrf");
        fields.extend(csrf.map(|csrf| ("csrf".to_owned(), csrf.to_owned())));
        fields
    };
    let enter = browser.page("/device").expect(200);
    for csrf in [None, Some("x"), Some(&csrf_of(&others)), Some(&csrf_of(&enter))] {
        let _ = browser.post("/device", &with_csrf(csrf)).page();
        device.expect_waiting();
    }
    // Another request's code with this one's token, another site, another person, and GET.
    let mut swapped = right.clone();
    for (name, value) in &mut swapped {
        if name == "user_code" {
            *value = other.user_code().replace('-', "");
        }
    }
    let _ = browser.post("/device", &swapped).page();
    let foreign = browser.post_from_another_site("/device", &right).page();
    assert!(foreign.reply.status == 403 || foreign.path.contains("/sign-in"), "{}", foreign.path);
    let _ = signed_in(server).post("/device", &right).page();
    let query = latchkey_tests::http::encode(&right);
    let _ = browser.page(&format!("/device?{query}"));
    for waiting in [&device, &other] {
        waiting.expect_waiting();
    }
    let done = browser.post("/device", &right).page().expect(200);
    assert_eq!(done.heading(), "You can go back to your device");
    let _ = Tokens::from_reply(&device.poll());
}

fn two_people(server: &Server) {
    let device = Device::new(server);
    let (mut first, mut second) = (signed_in(server), signed_in(server));
    let pages = [&mut first, &mut second].map(|browser| browser.enter_code(device.user_code()));
    let _ = first.decide_device(&pages[0], "allow").expect(200);
    let late = second.decide_device(&pages[1], "allow").expect(422);
    assert!(late.alert().contains("used already"), "{}", late.alert());
    let _ = Tokens::from_reply(&device.poll());
    assert_eq!(first.account().texts("[aria-labelledby=apps] h3").len(), 1);
    assert_eq!(second.account().texts("[aria-labelledby=apps] h3").len(), 0);
    let logged = second.activity(&[]);
    assert!(logged.iter().all(|entry| entry["kind"] != "device_approved"), "{logged:?}");
}

fn not_you(server: &Server) {
    let device = Device::new(server);
    let other = Person::new();
    Browser::new(server).join(&other);
    let mut browser = signed_in(server);
    let page = browser.enter_code(device.user_code()).expect(200);
    let sign_in = browser.submit(&page, &page.form("/sign-out"), &[]).page().expect(200);
    assert!(sign_in.text().contains("to connect your device"), "{}", sign_in.text());
    let page = browser.sign_in(&sign_in, &other).page();
    assert!(asks(&page, &device) && page.text().contains(&other.email), "{}", page.text());
    let _ = browser.decide_device(&page, "allow").expect(200);
    let _ = Tokens::from_reply(&device.poll());
}

fn signed_out_meanwhile(server: &Server) {
    let device = Device::new(server);
    let person = Person::new();
    let mut browser = Browser::new(server);
    browser.join(&person);
    let page = browser.enter_code(device.user_code()).expect(200);
    let home = browser.page("/").expect(200);
    let _ = browser.submit(&home, &home.form("/sign-out"), &[]).page().expect(200);
    let sign_in = browser.decide_device(&page, "allow").expect(200);
    device.expect_waiting();
    let page = browser.sign_in(&sign_in, &person).page();
    assert!(asks(&page, &device), "{}", page.text());
    let _ = browser.decide_device(&page, "allow").expect(200);
    let _ = Tokens::from_reply(&device.poll());
}

fn qr(server: &Server) {
    let device = Device::new(server);
    let image = |query: &str| server.get(&format!("{}{query}", server.at("/device/qr")));
    let shown = image(&format!("?user_code={}", device.user_code())).expect(200);
    assert_eq!(shown.header("content-type"), Some("image/svg+xml"), "{}", shown.describe());
    assert_eq!(shown.header("cache-control"), Some("no-store"), "{}", shown.describe());
    assert_eq!(shown.header("x-content-type-options"), Some("nosniff"), "{}", shown.describe());
    assert!(shown.text().starts_with("<svg "), "{}", shown.text());
    // A code is an image whoever has it, and however it is written.
    let same = image(&format!("?user_code={}", device.user_code().to_lowercase())).expect(200);
    assert_eq!(same.text(), shown.text());
    let nobodys = image(&format!("?user_code={}", wrong_code(0))).expect(200);
    assert_ne!(nobodys.text(), shown.text());
    assert_eq!(nobodys.headers.len(), shown.headers.len());
    assert_ne!(image("").expect(200).text(), shown.text());
    for query in ["?user_code=x", "?user_code=BCDF-1234&user_code=BCDF-1235"] {
        image(query).expect_error(400, "invalid_request");
    }
    // The page has it, and its policy lets it be shown.
    let page = Browser::new(server).page(&device.complete_path()).expect(200);
    let source = page.attributes("img.qr", "src").concat();
    assert_eq!(server.get(&source).expect(200).text(), shown.text());
    let policy = page.reply.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("img-src 'self'"), "{policy}");
}
