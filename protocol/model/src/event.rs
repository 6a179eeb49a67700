//! What a walk has to come across, or it proves nothing.

/// Something that happened, by which a run shows that it went to the places that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A code was redeemed.
    Redeemed,
    /// A code was replayed by who could prove to be the client, and what it gave ended.
    CodeReplayEnded,
    /// A code was replayed without proof, and nothing ended.
    CodeReplayedWithoutProof,
    /// A code died of wrong verifiers.
    CodeExhausted,
    /// A code came too late.
    CodeTooLate,
    /// A refresh token was rotated.
    Rotated,
    /// A spent refresh token got its successor again, within the window.
    RetriedInTheWindow,
    /// An answer was lost, and the retry got what was in it.
    LostAnswerRecovered,
    /// A spent refresh token came after its window, and the family ended.
    RefreshReplayEnded,
    /// The client gave a refresh token back.
    RevokedByClient,
    /// The person took a grant back.
    RevokedByPerson,
    /// A grant that was taken back took another of its installation along.
    RevokedTogether,
    /// A code that waited died with the installation.
    WaitingCodeEnded,
    /// The client gave an access token back, and the grant went on.
    AccessTokenRevoked,
    /// Another client tried one of these, and got nothing.
    AnotherClientRefused,
    /// A refresh token was refused after the idle end, before the absolute one.
    RefusedAfterIdleEnd,
    /// A refresh token was refused after the absolute end, before the idle one.
    RefusedAfterAbsoluteEnd,
    /// A conditional write found another version, and wrote nothing.
    WriteLost,
    /// Two redemptions of one code were under way, and the second to write lost.
    RedemptionLost,
    /// Two rotations of one token were under way, and the second to write lost.
    RotationLost,
    /// A retry was decided on a record that changed before the answer left.
    AnsweredFromTheRecordBefore,
    /// One request was approved twice.
    ApprovedAgain,
    /// Approving gave an earlier grant more scope.
    Widened,
    /// A row was deleted after all was over.
    Forgotten,
}

impl Event {
    /// What a walk of one grant comes across.
    pub const OF_ONE_GRANT: [Self; 22] = [
        Self::Redeemed,
        Self::CodeReplayEnded,
        Self::CodeReplayedWithoutProof,
        Self::CodeExhausted,
        Self::CodeTooLate,
        Self::Rotated,
        Self::RetriedInTheWindow,
        Self::LostAnswerRecovered,
        Self::RefreshReplayEnded,
        Self::RevokedByClient,
        Self::RevokedByPerson,
        Self::WaitingCodeEnded,
        Self::AccessTokenRevoked,
        Self::AnotherClientRefused,
        Self::RefusedAfterIdleEnd,
        Self::RefusedAfterAbsoluteEnd,
        Self::WriteLost,
        Self::RedemptionLost,
        Self::RotationLost,
        Self::AnsweredFromTheRecordBefore,
        Self::ApprovedAgain,
        Self::Forgotten,
    ];

    /// What only a walk of two grants comes across.
    pub const OF_TWO_GRANTS: [Self; 3] =
        [Self::RevokedTogether, Self::Widened, Self::WaitingCodeEnded];
}
