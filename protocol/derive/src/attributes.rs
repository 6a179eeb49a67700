//! What serde's attributes say about reading.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprPath, LitStr, Type};

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

/// What is said about a member or a variant.
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
    /// Reads the attributes of a type.
    pub fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut said = Self::default();
        each(attributes, |meta| {
            match name(&meta).as_str() {
                "default" => said.default = true,
                "deny_unknown_fields" => said.deny_unknown_fields = true,
                "rename_all" => said.rename_all = Some(Case::named(&text(&meta)?)?),
                "tag" => said.tag = Some(text(&meta)?.value()),
                "transparent" => said.transparent = true,
                "try_from" => said.try_from = Some(text(&meta)?.parse()?),
                "into" => ignored(&meta)?,
                "untagged" => {
                    return Err(
                        meta.error("FromJson doesn't guess: implement it for an untagged enum")
                    );
                }
                _ => return Err(meta.error("FromJson doesn't know this attribute of a type")),
            }
            Ok(())
        })?;
        Ok(said)
    }
}

impl Member {
    /// Reads the attributes of a member or a variant.
    pub fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut said = Self::default();
        each(attributes, |meta| {
            match name(&meta).as_str() {
                "default" if meta.input.peek(syn::Token![=]) => {
                    said.default = Some(Absent::Of(text(&meta)?.parse()?));
                }
                "default" => said.default = Some(Absent::Default),
                "flatten" => said.flatten = true,
                "rename" => said.rename = Some(text(&meta)?.value()),
                "skip" => said.skip = true,
                "skip_serializing_if" | "serialize_with" => ignored(&meta)?,
                _ => return Err(meta.error("FromJson doesn't know this attribute of a member")),
            }
            Ok(())
        })?;
        Ok(said)
    }
}

/// Reads each thing that `#[serde(…)]` says.
fn each(
    attributes: &[Attribute],
    mut read: impl FnMut(ParseNestedMeta<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
        .try_for_each(|attribute| attribute.parse_nested_meta(&mut read))
}

fn name(meta: &ParseNestedMeta<'_>) -> String {
    meta.path.get_ident().map(ToString::to_string).unwrap_or_default()
}

fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    meta.value()?.parse()
}

fn ignored(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    meta.value()?.parse::<Expr>().map(drop)
}
