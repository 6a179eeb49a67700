//! The deployment's keys as an isolate uses them.

use latchkey_protocol::jwt::{
    AccessTokenClaims, AssertionClaims, IntrospectionClaims, JwtError, Received, SignatureVerdict,
    Unsigned,
};
use latchkey_protocol::keyring_secret;
use latchkey_protocol::sealed::SealingKey;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::time::{Lifetime, UnixTime};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::checked_signatures::CheckedSignatures;
use crate::configuration;
use crate::context::Context;
use crate::failure::Failure;
use crate::objects::keyring::{self, Get, Keys, PublishedKey, StoredKey};
use crate::objects::{self, ObjectKind};
use crate::trace::Operation;
use crate::web_crypto::{self, ImportedKey};

/// How long an isolate works with what it knows before it asks again: so long a dropped key may count.
const ASK_AFTER: Lifetime = Lifetime::minutes(1);
/// How long it goes on with what it knows while the keyring doesn't answer. Far shorter than a key is
/// published before it signs.
const OUTLAST: Lifetime = Lifetime::minutes(10);
/// How long after a question that wasn't answered the next one is asked.
const TRY_AGAIN: Lifetime = Lifetime::seconds(10);
/// How often a minute a key that nobody here knows makes an isolate ask at once. Made-up key ids are free.
const ASK_FOR_UNKNOWN: u32 = 10;

/// The keys, ready for use.
pub struct KeySet {
    version: String,
    /// Its number among those that came to this isolate.
    change: u64,
    signing_key_id: String,
    signing: ImportedKey,
    published: Vec<PublishedKey>,
    dropped: Vec<String>,
    /// The public keys that a signature was checked with, by key id: each is imported once.
    imported: RefCell<BTreeMap<String, ImportedKey>>,
    /// The tokens whose signature was good.
    checked: CheckedSignatures,
    sealing: Vec<SealingKey>,
    /// When the keyring last said that these are the keys.
    confirmed_at: Cell<UnixTime>,
    /// When it was last asked, and how long that suffices.
    asked: Cell<(UnixTime, Lifetime)>,
}

thread_local! {
    static REMEMBERED: RefCell<Option<Rc<KeySet>>> = const { RefCell::new(None) };
    /// How often a set with other keys came.
    static CHANGES: Cell<u64> = const { Cell::new(0) };
    /// How often one came in which a key was dropped.
    static DROPS: Cell<u64> = const { Cell::new(0) };
    /// Since when, and how often, it was asked for unknown keys.
    static UNKNOWN: Cell<(UnixTime, u32)> = const { Cell::new((UnixTime::from_seconds(0), 0)) };
}

/// The deployment's keys.
///
/// # Errors
///
/// [`Failure`] when the keyring doesn't answer and nothing is remembered that still counts.
pub async fn key_set(context: &Context) -> Result<Rc<KeySet>, Failure> {
    match remembered(context.now) {
        Some(keys) if keys.is_fresh(context.now) => Ok(keys),
        known => ask(context, known, context.now).await,
    }
}

/// The keys of an isolate that goes on with something long after its request.
///
/// # Errors
///
/// As [`key_set`].
pub async fn key_set_now(context: &Context, now: UnixTime) -> Result<Rc<KeySet>, Failure> {
    match remembered(now) {
        Some(keys) if keys.is_fresh(now) => Ok(keys),
        known => ask(context, known, now).await,
    }
}

/// A number that changes with the keys; `None` when the keyring has to be asked first.
pub fn known_change(now: UnixTime) -> Option<u64> {
    remembered(now).filter(|keys| keys.is_fresh(now)).map(|_| CHANGES.get())
}

/// A number that changes when keys were dropped.
pub fn drops() -> u64 {
    DROPS.get()
}

/// The next question about keys goes to the keyring: something was changed there.
pub fn ask_anew() {
    if let Some(keys) = REMEMBERED.with_borrow(Clone::clone) {
        keys.asked.set((UnixTime::from_seconds(0), Lifetime::seconds(0)));
    }
}

fn remembered(now: UnixTime) -> Option<Rc<KeySet>> {
    let keys = REMEMBERED.with_borrow(Clone::clone);
    keys.filter(|keys| keys.confirmed_at.get().is_recent(OUTLAST, now))
}

/// Asks the keyring. While it doesn't answer, what is `known` goes on.
async fn ask(
    context: &Context,
    known: Option<Rc<KeySet>>,
    now: UnixTime,
) -> Result<Rc<KeySet>, Failure> {
    if let Some(known) = &known {
        // Those who come meanwhile don't ask too, nor wait.
        known.asked.set((now, TRY_AGAIN));
    }
    let message = Get { known: known.as_ref().map(|known| known.version.clone()) };
    let answer = objects::send(&context.env, ObjectKind::Keyring, keyring::NAME, &message).await;
    let fresh = match answer {
        Ok(answer) => match (answer.keys, &known) {
            (Some(keys), _) => KeySet::of(context, answer.version, keys, now).await,
            (None, Some(known)) => {
                known.confirmed_at.set(now);
                known.asked.set((now, ASK_AFTER));
                return Ok(Rc::clone(known));
            }
            (None, None) => Err(Failure::unavailable("reading the keyring", "no keys")),
        },
        Err(failure) => Err(failure),
    };
    match (fresh, known) {
        (Ok(fresh), _) => Ok(remember(fresh)),
        (Err(failure), Some(known)) => {
            context.log_failure(&failure);
            Ok(known)
        }
        (Err(failure), None) => Err(failure),
    }
}

fn remember(mut fresh: KeySet) -> Rc<KeySet> {
    fresh.change = CHANGES.get().wrapping_add(1);
    CHANGES.set(fresh.change);
    let fresh = Rc::new(fresh);
    let before = REMEMBERED.replace(Some(Rc::clone(&fresh)));
    let had = |key_id: &String| {
        before
            .as_ref()
            .is_some_and(|before| before.published.iter().any(|key| key.key_id == *key_id))
    };
    if fresh.dropped.iter().any(had) {
        DROPS.set(DROPS.get().wrapping_add(1));
    }
    fresh
}

/// Whether the keyring may be asked now because somebody shows a key that isn't known here.
fn may_ask_for_unknown(now: UnixTime) -> bool {
    let (since, count) = UNKNOWN.get();
    let (since, count) =
        if since.is_recent(Lifetime::minutes(1), now) { (since, count) } else { (now, 0) };
    let may = count < ASK_FOR_UNKNOWN;
    if may {
        UNKNOWN.set((since, count.saturating_add(1)));
    }
    may
}

impl KeySet {
    /// Opens what is sealed and hands it to the runtime.
    async fn of(
        context: &Context,
        version: String,
        keys: Keys,
        now: UnixTime,
    ) -> Result<Self, Failure> {
        let secret = configuration::keyring_secret(context.env.platform())?;
        let open = |key: &StoredKey| {
            keyring_secret::open(secret.as_ref(), &key.key_id, &key.secret)
                .map_err(|cause| Failure::unavailable("reading the keyring", cause))
        };
        let sealing = |key: &StoredKey| {
            let broken = || Failure::unavailable("reading the keyring", "no sealing key");
            SealingKey::from_secret(&open(key)?).ok_or_else(broken)
        };
        // An old one that can't be opened any more costs whoever has a page of it that page.
        let (current, old) = keys
            .sealing
            .split_first()
            .ok_or_else(|| Failure::unavailable("reading the keyring", "no sealing key"))?;
        let current = sealing(current)?;
        let sealing =
            std::iter::once(current).chain(old.iter().filter_map(|key| sealing(key).ok()));
        Ok(Self {
            version,
            change: 0,
            sealing: sealing.collect(),
            signing: web_crypto::import_private(&open(&keys.signing)?).await?,
            signing_key_id: keys.signing.key_id,
            published: keys.published,
            dropped: keys.dropped,
            imported: RefCell::default(),
            checked: CheckedSignatures::default(),
            confirmed_at: Cell::new(now),
            asked: Cell::new((now, ASK_AFTER)),
        })
    }

    fn is_fresh(&self, now: UnixTime) -> bool {
        let (at, suffices) = self.asked.get();
        at.is_recent(suffices, now)
    }

    /// Which keys these are, as [`known_change`] says it of the newest.
    pub const fn change(&self) -> u64 {
        self.change
    }

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

    /// Checks an access token of ours: signature, issuer and time. A signature that was good is not computed again.
    ///
    /// # Errors
    ///
    /// The outer one is a [`Failure`] of ours, the inner one says why the token isn't believed.
    pub async fn verify(
        &self,
        context: &Context,
        token: &Secret,
    ) -> Result<Result<AccessTokenClaims, JwtError>, Failure> {
        let received = match Received::parse(token.expose()) {
            Ok(received) => received,
            Err(error) => return Ok(Err(error)),
        };
        let key_id = received.key_id().unwrap_or_default();
        // Another isolate may sign by a key that took over since this one asked.
        let newer = match self.find(key_id) {
            None if may_ask_for_unknown(context.now) => {
                Some(ask(context, remembered(context.now), context.now).await?)
            }
            _ => None,
        };
        let keys = newer.as_deref().unwrap_or(self);
        let verdict = match keys.find(key_id) {
            None => SignatureVerdict::Invalid,
            Some(key) => {
                let hash = token.hash();
                if keys.checked.has(&hash) {
                    SignatureVerdict::Valid
                } else if keys.signed(context, key, &received).await? {
                    keys.checked.note(&hash);
                    SignatureVerdict::Valid
                } else {
                    SignatureVerdict::Invalid
                }
            }
        };
        Ok(received.verify(verdict, context.configuration.issuer.as_str(), context.now))
    }

    /// Whether `key` signed it.
    async fn signed(
        &self,
        context: &Context,
        key: &PublishedKey,
        received: &Received<'_>,
    ) -> Result<bool, Failure> {
        let key = self.imported(key).await?;
        context.env.tally().note(Operation::SignatureChecks, 1);
        web_crypto::verify_es256(&key, received.signature(), received.message()).await
    }

    fn find(&self, key_id: &str) -> Option<&PublishedKey> {
        self.published.iter().find(|key| key.key_id == key_id)
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
