//! The headers that answers of one kind have in common, and all headers of a message at once.

use js_sys::Array;

/// Who may read an answer from another origin
/// ([RFC 10017 section 6.3.3.4](https://www.rfc-editor.org/rfc/rfc10017#section-6.3.3.4)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorsPolicy {
    /// Any origin: no cookie is ever read by these endpoints, so there is nothing to steal.
    Open {
        /// The methods a preflight allows.
        methods: &'static str,
    },
    /// No origin: the pages. A cookie-bearing page never sends a CORS header.
    Closed,
}

/// What a browser's preflight may ask for. `*` wouldn't cover `Authorization`.
const ALLOWED_HEADERS: &str =
    "authorization, content-type, accept, mcp-protocol-version, mcp-method, mcp-name";
/// What a script may read of an answer.
const EXPOSED_HEADERS: &str = "WWW-Authenticate, Retry-After";

impl CorsPolicy {
    /// The headers of every answer.
    pub fn headers(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Open { .. } => vec![
                ("access-control-allow-origin", "*".to_owned()),
                ("access-control-expose-headers", EXPOSED_HEADERS.to_owned()),
            ],
            Self::Closed => Vec::new(),
        }
    }

    /// The headers of the answer to a preflight.
    pub fn preflight_headers(self) -> Vec<(&'static str, String)> {
        let Self::Open { methods } = self else { return Vec::new() };
        let mut headers = self.headers();
        headers.push(("access-control-allow-methods", methods.to_owned()));
        headers.push(("access-control-allow-headers", ALLOWED_HEADERS.to_owned()));
        headers.push(("access-control-max-age", "86400".to_owned()));
        headers
    }
}

/// Every header with its value, in lower case and in the platform's order.
///
/// They come as one text: each name and each value by itself is a way to JavaScript and back.
pub fn all(headers: &web_sys::Headers) -> Vec<(String, String)> {
    // RFC 9110 section 5.5: neither a name nor a value has a line feed in it.
    let lines = String::from(Array::from(headers).flat(1).join("\n"));
    let mut lines = lines.split('\n').map(str::to_owned);
    std::iter::from_fn(|| lines.next().zip(lines.next())).collect()
}

/// The security headers of a page.
#[derive(Debug, Clone, Copy)]
pub struct PageSecurity<'a> {
    /// Where images may come from besides this origin: the product's logo.
    pub image_source: Option<&'a str>,
}

impl PageSecurity<'_> {
    /// The headers
    /// ([RFC 9700 sections 4.2.4 and 4.16](https://www.rfc-editor.org/rfc/rfc9700#section-4.16)).
    pub fn headers(self) -> Vec<(&'static str, String)> {
        let images = self.image_source.map(|source| format!(" {source}")).unwrap_or_default();
        // No `form-action`: browsers apply it to the whole chain of redirects after the form, and
        // clients' callbacks redirect on to schemes nobody can list. The CSRF token does its work.
        let policy = format!(
            "default-src 'none'; style-src 'self'; img-src 'self'{images}; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        vec![
            ("content-security-policy", policy),
            ("x-frame-options", "DENY".to_owned()),
            ("referrer-policy", "no-referrer".to_owned()),
            ("cross-origin-opener-policy", "same-origin".to_owned()),
            ("cache-control", "no-store".to_owned()),
        ]
    }
}

/// The security headers of the playground's files. Its scripts are its own and the package's; they
/// have to reach any server, so `connect-src` is open.
pub fn playground_headers() -> Vec<(&'static str, String)> {
    let policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
                  connect-src *; img-src 'self'; worker-src 'self'; base-uri 'none'; \
                  form-action 'none'; frame-ancestors 'none'";
    vec![
        ("content-security-policy", policy.to_owned()),
        ("x-frame-options", "DENY".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        // A server's page in the popup gets no hold on the window that opened it.
        ("cross-origin-opener-policy", "same-origin".to_owned()),
        ("cross-origin-resource-policy", "same-origin".to_owned()),
        ("cache-control", "no-store".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_6_the_policy_of_a_page_has_no_form_action_and_forbids_framing() {
        let headers = PageSecurity { image_source: Some("https://cdn.example") }.headers();
        let policy = &headers[0].1;
        assert!(!policy.contains("form-action"));
        assert!(policy.contains("frame-ancestors 'none'"));
        assert!(policy.contains("img-src 'self' https://cdn.example;"));
        assert!(!policy.contains("unsafe"));
    }

    #[test]
    fn issue_5_the_playground_runs_no_inline_script_and_can_not_be_framed() {
        let headers = playground_headers();
        let policy = &headers[0].1;
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"));
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
    }

    #[test]
    fn cors_04_a_preflight_names_authorization_and_pages_send_no_cors_header() {
        let open = CorsPolicy::Open { methods: "POST" }.preflight_headers();
        assert!(open.iter().any(|(_, value)| value.contains("authorization")));
        assert!(open.iter().all(|(name, _)| *name != "access-control-allow-credentials"));
        assert!(CorsPolicy::Closed.preflight_headers().is_empty());
    }
}
