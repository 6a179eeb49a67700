//! What a trace of requests may show.

/// Whether the parameter, member or header of this name holds a secret.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "access_token"
            | "assertion"
            | "authorization"
            | "client_assertion"
            | "client_secret"
            | "code"
            | "code_verifier"
            | "device_code"
            | "id_token"
            | "password"
            | "refresh_token"
            | "registration_access_token"
            | "software_statement"
            | "state"
            | "subject_token"
            | "token"
            | "user_code"
            | "x-api-key"
    )
}

/// A secret as a trace shows it: so much that two can be told apart, and its length.
#[must_use]
pub fn mask(value: &str) -> String {
    let length = value.chars().count();
    // Of a short secret four characters would be a good part.
    let shown: String = value.chars().take(if length < 24 { 0 } else { 4 }).collect();
    let mut masked = shown;
    masked.push_str("…(");
    masked.push_str(&length.to_string());
    masked.push(')');
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_name_and_masked() {
        for name in ["code", "Authorization", "refresh_token", "client_secret", "code_verifier"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["client_id", "scope", "redirect_uri", "code_challenge", "grant_type", "error"]
        {
            assert!(!is_secret(name), "{name}");
        }
        assert_eq!(mask(&"abcdefgh".repeat(6)), "abcd…(48)");
        assert_eq!(mask("hunter2"), "…(7)");
        assert_eq!(mask(""), "…(0)");
    }
}
