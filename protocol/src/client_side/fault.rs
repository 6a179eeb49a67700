//! Why metadata is not followed.

/// What is wrong with a metadata document. The name is the member's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataFault {
    /// `issuer` is not the one that was asked for
    /// ([RFC 8414 section 3.3](https://www.rfc-editor.org/rfc/rfc8414#section-3.3)).
    WrongIssuer,
    /// `resource` is not the one that was asked for
    /// ([RFC 9728 section 3.3](https://www.rfc-editor.org/rfc/rfc9728#section-3.3)).
    WrongResource,
    /// A member that is needed is absent or of another kind.
    Missing(&'static str),
    /// An address that no secret may be sent to and no person be led to.
    UnsafeEndpoint(&'static str),
    /// `code_challenge_methods_supported` lacks `S256` (MCL-02).
    PkceNotSupported,
}

impl MetadataFault {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongResource => "wrong_resource",
            Self::Missing(_) => "malformed_response",
            Self::UnsafeEndpoint(_) => "unsafe_endpoint",
            Self::PkceNotSupported => "pkce_not_supported",
        }
    }

    /// The member that is wrong.
    #[must_use]
    pub const fn member(self) -> &'static str {
        match self {
            Self::WrongIssuer => "issuer",
            Self::WrongResource => "resource",
            Self::Missing(member) | Self::UnsafeEndpoint(member) => member,
            Self::PkceNotSupported => "code_challenge_methods_supported",
        }
    }

    /// What was wrong, and what was expected.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::WrongIssuer => {
                "The metadata is another issuer's; it must name the one that was asked for, to the letter."
            }
            Self::WrongResource => {
                "The metadata is another resource's; it must name the address that was asked for."
            }
            Self::Missing(_) => "The metadata lacks a member that is needed.",
            Self::UnsafeEndpoint(_) => {
                "The metadata names an address that must not be followed; it must be https, without user name and fragment."
            }
            Self::PkceNotSupported => {
                "The server doesn't announce PKCE with S256, so no code may be asked of it."
            }
        }
    }
}
