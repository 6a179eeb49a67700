//! The deployment's keys as an isolate uses them.

use latchkey_protocol::jwt::{
    AccessTokenClaims, AssertionClaims, IntrospectionClaims, JwtError, Received, SignatureVerdict,
    Unsigned,
};
use latchkey_protocol::sealed::SealingKey;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::{Lifetime, UnixTime};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::context::Context;
use crate::failure::Failure;
use crate::objects::keyring::{self, Get, PublishedKey};
use crate::objects::{self, ObjectKind};
use crate::trace::Operation;
use crate::web_crypto::{self, ImportedKey};

/// How long an isolate works with what it knows. Far shorter than a key is published before it
/// signs, so that no isolate ever meets a signature by a key it hasn't heard of.
const REMEMBER: Lifetime = Lifetime::minutes(10);

/// The keys, ready for use.
pub struct KeySet {
    signing_key_id: String,
    signing: ImportedKey,
    published: Vec<PublishedKey>,
    /// The public keys that a signature was checked with, by key id: each is imported once.
    imported: RefCell<BTreeMap<String, ImportedKey>>,
    sealing: Vec<SealingKey>,
    read_at: UnixTime,
}

thread_local! {
    static REMEMBERED: RefCell<Option<Rc<KeySet>>> = const { RefCell::new(None) };
}

/// The deployment's keys.
///
/// # Errors
///
/// [`Failure`] when the keyring doesn't answer. Only a good answer is remembered.
pub async fn key_set(context: &Context) -> Result<Rc<KeySet>, Failure> {
    let remembered = REMEMBERED
        .with_borrow(Clone::clone)
        .filter(|keys| keys.read_at.is_recent(REMEMBER, context.now));
    if let Some(keys) = remembered {
        return Ok(keys);
    }
    let keys = objects::send(&context.env, ObjectKind::Keyring, keyring::NAME, &Get {}).await?;
    let sealing: Vec<SealingKey> =
        keys.sealing.iter().filter_map(SealingKey::from_secret).collect();
    if sealing.is_empty() {
        return Err(Failure::unavailable("reading the keyring", "no sealing key"));
    }
    let fresh = Rc::new(KeySet {
        signing: web_crypto::import_private(&keys.signing.private_jwk).await?,
        signing_key_id: keys.signing.key_id,
        published: keys.published,
        imported: RefCell::default(),
        sealing,
        read_at: context.now,
    });
    REMEMBERED.set(Some(Rc::clone(&fresh)));
    Ok(fresh)
}

impl KeySet {
    /// The public keys, for the JWKS.
    pub fn published(&self) -> &[PublishedKey] {
        &self.published
    }

    /// The keys that open what was sealed, newest first.
    pub fn sealing(&self) -> &[SealingKey] {
        &self.sealing
    }

    /// The key that seals.
    ///
    /// # Errors
    ///
    /// None in practice: a key set without one is never made.
    pub fn sealing_key(&self) -> Result<&SealingKey, Failure> {
        self.sealing
            .first()
            .ok_or_else(|| Failure::unavailable("sealing a value", "no sealing key"))
    }

    /// Signs an access token.
    pub async fn sign(
        &self,
        context: &Context,
        claims: &AccessTokenClaims,
    ) -> Result<Secret, Failure> {
        let unsigned = Unsigned::access_token(claims, &self.signing_key_id)
            .map_err(|cause| Failure::unavailable("writing an access token", cause))?;
        let signature = self.signature(context, unsigned.message()).await?;
        Ok(unsigned.with_signature(&signature))
    }

    /// Signs an assertion for the server behind the gateway.
    pub async fn sign_assertion(
        &self,
        context: &Context,
        claims: &AssertionClaims,
    ) -> Result<Secret, Failure> {
        let unsigned = Unsigned::assertion(claims, &self.signing_key_id)
            .map_err(|cause| Failure::unavailable("writing an assertion", cause))?;
        let signature = self.signature(context, unsigned.message()).await?;
        Ok(unsigned.with_signature(&signature))
    }

    /// Signs an introspection response.
    pub async fn sign_introspection(
        &self,
        context: &Context,
        claims: &IntrospectionClaims<'_>,
    ) -> Result<Secret, Failure> {
        let unsigned = Unsigned::introspection(claims, &self.signing_key_id)
            .map_err(|cause| Failure::unavailable("writing an introspection response", cause))?;
        let signature = self.signature(context, unsigned.message()).await?;
        Ok(unsigned.with_signature(&signature))
    }

    async fn signature(&self, context: &Context, message: &[u8]) -> Result<Vec<u8>, Failure> {
        context.env.tally().note(Operation::Signatures, 1);
        web_crypto::sign_es256(&self.signing, message).await
    }

    /// Checks an access token of ours: signature, issuer and time.
    ///
    /// # Errors
    ///
    /// The outer one is a [`Failure`] of ours, the inner one says why the token isn't believed.
    pub async fn verify(
        &self,
        context: &Context,
        text: &str,
    ) -> Result<Result<AccessTokenClaims, JwtError>, Failure> {
        let received = match Received::parse(text) {
            Ok(received) => received,
            Err(error) => return Ok(Err(error)),
        };
        let key = self.published.iter().find(|key| Some(key.key_id.as_str()) == received.key_id());
        let verdict = match key {
            None => SignatureVerdict::Invalid,
            Some(key) => {
                let key = self.imported(key).await?;
                context.env.tally().note(Operation::SignatureChecks, 1);
                let valid =
                    web_crypto::verify_es256(&key, received.signature(), received.message())
                        .await?;
                if valid { SignatureVerdict::Valid } else { SignatureVerdict::Invalid }
            }
        };
        Ok(received.verify(verdict, context.configuration.issuer.as_str(), context.now))
    }

    async fn imported(&self, key: &PublishedKey) -> Result<ImportedKey, Failure> {
        if let Some(imported) = self.imported.borrow().get(&key.key_id) {
            return Ok(imported.clone());
        }
        let imported = web_crypto::import_public(&key.public_jwk).await?;
        self.imported.borrow_mut().insert(key.key_id.clone(), imported.clone());
        Ok(imported)
    }
}
