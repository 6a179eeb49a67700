//! A person with their apps, who do what people and apps do, in a random order.

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Done;
use crate::connection::{Call, Connection, Reply};
use crate::party::{ClientKind, Party, Tokens};
use crate::person::Person;
use crate::work::{ASKED, metadata, personal_access_token};

/// An app asks for this many grants at most: of more the least used would end.
const GRANTS_OF_AN_APP: usize = 60;

/// What is done, and how often beside the others.
const DEEDS: [(&str, u32, Deed); 13] = [
    ("metadata", 10, Deed::Metadata),
    ("a new app registers and is allowed", 1, Deed::NewApp),
    ("an app is allowed again, silently", 8, Deed::Connect),
    ("a code that nobody redeems", 1, Deed::Abandon),
    ("refresh", 30, Deed::Refresh),
    ("refresh, sent twice", 4, Deed::Retry),
    ("a used refresh token comes back", 1, Deed::ReplayToken),
    ("a used code comes back", 1, Deed::ReplayCode),
    ("call with an access token", 25, Deed::Call),
    ("call with a personal access token", 10, Deed::CallPersonally),
    ("introspection", 6, Deed::Introspect),
    ("an access token is revoked and then refused", 2, Deed::RevokeAccess),
    ("an app gives all back", 1, Deed::RevokeAll),
];

#[derive(Debug, Clone, Copy)]
enum Deed {
    Metadata,
    NewApp,
    Connect,
    Abandon,
    Refresh,
    Retry,
    ReplayToken,
    ReplayCode,
    Call,
    CallPersonally,
    Introspect,
    RevokeAccess,
    RevokeAll,
}

/// A grant, as its app holds it.
#[derive(Debug)]
pub struct Held {
    app: usize,
    refresh: String,
    access: String,
    /// Whether it was ended: by a revocation or a replay.
    pub is_over: bool,
}

impl Held {
    fn new(app: usize, tokens: Tokens) -> Self {
        Self { app, refresh: tokens.refresh, access: tokens.access, is_over: false }
    }

    /// Its id, which a refresh token has in its middle.
    pub fn grant(&self) -> &str {
        self.refresh.split('.').nth(1).unwrap_or_default()
    }
}

/// A household.
#[derive(Debug)]
pub struct Household {
    person: Person,
    personal_access_token: String,
    apps: Vec<Party>,
    held: Vec<Held>,
    random: fastrand::Rng,
    done: Rc<RefCell<Done>>,
}

impl Household {
    /// A new person with one app.
    pub async fn move_in(
        connection: &mut Connection,
        number: usize,
        random: fastrand::Rng,
        done: Rc<RefCell<Done>>,
    ) -> Result<Self> {
        let person = Person::sign_up(connection, number).await?;
        let personal_access_token = personal_access_token(connection, &person, ASKED).await?;
        let mut household = Self {
            person,
            personal_access_token,
            apps: Vec::new(),
            held: Vec::new(),
            random,
            done,
        };
        household.new_app(connection).await?;
        Ok(household)
    }

    /// What its apps hold.
    pub fn holds(&self) -> impl Iterator<Item = &Held> {
        self.held.iter()
    }

    /// Does the next thing.
    pub async fn next(&mut self, connection: &mut Connection) -> Result<()> {
        let all: u32 = DEEDS.iter().map(|(_, weight, _)| weight).sum();
        let mut left = self.random.u32(..all);
        let chosen = DEEDS.iter().find(|(_, weight, _)| match left.checked_sub(*weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        let (name, _, deed) = chosen.context("the weights are those that were summed up")?;
        self.does(*deed, connection).await.context(*name)?;
        *self.done.borrow_mut().times.entry(name).or_default() += 1;
        Ok(())
    }

    async fn does(&mut self, deed: Deed, connection: &mut Connection) -> Result<()> {
        match deed {
            Deed::Metadata => {
                metadata::check(&connection.send(&Call::get(metadata::PATH)).await?.expect(200)?)
            }
            Deed::NewApp => self.new_app(connection).await,
            Deed::Connect => self.connect(connection).await.map(|_| ()),
            Deed::Abandon => {
                self.code(connection).await?;
                Ok(())
            }
            Deed::Refresh => match self.any() {
                Some(index) => self.refresh(connection, index).await.map(|_| ()),
                None => Ok(()),
            },
            Deed::Retry => self.retry(connection).await,
            Deed::ReplayToken => self.replay_token(connection).await,
            Deed::ReplayCode => self.replay_code(connection).await,
            Deed::Call => self.call(connection).await,
            Deed::CallPersonally => {
                let call = Call::get(ASKED).bearer(&self.personal_access_token)?;
                connection.send(&call).await?.expect(200).map(|_| ())
            }
            Deed::Introspect => self.introspect(connection).await,
            Deed::RevokeAccess => self.revoke_access(connection).await,
            Deed::RevokeAll => self.revoke_all(connection).await,
        }
    }

    /// The app that is in use: the newest.
    fn app(&self) -> Result<(usize, &Party)> {
        let last = self.apps.last().context("a household has an app from the beginning")?;
        Ok((self.apps.len() - 1, last))
    }

    /// Any grant that isn't known to be over. It may have expired.
    fn any(&mut self) -> Option<usize> {
        let alive = self.held.iter().enumerate().filter(|(_, held)| !held.is_over);
        let alive: Vec<_> = alive.map(|(index, _)| index).collect();
        self.random.choice(alive)
    }

    fn at(&mut self, index: usize) -> Result<&mut Held> {
        self.held.get_mut(index).context("what is held stays")
    }

    fn party_of(&self, held: &Held) -> Result<Party> {
        self.apps.get(held.app).cloned().context("apps stay")
    }

    async fn new_app(&mut self, connection: &mut Connection) -> Result<()> {
        let resource = format!("https://id.example{ASKED}");
        let kind = ClientKind::Confidential;
        let (party, tokens) =
            Party::begin_with_tokens(connection, &self.person, kind, &resource).await?;
        self.apps.push(party);
        self.issued();
        let tokens = tokens.context("the person was asked")?;
        self.held.push(Held::new(self.apps.len() - 1, tokens));
        Ok(())
    }

    fn issued(&self) {
        self.done.borrow_mut().issued += 1;
    }

    /// A code for the app in use, or for a new one if that has many grants already, or none that still stands.
    async fn code(&mut self, connection: &mut Connection) -> Result<(usize, String)> {
        let (app, _) = self.app()?;
        if self.held.iter().filter(|held| held.app == app).count() >= GRANTS_OF_AN_APP {
            self.new_app(connection).await?;
        }
        // A consent stands as long as one of its grants does.
        let (app, _) = self.app()?;
        let last = self.held.iter().rposition(|held| held.app == app && !held.is_over);
        let stands = match last {
            Some(index) => self.refresh(connection, index).await?,
            None => false,
        };
        if !stands {
            self.new_app(connection).await?;
        }
        let (app, party) = self.app()?;
        let code = party.authorize(connection).await?;
        self.issued();
        Ok((app, code))
    }

    async fn connect(&mut self, connection: &mut Connection) -> Result<(usize, String)> {
        let (app, code) = self.code(connection).await?;
        let tokens = self.app()?.1.redeem(connection, &code).await?;
        self.held.push(Held::new(app, tokens));
        Ok((self.held.len() - 1, code))
    }

    /// Refreshes; whether it still gives tokens.
    async fn refresh(&mut self, connection: &mut Connection, index: usize) -> Result<bool> {
        let held = self.at(index)?;
        let refresh = held.refresh.clone();
        let party = self.held.get(index).map(|held| self.party_of(held)).context("held")??;
        let reply = connection.send(&party.refreshes(&refresh)?).await?;
        // Nobody ended it, so it can only have expired; the books will tell.
        let Some(tokens) = tokens_or_over(reply)? else {
            self.at(index)?.is_over = true;
            return Ok(false);
        };
        let held = self.at(index)?;
        ensure!(tokens.refresh != held.refresh, "a refresh gave the same refresh token");
        (held.refresh, held.access) = (tokens.refresh, tokens.access);
        Ok(true)
    }

    /// The same refresh token twice gets the same successor.
    async fn retry(&mut self, connection: &mut Connection) -> Result<()> {
        let Some(index) = self.any() else { return Ok(()) };
        let first = self.at(index)?.refresh.clone();
        if !self.refresh(connection, index).await? {
            return Ok(());
        }
        let held = self.held.get(index).context("held")?;
        let again = self.party_of(held)?.refresh(connection, &first).await?;
        ensure!(again.refresh == held.refresh, "a retry got another successor");
        self.at(index)?.access = again.access;
        Ok(())
    }

    /// A token whose successor was used ends the grant.
    async fn replay_token(&mut self, connection: &mut Connection) -> Result<()> {
        let Some(index) = self.any() else { return Ok(()) };
        let spent = self.at(index)?.refresh.clone();
        if !(self.refresh(connection, index).await? && self.refresh(connection, index).await?) {
            return Ok(());
        }
        let held = self.held.get(index).context("held")?;
        let call = self.party_of(held)?.refreshes(&spent)?;
        connection.send(&call).await?.expect(400)?;
        self.at(index)?.is_over = true;
        Ok(())
    }

    /// A code that comes back ends the grant that it gave.
    async fn replay_code(&mut self, connection: &mut Connection) -> Result<()> {
        let (index, code) = self.connect(connection).await?;
        let call = self.app()?.1.redeems(&code)?;
        connection.send(&call).await?.expect(400)?;
        self.at(index)?.is_over = true;
        Ok(())
    }

    /// A grant that was just refreshed, so that its access token works.
    async fn fresh(&mut self, connection: &mut Connection) -> Result<Option<usize>> {
        let Some(index) = self.any() else { return Ok(None) };
        Ok(self.refresh(connection, index).await?.then_some(index))
    }

    async fn call(&mut self, connection: &mut Connection) -> Result<()> {
        let Some(index) = self.fresh(connection).await? else { return Ok(()) };
        let call = Call::get(ASKED).bearer(&self.at(index)?.access)?;
        for _ in 0..3 {
            connection.send(&call).await?.expect(200)?;
        }
        Ok(())
    }

    async fn introspect(&mut self, connection: &mut Connection) -> Result<()> {
        let Some(index) = self.fresh(connection).await? else { return Ok(()) };
        let held = self.held.get(index).context("held")?;
        let party = self.party_of(held)?;
        let call = party.client.calls("/introspect", &[("token", &held.access)])?;
        let reply = connection.send(&call).await?.expect(200)?;
        ensure!(reply.json()?.get("active") == Some(&Value::Bool(true)), "{}", reply.describe());
        Ok(())
    }

    async fn revoke_access(&mut self, connection: &mut Connection) -> Result<()> {
        let Some(index) = self.fresh(connection).await? else { return Ok(()) };
        let held = self.held.get(index).context("held")?;
        let party = self.party_of(held)?;
        let call = party.client.calls("/revoke", &[("token", &held.access)])?;
        connection.send(&call).await?.expect(200)?;
        let call = Call::get(ASKED).bearer(&held.access)?;
        connection.send(&call).await?.expect(401)?;
        // The grant goes on.
        self.refresh(connection, index).await.map(|_| ())
    }

    /// A refresh token that is given back ends all grants of its app.
    async fn revoke_all(&mut self, connection: &mut Connection) -> Result<()> {
        let Some(index) = self.fresh(connection).await? else { return Ok(()) };
        let held = self.held.get(index).context("held")?;
        let (app, party) = (held.app, self.party_of(held)?);
        let call = party.client.calls("/revoke", &[("token", &held.refresh)])?;
        connection.send(&call).await?.expect(200)?;
        let call = Call::get(ASKED).bearer(&held.access)?;
        connection.send(&call).await?.expect(401)?;
        for held in self.held.iter_mut().filter(|held| held.app == app) {
            held.is_over = true;
        }
        if app == self.apps.len() - 1 {
            self.new_app(connection).await?;
        }
        Ok(())
    }

    /// That a grant gives tokens, or doesn't.
    pub async fn check(
        &self,
        connection: &mut Connection,
        held: &Held,
        is_alive: bool,
    ) -> Result<()> {
        let call = self.party_of(held)?.refreshes(&held.refresh)?;
        let reply = connection.send(&call).await?;
        let said = reply.describe();
        let gives = tokens_or_over(reply)?.is_some();
        ensure!(gives == is_alive, "the books say {is_alive} of {}: {said}", held.grant());
        Ok(())
    }
}

/// Tokens, or `None` when the grant is over.
fn tokens_or_over(reply: Reply) -> Result<Option<Tokens>> {
    if reply.is(400) && reply.json()?.get("error").and_then(Value::as_str) == Some("invalid_grant")
    {
        return Ok(None);
    }
    let [access, refresh] = reply.expect(200)?.members(["access_token", "refresh_token"])?;
    Ok(Some(Tokens { access, refresh }))
}
