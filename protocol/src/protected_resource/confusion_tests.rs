//! Ways to write the path of one resource so that it is found under another.

use super::tests::{deployment, found};
use super::*;
use proptest::prelude::*;

const API: &str = "https://id.example/api";
const ADMIN: &str = "https://id.example/api/admin";
const CONFUSING: Option<Result<(&str, &str), RouteError>> = Some(Err(RouteError::ConfusingPath));

#[test]
fn no_way_of_writing_an_inner_resources_path_leads_to_the_outer_one() {
    let configuration = deployment("https://id.example", &[API, ADMIN]);
    let plain = Some(Ok((ADMIN, "/users")));
    assert_eq!(found(&configuration, "id.example", "/api/admin/users"), plain);
    for path in [
        "/api/%61dmin/users",
        "/api/admi%6E/users",
        "/api/%2561dmin/users",
        "/api/ADMIN/users",
        "/api/Admin",
        "/api/adm\u{131}n/users",
        "/api/adm%C4%B1n/users",
        "/api/admin;x/users",
        "/api/admin;",
        "/api/admin;x=y;z/",
        "/api/;/admin/users",
        "/api//admin/users",
        "/api/;x/ADMIN;y/users",
        "/api/x/%252e%252e/admin",
        "/api/x/../admin",
        "/api/admin./users",
        "/api/admin%20/users",
        "/api/admin%3Bx/users",
    ] {
        assert_eq!(found(&configuration, "id.example", path), CONFUSING, "{path}");
    }
}

#[test]
fn what_only_resembles_an_inner_resource_goes_to_the_outer_one() {
    let configuration = deployment("https://id.example", &[API, ADMIN]);
    for rest in
        ["/administration", "/admin-x", "/x/admin", "/ADMINS/users", "/adm%20in", "/x;admin", ""]
    {
        let path = format!("/api{rest}");
        let expected = Some(Ok((API, rest)));
        assert_eq!(found(&configuration, "id.example", &path), expected, "{path}");
    }
}

#[test]
fn under_an_origin_the_path_of_another_resource_is_confusing_in_every_spelling() {
    let origin = "https://id.example";
    let configuration = deployment(origin, &[origin, API, "https://id.example/Files"]);
    for path in ["/API/x", "/api;v=1/x", "/API", "/;/api", "/files/x", "/FILES", "/%61pi/x"] {
        assert_eq!(found(&configuration, "id.example", path), CONFUSING, "{path}");
    }
    for (path, identifier, rest) in [
        ("/api/FILES", API, "/FILES"),
        ("/Files/x", "https://id.example/Files", "/x"),
        ("/notes/api", origin, "/notes/api"),
    ] {
        let expected = Some(Ok((identifier, rest)));
        assert_eq!(found(&configuration, "id.example", path), expected, "{path}");
    }
}

#[test]
fn another_case_of_the_only_resource_is_not_found() {
    let configuration = deployment("https://id.example", &[API, ADMIN]);
    for path in ["/API", "/Api/admin", "/api;x/admin", "/%61pi/admin"] {
        assert_eq!(found(&configuration, "id.example", path), None, "{path}");
    }
}

#[test]
fn two_resources_that_differ_by_case_only_are_each_found_as_they_are_written() {
    let (upper, inner) = ("https://id.example/API", "https://id.example/API/x");
    let configuration = deployment("https://id.example", &[API, upper, inner]);
    assert_eq!(found(&configuration, "id.example", "/api/y"), Some(Ok((API, "/y"))));
    assert_eq!(found(&configuration, "id.example", "/API/y"), Some(Ok((upper, "/y"))));
    assert_eq!(found(&configuration, "id.example", "/API/x"), Some(Ok((inner, ""))));
    // Of the longer one this is another spelling.
    assert_eq!(found(&configuration, "id.example", "/api/x"), CONFUSING);
}

#[test]
fn only_resources_that_the_request_could_be_for_make_a_path_confusing() {
    // One without an upstream takes no requests, however they are written.
    let without = deployment("https://id.example", &[API, "-https://id.example/api/admin"]);
    assert_eq!(found(&without, "id.example", "/api/ADMIN"), Some(Ok((API, "/ADMIN"))));
    let elsewhere = deployment("https://id.example", &[API, "https://other.example/api/admin"]);
    assert_eq!(found(&elsewhere, "id.example", "/api/ADMIN"), Some(Ok((API, "/ADMIN"))));
    // On its own host the longer one would have been found before the issuer's.
    assert_eq!(found(&elsewhere, "other.example", "/api/ADMIN"), CONFUSING);
    let own = deployment("https://id.example", &["https://other.example/api", ADMIN]);
    let expected = Some(Ok(("https://other.example/api", "/ADMIN")));
    assert_eq!(found(&own, "other.example", "/api/ADMIN"), expected);
}

/// The path of the inner resource with each letter in either case, encoded once or twice, and with
/// parameters and empty segments.
fn disguised() -> impl Strategy<Value = String> {
    let letter = |letter: char| {
        let upper = letter.to_ascii_uppercase();
        prop_oneof![
            Just(letter.to_string()),
            Just(upper.to_string()),
            Just(format!("%{:02x}", u32::from(letter))),
            Just(format!("%{:02X}", u32::from(upper))),
            Just(format!("%25{:02x}", u32::from(letter))),
        ]
    };
    let word: Vec<_> = "admin".chars().map(letter).collect();
    ("(/|/;|/;x){0,2}", word, "(;|;x=%20|\\.|%20){0,2}")
        .prop_map(|(before, word, after)| format!("/api{before}/{}{after}/users", word.concat()))
}

proptest! {
    #[test]
    fn no_disguise_of_an_inner_resource_reaches_the_outer_one(path in disguised()) {
        let configuration = deployment("https://id.example", &[API, ADMIN]);
        let found = found(&configuration, "id.example", &path);
        prop_assert!(!matches!(found, Some(Ok((API, _)))), "{} {:?}", path, found);
    }
}
