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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_name() {
        for name in ["code", "Authorization", "refresh_token", "client_secret", "code_verifier"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["client_id", "scope", "redirect_uri", "code_challenge", "grant_type", "error"]
        {
            assert!(!is_secret(name), "{name}");
        }
    }
}
