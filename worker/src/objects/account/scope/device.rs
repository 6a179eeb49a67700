//! Devices that show a code: the codes that a person enters, and what they allow.

use latchkey_protocol::grant::authorization_code::Approver;
use latchkey_protocol::grant::device_code;
use latchkey_protocol::time::{Lifetime, UnixTime};
use latchkey_protocol::user_code_throttle::UserCodeTry;

use super::Scope;
use crate::failure::Failure;
use crate::objects::Message;
use crate::objects::account::messages::{
    Approved, GiveBackUserCode, GrantDevice, RedeemDevice, TryUserCode,
};
use crate::objects::account::rows::Versions;
use crate::platform::RuntimeEntropy;

impl Scope {
    pub fn try_user_code(
        &self,
        message: &TryUserCode,
    ) -> Result<Option<Result<UnixTime, Lifetime>>, Failure> {
        if self.session(&message.key)?.is_none() {
            return Ok(None);
        }
        match self.rows.user_code_tries()?.try_code(self.now) {
            UserCodeTry::Wait(wait) => Ok(Some(Err(wait))),
            UserCodeTry::Allowed(tries) => {
                self.rows.put_user_code_tries(&tries)?;
                Ok(Some(Ok(self.now)))
            }
        }
    }

    pub fn give_back_user_code(&self, message: &GiveBackUserCode) -> Result<(), Failure> {
        let tries = self.rows.user_code_tries()?;
        if tries == tries.clone().give_back(message.at) {
            return Ok(());
        }
        self.rows.put_user_code_tries(&tries.give_back(message.at))
    }

    pub fn grant_device(&self, message: &GrantDevice) -> Result<Approved, Failure> {
        let Some(authenticated_at) = self.authenticated_at(&message.by)? else {
            return Ok(Approved::NotSignedIn);
        };
        let mut versions = Versions::default();
        let existing = self.rows.grant(&message.approved.grant)?;
        let decision = device_code::grant_access(
            existing.map(|stored| versions.keep(stored)),
            &message.approved,
            message.client_name.as_deref(),
            Approver { account: &message.account, authenticated_at },
            &self.configuration.lifetimes,
            self.now,
        );
        self.apply(&versions, decision).map(Approved::Done)
    }

    pub fn redeem_device(
        &self,
        message: &RedeemDevice,
    ) -> Result<<RedeemDevice as Message>::Reply, Failure> {
        let mut versions = Versions::default();
        let decision = device_code::redeem(
            self.rows.grant(&message.grant)?.map(|stored| versions.keep(stored)),
            &message.request,
            &self.configuration,
            self.now,
            &mut RuntimeEntropy,
        );
        self.apply(&versions, decision)
    }
}
