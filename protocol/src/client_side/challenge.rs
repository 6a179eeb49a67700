//! Reading the `WWW-Authenticate` header of a resource's refusal.

/// A Bearer challenge
/// ([RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3),
/// [RFC 9728 section 5.1](https://www.rfc-editor.org/rfc/rfc9728#section-5.1)).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BearerChallenge {
    /// `error`.
    pub error: Option<String>,
    /// `scope`.
    pub scope: Option<String>,
    /// `resource_metadata`.
    pub resource_metadata: Option<String>,
}

impl BearerChallenge {
    /// Reads the first Bearer challenge of a header that may hold several
    /// ([RFC 9110 section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)); `None` when
    /// there is none. What can't be read ends it: what came before still counts.
    #[must_use]
    pub fn read(header: &str) -> Option<Self> {
        let mut rest = header;
        let mut found: Option<Self> = None;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            let (name, after) = token(rest);
            if name.is_empty() {
                return found;
            }
            let after = after.trim_start_matches([' ', '\t']);
            let Some(value) = after.strip_prefix('=') else {
                // No `=`: the name of a scheme, and what follows belongs to it.
                if found.is_some() {
                    return found;
                }
                if name.eq_ignore_ascii_case("Bearer") {
                    found = Some(Self::default());
                }
                rest = after;
                continue;
            };
            let Some((value, after)) = value_of(value.trim_start_matches([' ', '\t'])) else {
                return found;
            };
            if let Some(challenge) = &mut found {
                challenge.set(name, value);
            }
            rest = after;
        }
    }

    /// The first value of a parameter counts.
    fn set(&mut self, name: &str, value: String) {
        let member = match name.to_ascii_lowercase().as_str() {
            "error" => &mut self.error,
            "scope" => &mut self.scope,
            "resource_metadata" => &mut self.resource_metadata,
            _ => return,
        };
        member.get_or_insert(value);
    }

    /// Whether more scopes would help.
    #[must_use]
    pub fn is_insufficient_scope(&self) -> bool {
        self.error.as_deref() == Some("insufficient_scope")
    }
}

/// What to ask for when `needed` is missing beside what is `held` (MCL-06): both, each once.
#[must_use]
pub fn union_of_scopes(held: &str, needed: &str) -> String {
    let mut both: Vec<&str> = Vec::new();
    for scope in held.split(' ').chain(needed.split(' ')) {
        if !scope.is_empty() && !both.contains(&scope) {
            both.push(scope);
        }
    }
    both.join(" ")
}

/// A token of RFC 9110 section 5.6.2 at the beginning, and what is after it. `/` too, which token68 has.
fn token(text: &str) -> (&str, &str) {
    let end = text
        .bytes()
        .position(|byte| !(byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~/".contains(&byte)))
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// A token or quoted string, and what is after it.
fn value_of(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, after) = token(text);
        // token68 ends in `=` signs.
        return Some((value.to_owned(), after.trim_start_matches('=')));
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(error: Option<&str>, scope: Option<&str>, metadata: Option<&str>) -> BearerChallenge {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        BearerChallenge {
            error: owned(error),
            scope: owned(scope),
            resource_metadata: owned(metadata),
        }
    }

    #[test]
    fn rfc9110_11_6_1_a_bearer_challenge_is_found_among_others() {
        let url = Some("https://a.example/.well-known/oauth-protected-resource");
        for (header, expected) in [
            ("Bearer", Some(of(None, None, None))),
            ("bEARER error=invalid_token", Some(of(Some("invalid_token"), None, None))),
            (
                r#"Bearer error="insufficient_scope", scope="a b", resource_metadata="https://a.example/.well-known/oauth-protected-resource""#,
                Some(of(Some("insufficient_scope"), Some("a b"), url)),
            ),
            (
                r#"Basic realm="x, Bearer error=no", Bearer scope = "a" , Digest scope="b""#,
                Some(of(None, Some("a"), None)),
            ),
            ("Negotiate YWJj==, Bearer Scope=a", Some(of(None, Some("a"), None))),
            (r#"Bearer realm="a\"b", scope="c\\d""#, Some(of(None, Some("c\\d"), None))),
            (r#"Bearer scope="a", scope="b""#, Some(of(None, Some("a"), None))),
            (r#"Bearer scope="a", error="unended"#, Some(of(None, Some("a"), None))),
            ("Basic realm=\"a\"", None),
            ("", None),
            ("DPoP error=\"invalid_token\"", None),
            ("é Bearer", None),
        ] {
            assert_eq!(BearerChallenge::read(header), expected, "{header}");
        }
    }

    #[test]
    fn mcl_06_what_is_held_and_what_is_needed_is_asked_for_once() {
        assert_eq!(union_of_scopes("a b", "c  a"), "a b c");
        assert_eq!(union_of_scopes("", "c"), "c");
        assert_eq!(union_of_scopes("a", ""), "a");
    }

    #[test]
    fn what_our_own_gateway_writes_is_read_back() {
        let header = r#"Bearer error="insufficient_scope", error_description="The token lacks a scope.", scope="notes:read notes:write", resource_metadata="http://127.0.0.1:8787/.well-known/oauth-protected-resource/api""#;
        let challenge = BearerChallenge::read(header).expect("read");
        assert!(challenge.is_insufficient_scope());
        assert_eq!(challenge.scope.as_deref(), Some("notes:read notes:write"));
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_read_without_a_panic(header in "\\PC{0,200}") {
            let _ = BearerChallenge::read(&header);
        }
    }
}
