//! Consent, and the tokens that come of it.

use latchkey_protocol::activity::Activity;
use latchkey_protocol::authorize::{self, AuthorizationRequest, Interaction, SignedIn};
use latchkey_protocol::grant::authorization_code::{self, Approver};
use latchkey_protocol::grant::revoke::{self, RevokeRequest};
use latchkey_protocol::grant::{self, Decision, EndReason, Write, refresh_token};
use latchkey_protocol::time::UnixTime;

use super::Scope;
use crate::failure::Failure;
use crate::objects::Message;
use crate::objects::account::messages::{
    Approve, Approved, ApprovedBy, BringRequest, EarlierAccess, EndGrantsOf, Next, Person, Redeem,
    Refresh, Revoke,
};
use crate::objects::account::rows::{StoredGrant, Versions};
use crate::platform::RuntimeEntropy;

impl Scope {
    pub fn bring_request(&self, message: BringRequest) -> Result<Option<(Person, Next)>, Failure> {
        let BringRequest { account, key, request, client_name } = message;
        let Some(person) = self.person(&key)? else { return Ok(None) };
        let signed_in =
            SignedIn { session: &key.session, authenticated_at: person.authenticated_at };
        let next = match authorize::interaction(&request, Some(signed_in)) {
            Interaction::Consent => Next::Ask(self.earlier(&request)?),
            Interaction::Silent => Next::Silent(self.approve(&Approve {
                account,
                by: ApprovedBy::Session(key),
                request,
                client_name,
                only_if_allowed_before: true,
            })?),
            Interaction::SignIn | Interaction::SignUp | Interaction::Refuse(_) => Next::Other,
        };
        Ok(Some((person, next)))
    }

    fn earlier(&self, request: &AuthorizationRequest) -> Result<EarlierAccess, Failure> {
        let grants = self.rows.grants_of(&request.client_id)?;
        let records: Vec<_> = grants.into_iter().map(|stored| stored.record).collect();
        Ok(EarlierAccess {
            client_has_changed: grant::has_changed(&records, request, self.now),
            scope: grant::allowed(&grant::earlier(records, request, self.now)),
        })
    }

    pub fn approve(&self, message: &Approve) -> Result<Approved, Failure> {
        let Some(authenticated_at) = self.authenticated_at(&message.by)? else {
            return Ok(Approved::NotSignedIn);
        };
        let request = &message.request;
        let others = if message.only_if_allowed_before {
            let Some(earlier) = self.allowed_before(request)? else {
                return Ok(Approved::NotAllowedBefore);
            };
            earlier
        } else {
            self.rows.grants_of(&request.client_id)?
        };
        let mut versions = Versions::default();
        let existing = self.rows.grant(&request.grant)?.map(|stored| versions.keep(stored));
        let mut decision = authorization_code::approve(
            existing,
            others.into_iter().map(|stored| versions.keep(stored)).collect(),
            request,
            message.client_name.as_deref(),
            Approver { account: &message.account, authenticated_at },
            &self.configuration.lifetimes,
            self.now,
        );
        if message.only_if_allowed_before {
            // Nobody consented anew, so the person's log doesn't say that they did.
            decision.writes.retain(|write| !matches!(write, Write::Activity(_)));
        }
        self.apply(&versions, decision).map(Approved::Done)
    }

    /// When whoever approves last signed in; `None` when they aren't known.
    pub(super) fn authenticated_at(&self, by: &ApprovedBy) -> Result<Option<UnixTime>, Failure> {
        match by {
            ApprovedBy::Session(key) => {
                Ok(self.session_in_use(key)?.map(|session| session.authenticated_at))
            }
            // Whoever sends this, only the account that the configuration names is approved for.
            ApprovedBy::TestUser => {
                let test_user = self.configuration.development.consent_as.as_ref();
                let profile = self.rows.profile()?;
                let is_it = profile.is_some_and(|profile| test_user == Some(&profile.email));
                Ok(is_it.then_some(self.now))
            }
        }
    }

    /// The grants of the client that a silent approval is decided on, if a living one of them, to the same https
    /// address, covers the request. Clients on a person's machine can't prove who they are, so for
    /// them there are none (RFC 8252 section 8.6).
    fn allowed_before(
        &self,
        request: &AuthorizationRequest,
    ) -> Result<Option<Vec<StoredGrant>>, Failure> {
        if !request.redirect_uri.as_str().starts_with("https://") {
            return Ok(None);
        }
        let covers = |stored: &StoredGrant| {
            let grant = &stored.record;
            grant.is_live(self.now)
                // needs 21: standing consent is for the client as it was described then.
                && grant.client_snapshot == request.client_snapshot
                && grant.asked.redirect_uri() == Some(request.redirect_uri.as_str())
                && request.scope.is_subset_of(&grant.scope)
                && request.resources.iter().all(|resource| grant.resources.contains(resource))
        };
        // A client that asks silently each hour has hundreds of grants. Any one of its installation says what all of them
        // may do, since allowing more widens them all; so mostly a few are read.
        let is_enough = |stored: &StoredGrant| {
            stored.record.id != request.grant
                && covers(stored)
                && grant::is_same_installation(&stored.record, request)
        };
        let few = self.rows.some_grants_of(&request.client_id)?;
        if let Some(grant) = few.into_iter().find(is_enough) {
            return Ok(Some(vec![grant]));
        }
        let all = self.rows.grants_of(&request.client_id)?;
        Ok(all.iter().any(covers).then_some(all))
    }

    pub fn redeem(&self, message: &Redeem) -> Result<<Redeem as Message>::Reply, Failure> {
        let mut versions = Versions::default();
        let decision = authorization_code::redeem(
            self.rows.grant(&message.grant)?.map(|stored| versions.keep(stored)),
            &message.request,
            &self.configuration,
            self.now,
            &mut RuntimeEntropy,
        );
        self.apply(&versions, decision)
    }

    pub fn refresh(&self, message: &Refresh) -> Result<<Refresh as Message>::Reply, Failure> {
        let mut versions = Versions::default();
        let decision = refresh_token::refresh(
            self.rows.grant(&message.grant)?.map(|stored| versions.keep(stored)),
            &message.request,
            &self.configuration,
            self.now,
        );
        match &decision.reply {
            // A transaction is a fourteenth of a refresh. A client whose answer gets lost sends the same token again, and gets
            // the same successor.
            Ok(_) => self.apply_in_order(&versions, decision),
            // A token that comes back ends its family once, and only then is it noted.
            Err(_) => self.apply(&versions, decision),
        }
    }

    pub fn revoke(&self, message: Revoke) -> Result<<Revoke as Message>::Reply, Failure> {
        // Giving the same access token back again is a success that adds nothing to the log.
        if let RevokeRequest::AccessToken { token_id, .. } = &message.request
            && self.rows.is_access_token_revoked(token_id)?
        {
            return Ok(Ok(()));
        }
        let mut versions = Versions::default();
        let stored = self.rows.grant(&message.grant)?;
        // An access token is given back alone.
        let others = match (&stored, &message.request) {
            (Some(stored), RevokeRequest::RefreshToken { .. }) => {
                self.rows.grants_of(&stored.record.client_id)?
            }
            (Some(_), RevokeRequest::AccessToken { .. }) | (None, _) => Vec::new(),
        };
        let decision = revoke::revoke(
            stored.map(|stored| versions.keep(stored)),
            others.into_iter().map(|stored| versions.keep(stored)).collect(),
            message.request,
            &self.configuration.lifetimes,
            self.now,
        );
        self.apply(&versions, decision)
    }

    /// Ends every grant of a client that was removed, codes that wait included.
    pub fn end_grants_of(&self, message: &EndGrantsOf) -> Result<(), Failure> {
        let mut versions = Versions::default();
        let grants = self.rows.grants_of(&message.client_id)?;
        let records = grants.into_iter().map(|stored| versions.keep(stored)).collect();
        let ended = grant::end_installation(records, EndReason::ClientRemoved, self.now);
        if ended.is_empty() {
            return Ok(());
        }
        let mut writes: Vec<_> =
            ended.into_iter().map(|record| Write::Grant(Box::new(record))).collect();
        let client_id = message.client_id.clone();
        writes.push(Write::Activity(Activity::ClientRemoved { client_id }));
        self.apply(&versions, Decision { writes, reply: () })
    }
}
