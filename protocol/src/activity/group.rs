//! The groups by which a person filters their activity log.

/// A group of kinds of [`Activity`](super::Activity). Each kind is in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, crate::json::FromJson)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Signing up, in and out.
    SignIns,
    /// What a client was allowed, refused, and no longer allowed.
    Consents,
    /// Tokens that were given out or made, and personal access tokens that were revoked.
    Tokens,
    /// Codes and refresh tokens that came back, and calls that were refused.
    Refusals,
    /// Calls that reached an upstream.
    Calls,
}

impl Group {
    /// Every group, in the order in which a page lists them.
    pub const ALL: [Self; 5] =
        [Self::SignIns, Self::Consents, Self::Tokens, Self::Refusals, Self::Calls];

    /// The group's name in a query.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIns => "sign_ins",
            Self::Consents => "consents",
            Self::Tokens => "tokens",
            Self::Refusals => "refusals",
            Self::Calls => "calls",
        }
    }

    /// The group of this name; `None` when there is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.as_str() == text)
    }

    /// The kinds of the group, as [`Activity::kind`](super::Activity::kind) names them.
    #[must_use]
    pub const fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::SignIns => {
                &["signed_up", "signed_in", "signed_out", "sign_in_refused", "session_ended"]
            }
            Self::Consents => &[
                "consented",
                "widened",
                "denied",
                "device_approved",
                "device_denied",
                "grant_revoked",
                "revoked",
                "client_removed",
                "least_used_ended",
            ],
            Self::Tokens => &[
                "code_redeemed",
                "refreshed",
                "personal_access_token_created",
                "personal_access_token_revoked",
            ],
            Self::Refusals => {
                &["code_replayed", "code_exhausted", "refresh_token_replayed", "refused"]
            }
            Self::Calls => &["called"],
        }
    }
}
