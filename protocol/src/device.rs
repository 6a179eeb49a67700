//! What a person signed in with, or a device asked from, in words that they recognise.

use crate::json::FromJson;
use serde::Serialize;

/// The names that browsers give themselves and what people call them. Many claim to be several, so
/// the first that is found counts: Edge says that it is Chrome, and Chrome that it is Safari.
const BROWSERS: [(&str, &str); 13] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// The same for systems: Android says that it is Linux, and an iPhone that it is like a Mac.
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
    ("X11", "Linux"),
];

/// Devices that aren't known by a system: theirs says Linux, or nothing.
const DEVICES: [(&str, &str); 9] = [
    ("AppleTV", "Apple TV"),
    ("Apple TV", "Apple TV"),
    ("Roku", "Roku"),
    ("Tizen", "A Samsung device"),
    ("Web0S", "An LG device"),
    ("webOS", "An LG device"),
    ("PlayStation", "PlayStation"),
    ("Xbox", "Xbox"),
    ("CrKey", "Chromecast"),
];

/// Programs that are no browsers, by how they name themselves. What stands on a library is known by
/// the library only.
const PROGRAMS: [(&str, &str); 17] = [
    ("VSCode", "VS Code"),
    ("Code/", "VS Code"),
    ("Electron/", "A desktop app"),
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("PostmanRuntime", "Postman"),
    ("PowerShell", "PowerShell"),
    ("python", "A Python program"),
    ("Python", "A Python program"),
    ("Go-http-client", "A Go program"),
    ("okhttp", "A Java or Android program"),
    ("Java", "A Java program"),
    ("node", "A Node.js program"),
    ("undici", "A Node.js program"),
    ("axios/", "A Node.js program"),
    ("reqwest", "A Rust program"),
    ("CFNetwork", "An Apple app"),
];

/// Where a request to connect a device came from, as far as it shows. The program is what the device
/// says of itself; the place is what the network says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, FromJson)]
pub struct Origin {
    /// Which program, on which system; `None` when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Which city and country; `None` when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// As [`describe`], and of what is no browser what it is: "Apple TV", "curl", "A Node.js program on
/// Linux". Only words of our own come out, whatever is sent.
#[must_use]
pub fn describe_any(user_agent: &str) -> Option<String> {
    if let Some(device) = first_in(&DEVICES, user_agent) {
        return Some(device.to_owned());
    }
    match first_in(&PROGRAMS, user_agent) {
        Some(program) => Some(on_system(program, user_agent)),
        None => describe(user_agent),
    }
}

/// The name of the first token that is in `user_agent`.
fn first_in(names: &[(&str, &'static str)], user_agent: &str) -> Option<&'static str> {
    names.iter().find(|(token, _)| user_agent.contains(token)).map(|(_, name)| *name)
}

fn on_system(program: &str, user_agent: &str) -> String {
    match first_in(&SYSTEMS, user_agent) {
        Some(system) => format!("{program} on {system}"),
        None => program.to_owned(),
    }
}

/// Browser and system of a `User-Agent`
/// ([RFC 9110 section 10.1.5](https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5)), such as
/// "Firefox on Linux"; the browser alone when the system is unknown, `None` when the browser is.
/// Only words of our own come out, whatever is sent.
#[must_use]
pub fn describe(user_agent: &str) -> Option<String> {
    first_in(&BROWSERS, user_agent).map(|browser| on_system(browser, user_agent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_browser_is_described_as_its_person_would() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
                "Safari on Mac",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
                "Samsung Internet on Android",
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
                "Chrome on ChromeOS",
            ),
            ("Mozilla/5.0 (SomethingNew) Gecko/20100101 Firefox/200.0", "Firefox"),
        ] {
            assert_eq!(describe(user_agent).as_deref(), Some(expected), "{user_agent}");
        }
    }

    #[test]
    fn what_is_no_known_browser_is_not_described() {
        for user_agent in ["", "curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)", "firefox"] {
            assert_eq!(describe(user_agent), None, "{user_agent:?}");
        }
    }

    #[test]
    fn dev_07_a_device_or_program_is_described_as_its_person_would() {
        for (user_agent, expected) in [
            ("curl/8.5.0", Some("curl")),
            ("node", Some("A Node.js program")),
            ("python-requests/2.32 (Linux)", Some("A Python program on Linux")),
            (
                "Mozilla/5.0 (X11; Linux x86_64) Code/1.99.0 Chrome/134 Electron/35 Safari/537.36",
                Some("VS Code on Linux"),
            ),
            (
                "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/94 Safari/537.36",
                Some("An LG device"),
            ),
            ("AppleTV14,1/17.0", Some("Apple TV")),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
                Some("Firefox on Linux"),
            ),
            ("acme-cli/1.0", None),
            ("", None),
        ] {
            assert_eq!(describe_any(user_agent).as_deref(), expected, "{user_agent}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_a_program_sends_comes_out(text in ".{0,40}") {
            let hostile = format!("{text} curl/8 Linux {text}");
            let described = describe_any(&hostile).expect("a program");
            prop_assert!(described.chars().all(|one| one.is_ascii_alphabetic() || " .".contains(one)));
        }

        #[test]
        fn nothing_that_is_sent_comes_out(text in ".{0,40}") {
            let hostile = format!("{text} Firefox/1 (Linux) {text}");
            let described = describe(&hostile).expect("a browser");
            prop_assert!(described.chars().all(|one| one.is_ascii_alphabetic() || one == ' '));
        }
    }
}
