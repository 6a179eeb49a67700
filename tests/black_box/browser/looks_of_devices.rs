//! The pages for a device's code on a phone and on a desktop, light and dark.

use latchkey_tests::device::DEVICE_GRANT;
use latchkey_tests::{Browser, Client, Device, Person, Server, Tokens};
use serde_json::json;

use super::chromium::Chromium;
use super::looks::look;
use super::visit::{ALLOW, DENY, fill_in};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new(
            "RFC 8628, issue 4: in Chromium a person types a device's code, signs in and allows it, on pages that fit a phone and a desktop, light and dark",
            |servers| walk(servers.standard()),
        ),
        Case::new(
            "RFC 8628, issue 4: the pages for a device fit a phone and a desktop, however long the client's words are",
            |servers| long(servers.short_links()),
        ),
        Case::new(
            "RFC 8628 section 3.3.1, issue 4: the QR code is shown on a computer and not on a phone",
            |servers| qr(servers.standard()),
        ),
    ]
}

fn address(server: &Server, path: &str) -> String {
    format!("{}{path}", server.address())
}

fn device(server: &Server) -> Device<'_> {
    let metadata = json!({
        "client_name": "Acme CLI",
        "client_uri": "https://acme.example/",
        "grant_types": [DEVICE_GRANT],
        "token_endpoint_auth_method": "none",
    });
    Device::of(server, Client::register(server, &metadata), &[])
}

fn walk(server: &Server) {
    let (device, person, chromium) = (device(server), Person::new(), Chromium::start());
    Browser::new(server).join(&person);
    chromium.open(&address(server, "/device"));
    look(&chromium, "device");
    chromium.fill("#user-code", &device.user_code().to_lowercase());
    chromium.click("main button[type=submit]");
    chromium.wait_for("input[type=password]");
    look(&chromium, "device-sign-in");
    fill_in(&chromium, &person);
    chromium.click("main button[type=submit]");
    chromium.wait_for(ALLOW);
    assert_eq!(chromium.text(".user-code dd"), device.user_code());
    look(&chromium, "device-confirm");
    chromium.click(ALLOW);
    chromium.wait_for(".state.good");
    look(&chromium, "device-allowed");
    let _ = Tokens::from_reply(&device.poll());
    chromium.open(&address(server, "/account"));
    chromium.wait_for("#apps");
    look(&chromium, "account-device");

    chromium.open(&address(server, "/device"));
    chromium.fill("#user-code", "ZZZZ-9999");
    chromium.click("main button[type=submit]");
    chromium.wait_for("[role=alert]");
    look(&chromium, "device-wrong");
    let second = Device::of(server, device.client.clone(), &[]);
    chromium.open(&address(server, &second.complete_path()));
    look(&chromium, "device-linked");
    chromium.click("main button[type=submit]");
    chromium.wait_for(DENY);
    chromium.click(DENY);
    chromium.wait_for(".state.bad");
    look(&chromium, "device-denied");
    second.poll().expect_error(400, "access_denied");
}

fn long(server: &Server) {
    let metadata = json!({
        "client_name": "Incomprehensibilities".repeat(9),
        "client_uri": format!("https://{}.example/", "a-long-host-name".repeat(3)),
        "policy_uri": "https://client.example/privacy",
        "tos_uri": "https://client.example/terms",
        "grant_types": [DEVICE_GRANT],
        "token_endpoint_auth_method": "none",
    });
    let scopes = "shorturl:read shorturl:create qrcode:read qrcode:create analytics:read";
    let client = Client::register(server, &metadata);
    let device = Device::of(server, client, &[("scope", scopes)]);
    let (person, chromium) = (Person::new(), Chromium::start());
    Browser::new(server).join(&person);
    chromium.open(&address(server, &device.complete_path()));
    chromium.click("main button[type=submit]");
    fill_in(&chromium, &person);
    chromium.click("main button[type=submit]");
    chromium.wait_for(ALLOW);
    look(&chromium, "device-confirm-long");
    chromium.click(ALLOW);
    chromium.wait_for(".state.good");
    look(&chromium, "device-allowed-long");
}

fn qr(server: &Server) {
    let (device, chromium) = (device(server), Chromium::start());
    chromium.open(&address(server, &device.complete_path()));
    chromium.click("details summary");
    let shown = chromium.script(
        "const image = document.querySelector('img.qr');
         return [image.complete && image.naturalWidth > 0, image.getBoundingClientRect().width >= 150];",
    );
    assert_eq!(shown, json!([true, true]));
    look(&chromium, "device-qr");
    chromium.show_on(super::chromium::SCREENS[0]);
    let is_there =
        chromium.script("return document.querySelector('.on-phone').offsetParent !== null");
    let width = chromium.script("return innerWidth");
    assert_eq!(is_there, json!(width.as_u64().is_some_and(|width| width > 544)), "{width} wide");
}
