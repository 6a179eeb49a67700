//! Which form of the answer the resource server asks for
//! ([RFC 9701 section 4](https://www.rfc-editor.org/rfc/rfc9701#section-4)).

/// The form of an introspection response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResponseFormat {
    /// A JSON object ([RFC 7662 section 2.2](https://www.rfc-editor.org/rfc/rfc7662#section-2.2)).
    #[default]
    Json,
    /// A signed JWT ([RFC 9701 section 5](https://www.rfc-editor.org/rfc/rfc9701#section-5)).
    Jwt,
}

impl ResponseFormat {
    /// The media type of the response.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Jwt => "application/token-introspection+jwt",
        }
    }

    /// What the header `Accept` asks for, of repeated ones joined by a comma.
    ///
    /// A JWT only for who names its media type, since nobody else expects one, and only when JSON isn't
    /// named or matched by a wildcard with a higher weight
    /// ([RFC 9110 section 12.5.1](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1)). Everything
    /// else gets JSON, also who accepts neither: section 12.4.1 allows that, and an error would say
    /// less.
    #[must_use]
    pub fn of_accept(accept: Option<&str>) -> Self {
        let ranges: Vec<_> =
            accept.unwrap_or_default().split(',').filter_map(media_range).collect();
        let weight_of = |names: &[&str]| {
            let named =
                |name: &&str| ranges.iter().find(|(range, _)| range.eq_ignore_ascii_case(name));
            names.iter().find_map(named).map_or(0, |(_, weight)| *weight)
        };
        let jwt = weight_of(&[Self::Jwt.media_type()]);
        // RFC 9110 section 12.5.1: the most specific range that matches is the one that counts. A
        // wildcard beside the JWT's name at the same weight is how HTTP libraries end every list.
        let json = weight_of(&[Self::Json.media_type(), "application/*", "*/*"]);
        if jwt > 0 && jwt >= json { Self::Jwt } else { Self::Json }
    }
}

/// A media range without its parameters, and its weight in thousandths; `None` when the weight can't be
/// read.
fn media_range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next()?;
    let weight = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    Some((range, weight.map_or(Some(1000), |(_, value)| thousandths(value.trim()))?))
}

/// RFC 9110 section 12.4.2: `( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )`.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc9701_4_a_jwt_is_for_who_names_its_media_type_and_prefers_nothing_else() {
        use ResponseFormat::{Json, Jwt};
        let cases = [
            ("application/token-introspection+jwt", Jwt),
            ("Application/Token-Introspection+JWT", Jwt),
            ("application/token-introspection+jwt, application/json", Jwt),
            ("application/json, application/token-introspection+jwt", Jwt),
            ("application/json;q=0.9, application/token-introspection+jwt", Jwt),
            ("application/token-introspection+jwt;q=0.5, application/json;q=0.4", Jwt),
            ("application/token-introspection+jwt, */*", Jwt),
            ("application/token-introspection+jwt, */*;q=0.1", Jwt),
            ("application/token-introspection+jwt;q=0.1, */*;q=0.9, application/json;q=0", Jwt),
            ("application/token-introspection+jwt ; q=1.000", Jwt),
            ("application/token-introspection+jwt;q=0.5, application/json;q=0.501", Json),
            ("application/token-introspection+jwt;q=0.5, application/json", Json),
            ("application/token-introspection+jwt;q=0.5, */*", Json),
            ("application/token-introspection+jwt;q=0.5, application/*;q=0.6, */*;q=0.1", Json),
            ("application/token-introspection+jwt;q=0", Json),
            ("application/token-introspection+jwt;Q=0.000", Json),
            // What can't be read asks for nothing.
            ("application/token-introspection+jwt;q=2", Json),
            ("application/token-introspection+jwt;q=1.001", Json),
            ("application/token-introspection+jwt;q=0.1234", Json),
            ("application/token-introspection+jwt;q=-1", Json),
            ("application/token-introspection+jwt;q=", Json),
            ("application/token-introspection+jwtx", Json),
            // A wildcard is everybody's, and nobody else expects a JWT.
            ("*/*", Json),
            ("application/*", Json),
            ("application/jwt", Json),
            ("application/json", Json),
            ("text/html", Json),
            ("", Json),
            (",;=,", Json),
        ];
        for (accept, expected) in cases {
            assert_eq!(ResponseFormat::of_accept(Some(accept)), expected, "{accept}");
        }
        assert_eq!(ResponseFormat::of_accept(None), Json);
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(accept in "(application/|token-introspection\\+jwt|json|[*/;,.= q019]){0,30}|.{0,40}") {
            let _ = ResponseFormat::of_accept(Some(&accept));
        }
    }
}
