//! What can happen next.

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// The client that the person allowed, or a thief who calls himself so: it has no secret.
    Client,
    /// Another client.
    AnotherClient,
}

/// How a code is redeemed. Everything but `Right` has one thing wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    Right,
    WrongSecret,
    AnotherClient,
    WrongVerifier,
    NoVerifier,
    WrongRedirectUri,
    WrongResource,
}

impl Proof {
    pub const ALL: [Self; 7] = [
        Self::Right,
        Self::WrongSecret,
        Self::AnotherClient,
        Self::WrongVerifier,
        Self::NoVerifier,
        Self::WrongRedirectUri,
        Self::WrongResource,
    ];
}

/// What is presented as a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presented {
    /// The one that was given out as the so manieth of its family, whoever holds it now.
    Given(usize),
    /// The secret of the grant's code.
    Code,
    /// Nothing that was ever given out.
    Garbage,
}

/// A request that reaches the account's object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    /// The person presses Allow.
    Approve { grant: usize },
    /// The code is exchanged.
    Redeem { grant: usize, proof: Proof },
    /// A refresh token is exchanged.
    Refresh { grant: usize, token: Presented, by: By },
    /// A refresh token is given back.
    Revoke { grant: usize, token: Presented, by: By },
    /// An access token, the so manieth of its grant, is given back.
    RevokeAccessToken { grant: usize, token: usize, by: By },
    /// The person takes the app's access back.
    RevokeByPerson { grant: usize },
}

impl Request {
    /// The grant that it names.
    pub const fn grant(self) -> usize {
        match self {
            Self::Approve { grant }
            | Self::Redeem { grant, .. }
            | Self::Refresh { grant, .. }
            | Self::Revoke { grant, .. }
            | Self::RevokeAccessToken { grant, .. }
            | Self::RevokeByPerson { grant } => grant,
        }
    }

    /// Whether its answer can carry tokens, so that losing the answer matters.
    pub const fn gives_tokens(self) -> bool {
        matches!(self, Self::Redeem { .. } | Self::Refresh { .. })
    }
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A worker reads the rows and decides.
    Begin(Request),
    /// It writes, each row on condition that its version is the one that was read, and answers. The answer
    /// can get lost.
    Finish { worker: usize, answer_arrives: bool },
    /// Both at once, as the real worker does it.
    Do { request: Request, answer_arrives: bool },
    /// Time goes on by so many seconds.
    Wait(u64),
    /// Days go by, and the object deletes what is over.
    Sweep,
}
