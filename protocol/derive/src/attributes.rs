//! What serde's attributes say about reading.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprPath, LitStr, Token, Type};

use crate::place::Place;

/// What is said about a type.
#[derive(Default)]
pub struct Container {
    /// What is absent is as in the type's own default.
    pub default: bool,
    /// A member of another name is an error.
    pub deny_unknown_fields: bool,
    /// How the variants' names are written.
    pub rename_all: Option<Case>,
    /// The member that names the variant, beside the variant's own.
    pub tag: Option<String>,
    /// The only member is the whole.
    pub transparent: bool,
    /// It is made from this type, which is read.
    pub try_from: Option<Type>,
}

/// How names are written.
#[derive(Clone, Copy)]
pub enum Case {
    Lower,
    Snake,
}

/// What is said about a member.
#[derive(Default)]
pub struct Member {
    /// What it is when it is absent.
    pub default: Option<Absent>,
    /// Its own members are beside those of the others.
    pub flatten: bool,
    /// Its name in JSON.
    pub rename: Option<String>,
    /// It isn't in the JSON.
    pub skip: bool,
}

/// What an absent member is.
pub enum Absent {
    /// Its type's default.
    Default,
    /// What this function returns.
    Of(ExprPath),
}

impl Case {
    fn named(text: &LitStr) -> syn::Result<Self> {
        match text.value().as_str() {
            "lowercase" => Ok(Self::Lower),
            "snake_case" => Ok(Self::Snake),
            _ => Err(syn::Error::new_spanned(text, "FromJson knows lowercase and snake_case")),
        }
    }

    /// A variant's name as serde writes it.
    pub fn of_variant(self, name: &str) -> String {
        match self {
            Self::Lower => name.to_ascii_lowercase(),
            Self::Snake => {
                let mut written = String::new();
                for letter in name.chars() {
                    if letter.is_uppercase() && !written.is_empty() {
                        written.push('_');
                    }
                    written.push(letter.to_ascii_lowercase());
                }
                written
            }
        }
    }
}

impl Container {
    /// Reads the attributes of a type that is of the kind `place`.
    pub fn read(attributes: &[Attribute], place: &Place) -> syn::Result<Self> {
        let mut said = Self::default();
        each(attributes, place, |name, meta| {
            match name {
                "default" if meta.input.peek(Token![=]) => {
                    return Err(meta.error(
                        "FromJson doesn't know `default = …` of a struct; it knows `default` there",
                    ));
                }
                "default" => said.default = true,
                "deny_unknown_fields" => said.deny_unknown_fields = true,
                "rename_all" => said.rename_all = Some(Case::named(&text(meta)?)?),
                "tag" => said.tag = Some(text(meta)?.value()),
                "transparent" => said.transparent = true,
                "try_from" => said.try_from = Some(text(meta)?.parse()?),
                _ => return Err(place.refusal(meta)),
            }
            Ok(())
        })?;
        // What is said beside these two is about members that aren't read.
        let narrower = match (&said.try_from, said.transparent) {
            (Some(_), _) => &Place::CONVERTED,
            (None, true) => &Place::TRANSPARENT,
            (None, false) => return Ok(said),
        };
        allowed(attributes, narrower)?;
        Ok(said)
    }
}

impl Member {
    /// Reads the attributes of a member that has a name.
    pub fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut said = Self::default();
        let place = &Place::MEMBER;
        each(attributes, place, |name, meta| {
            match name {
                "default" if meta.input.peek(Token![=]) => {
                    said.default = Some(Absent::Of(text(meta)?.parse()?));
                }
                "default" => said.default = Some(Absent::Default),
                "flatten" => said.flatten = true,
                "rename" => said.rename = Some(text(meta)?.value()),
                "skip" => said.skip = true,
                _ => return Err(place.refusal(meta)),
            }
            Ok(())
        })?;
        // A member without a name in the JSON has nothing that could be called otherwise or be absent.
        if said.skip {
            allowed(attributes, &Place::SKIPPED)?;
        } else if said.flatten {
            allowed(attributes, &Place::FLATTENED)?;
        }
        Ok(said)
    }
}

/// Whether a member of what is `transparent` is skipped.
pub fn is_skipped(attributes: &[Attribute]) -> syn::Result<bool> {
    let mut skipped = false;
    let place = &Place::MEMBER_OF_TRANSPARENT;
    each(attributes, place, |name, meta| match name {
        "skip" => {
            skipped = true;
            Ok(())
        }
        _ => Err(place.refusal(meta)),
    })?;
    Ok(skipped)
}

/// What a variant is called, if it isn't by its own name.
pub fn renamed(attributes: &[Attribute]) -> syn::Result<Option<String>> {
    let mut renamed = None;
    let place = &Place::VARIANT;
    each(attributes, place, |name, meta| match name {
        "rename" => {
            renamed = Some(text(meta)?.value());
            Ok(())
        }
        _ => Err(place.refusal(meta)),
    })?;
    Ok(renamed)
}

/// Refuses what isn't known at `place`, and reads nothing.
pub fn allowed(attributes: &[Attribute], place: &Place) -> syn::Result<()> {
    each(
        attributes,
        place,
        |_, meta| {
            if meta.input.peek(Token![=]) { ignored(meta) } else { Ok(()) }
        },
    )
}

/// Reads each thing that `#[serde(…)]` says, if it is one that is read at `place`.
fn each(
    attributes: &[Attribute],
    place: &Place,
    mut read: impl FnMut(&str, &ParseNestedMeta<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    let attributes = attributes.iter().filter(|attribute| attribute.path().is_ident("serde"));
    for attribute in attributes {
        attribute.parse_nested_meta(|meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            if place.writes(&name) {
                ignored(&meta)
            } else if place.reads(&name) {
                read(&name, &meta)
            } else {
                Err(place.refusal(&meta))
            }
        })?;
    }
    Ok(())
}

fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    meta.value()?.parse()
}

fn ignored(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    meta.value()?.parse::<Expr>().map(drop)
}
