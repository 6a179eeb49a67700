//! Where a request goes, and redirects: those that stay, and those that would take a person's token elsewhere.

use proptest::prelude::*;
use serde_json::json;

use super::location::{is_upstream_refusal, leads_out, public_location, upstream_url};
use crate::configuration::{Configuration, Upstream};
use crate::protected_resource::find;
use crate::resource::ResourceIndicator;
use crate::test_support::configuration_with;

fn service(path: &str) -> Upstream {
    Upstream::Service { binding: "API".to_owned(), path: path.to_owned() }
}

fn url(path: &str) -> Upstream {
    Upstream::Url { origin: "https://internal.example".to_owned(), path: path.to_owned() }
}

#[test]
fn a_request_goes_to_the_upstreams_path_with_the_rest_and_the_query_as_they_came() {
    let cases = [
        (service("/mcp"), "", None, "https://id.example/mcp"),
        (service("/mcp"), "/a%20b", Some("x=1&y=%2F"), "https://id.example/mcp/a%20b?x=1&y=%2F"),
        (service(""), "/notes", None, "https://id.example/notes"),
        (service(""), "", Some("x"), "https://id.example/?x"),
        (url("/v1"), "/notes/", None, "https://internal.example/v1/notes/"),
        (url(""), "", None, "https://internal.example/"),
        (url("/v1"), "", Some(""), "https://internal.example/v1?"),
    ];
    for (upstream, rest, query, expected) in cases {
        assert_eq!(upstream_url(&upstream, "https://id.example", rest, query), expected);
    }
}

#[test]
fn a_redirect_inside_the_upstream_is_one_inside_the_resource() {
    let cases = [
        (
            url("/v1"),
            "https://internal.example/v1/notes?x=1#y",
            "https://id.example/api/notes?x=1#y",
        ),
        (url("/v1"), "https://internal.example:443/v1", "https://id.example/api"),
        (url("/v1"), "https://INTERNAL.example/v1/a", "https://id.example/api/a"),
        (url("/v1"), "/v1/notes", "/api/notes"),
        (url(""), "https://internal.example/", "https://id.example/api"),
        (url(""), "/notes", "/api/notes"),
        (service("/x"), "https://id.example/x/notes", "https://id.example/api/notes"),
        (service("/x"), "/x/notes", "/api/notes"),
        (service("/api"), "/api/notes", "/api/notes"),
        (service(""), "/notes", "/api/notes"),
        (service("/api/v2"), "/api/v2/notes", "/api/notes"),
        // Already public.
        (service(""), "https://id.example/api/notes", "https://id.example/api/notes"),
        // Elsewhere.
        (url("/v1"), "https://internal.example/v10", "https://internal.example/v10"),
        (url("/v1"), "/other", "/other"),
        (url("/v1"), "//internal.example/v1/a", "//internal.example/v1/a"),
        (url("/v1"), "notes/2", "notes/2"),
        (url("/v1"), "../x", "../x"),
        (url("/v1"), "https://other.example/v1/a", "https://other.example/v1/a"),
        (url("/v1"), "http://internal.example/v1/a", "http://internal.example/v1/a"),
        (url("/v1"), "https://u@internal.example/v1", "https://u@internal.example/v1"),
        (url("/v1"), "mailto:a@b", "mailto:a@b"),
        (url("/v1"), "", ""),
    ];
    let resource = ResourceIndicator::parse("https://id.example/api").expect("resource");
    for (upstream, location, expected) in cases {
        assert_eq!(
            public_location(location, &upstream, &resource),
            expected,
            "{upstream:?} {location}"
        );
    }
}

#[test]
fn an_upstream_that_refuses_the_gateway_does_not_make_the_client_sign_in_again() {
    assert!(is_upstream_refusal(401) && is_upstream_refusal(407));
    assert!(!is_upstream_refusal(403) && !is_upstream_refusal(200) && !is_upstream_refusal(400));
}

/// `/api` at a URL and below it `/api/admin`; `/mcp` beside them, at a service.
fn configuration() -> Configuration {
    configuration_with(&json!({ "resources": [
        { "path": "/api", "upstream": { "url": "https://internal.example/v1" } },
        { "path": "/api/admin", "upstream": { "url": "https://internal.example/admin" } },
        { "path": "/mcp", "upstream": { "service": "MCP", "path": "/x" } },
    ]}))
}

/// Whether `location`, answered to a request for `path`, leads out.
fn leads(path: &str, location: &str) -> bool {
    let configuration = configuration();
    let requested = find(&configuration, "id.example", path).expect("found").expect("plain");
    leads_out(location, &requested, &configuration)
}

#[test]
fn a_redirect_inside_the_resource_is_the_clients_to_follow() {
    for (path, location) in [
        ("/api/notes", "https://internal.example/v1/notes/2"),
        ("/api/notes", "https://internal.example/v1"),
        ("/api/notes", "https://id.example/api/notes/2?x=1#y"),
        ("/api/notes", "HTTPS://ID.example:443/api/notes"),
        ("/api/notes", "/v1/notes/2"),
        ("/api/notes", "/api/notes/2"),
        ("/api/notes", "other"),
        ("/api/notes", "?page=2"),
        ("/api/notes", "#top"),
        ("/api/notes", ""),
        ("/api/notes/", "2"),
        ("/api/notes/2", "../notes"),
        ("/api/notes/2", "./3"),
        ("/api", "?page=2"),
        ("/api/", "notes"),
        ("/api/notes", "caf%C3%A9"),
        ("/mcp/a", "https://id.example/x/b"),
        ("/mcp/a", "/x/b"),
        ("/mcp/a", "/mcp/b"),
    ] {
        assert!(!leads(path, location), "{path} {location}");
    }
}

#[test]
fn a_redirect_to_another_origin_or_out_of_the_resource_leads_out() {
    for (path, location) in [
        // Another origin.
        ("/api/notes", "https://evil.example/x"),
        ("/api/notes", "https://evil.example/api/x"),
        ("/api/notes", "http://id.example/api/notes"),
        ("/api/notes", "https://id.example:8443/api"),
        ("/api/notes", "https://id.example.evil.example/api"),
        ("/api/notes", "https://id.example@evil.example/api"),
        ("/api/notes", "https://u:p@id.example/api/notes"),
        ("/api/notes", "//evil.example/api"),
        ("/api/notes", "///evil.example/api"),
        ("/api/notes", "/\\evil.example/api"),
        ("/api/notes", "\\\\evil.example/api"),
        ("/api/notes", "/\t/evil.example/api"),
        ("/api/notes", "\t//evil.example"),
        ("/api/notes", "https:evil.example"),
        ("/api/notes", "https:/evil.example/api"),
        ("/api/notes", "https:notes"),
        ("/api/notes", "https:///id.example/api"),
        ("/api/notes", "https://internal.example/other"),
        // Another scheme, and what is no URL.
        ("/api/notes", "javascript:alert(1)"),
        ("/api/notes", "mailto:a@example.com"),
        ("/api/notes", "ftp://id.example/api"),
        ("/api/notes", "notes:2"),
        ("/api/notes", "https://"),
        ("/api/notes", "https://[::1/api"),
        ("/api/notes", "https://id.example:99999/api"),
        // Another place of this origin.
        ("/api/notes", "/"),
        ("/api/notes", "/mcp"),
        ("/api/notes", "/account"),
        ("/api/notes", "/apix"),
        ("/api/notes", "/API/notes"),
        ("/api/notes", "/other"),
        ("/api/notes", "https://id.example/b/delete"),
        ("/api/notes", "https://internal.example/v10"),
        ("/api", "notes"),
        ("/mcp/a", "/api/notes"),
        // Dots, in whatever spelling.
        ("/api/notes", ".."),
        ("/api/notes", "../mcp"),
        ("/api/notes", "%2e%2e/mcp"),
        ("/api/notes", "/api/../mcp"),
        ("/api/notes", "/api/%2E%2e/mcp"),
        ("/api/notes", "/api/x/..%2f..%2fmcp"),
        ("/api/notes", "/api/..;/mcp"),
        ("/api/notes", "https://internal.example/v1/../../mcp"),
        // A resource of its own below this one.
        ("/api/notes", "/api/admin"),
        ("/api/notes", "/api/admin/delete"),
        ("/api/notes", "https://id.example/api/ADMIN/delete"),
        ("/api/notes", "/api/%61dmin"),
        ("/api/notes", "https://internal.example/v1/admin/x"),
        ("/api/notes", "admin"),
    ] {
        assert!(leads(path, location), "{path} {location}");
    }
}

#[test]
fn from_an_inner_resource_the_outer_one_is_elsewhere() {
    assert!(!leads("/api/admin/users", "/api/admin/users/2"));
    assert!(!leads("/api/admin/users", "https://internal.example/admin/users/2"));
    assert!(leads("/api/admin/users", "/api/notes"));
    assert!(leads("/api/admin/users", "../notes"));
}

proptest! {
    #[test]
    fn no_location_panics(location in any::<String>(), rest in "[/a-z.%;\\\\]{0,12}") {
        let _ = leads("/api/notes", &location);
        let _ = leads("/api/notes", &rest);
        let _ = leads("/mcp", &format!("https://id.example{rest}"));
        let resource = ResourceIndicator::parse("https://id.example/api").expect("resource");
        let _ = public_location(&location, &url("/v1"), &resource);
        let _ = public_location(&format!("/{location}"), &service(""), &resource);
        let _ = public_location(&format!("https://internal.example/v1{location}"), &url("/v1"), &resource);
        let _ = upstream_url(&service("/x"), "https://id.example", &location, Some(&rest));
    }

    /// What browsers and Workers make of it is still the same resource.
    #[test]
    fn what_does_not_lead_out_stays_on_the_origin_and_under_the_path(
        location in "(https?:|/|//|\\\\|\\.\\.|%2e|api|v1|mcp|admin|id\\.example|evil\\.example|@|:|\t|\\?|#|x){0,7}"
    ) {
        if !leads("/api/notes", &location) {
            let base = url::Url::parse("https://id.example/api/notes").expect("base");
            let location = location.replacen("https://internal.example/v1", "/api", 1);
            let next = base.join(&location).expect("a URL");
            prop_assert_eq!(next.host_str(), Some("id.example"));
            prop_assert!(
                next.path() == "/api" || next.path().starts_with("/api/") || next.path().starts_with("/v1"),
                "{}", next
            );
        }
    }
}
