//! Where attributes stand, and which of serde's are known there.

use syn::meta::ParseNestedMeta;
use syn::{Data, DeriveInput, Error, Fields};

/// One place of attributes. serde obeys more of them at most places: what isn't listed here is refused, since what is
/// written would not be what is read.
pub struct Place {
    /// In words that go on after `of`.
    what: &'static str,
    /// What is read here.
    read: &'static [&'static str],
    /// What is about writing, and changes nothing here.
    written: &'static [&'static str],
}

const WRITING_A_MEMBER: &[&str] = &["serialize_with", "skip_serializing_if"];
const WRITING_A_TYPE: &[&str] = &["into"];

impl Place {
    const ENUM: Self =
        Self { what: "an enum", read: &["rename_all", "tag", "try_from"], written: WRITING_A_TYPE };
    const STRUCT: Self = Self {
        what: "a struct with named members",
        read: &["default", "deny_unknown_fields", "transparent", "try_from"],
        written: WRITING_A_TYPE,
    };
    const LIST: Self = Self {
        what: "a struct without named members",
        read: &["transparent", "try_from"],
        written: WRITING_A_TYPE,
    };
    pub const CONVERTED: Self =
        Self { what: "a type with `try_from`", read: &["try_from"], written: WRITING_A_TYPE };
    pub const TRANSPARENT: Self = Self {
        what: "a type that is `transparent`",
        read: &["transparent"],
        written: WRITING_A_TYPE,
    };
    pub const VARIANT: Self =
        Self { what: "a variant", read: &["rename"], written: &["serialize_with"] };
    pub const MEMBER: Self = Self {
        what: "a named member",
        read: &["default", "flatten", "rename", "skip"],
        written: WRITING_A_MEMBER,
    };
    pub const FLATTENED: Self =
        Self { what: "a member with `flatten`", read: &["flatten"], written: WRITING_A_MEMBER };
    pub const SKIPPED: Self =
        Self { what: "a member with `skip`", read: &["skip"], written: WRITING_A_MEMBER };
    pub const MEMBER_OF_TRANSPARENT: Self = Self {
        what: "a member of what is `transparent`",
        read: &["skip"],
        written: WRITING_A_MEMBER,
    };
    pub const NAMELESS: Self =
        Self { what: "a member without a name", read: &[], written: WRITING_A_MEMBER };

    /// Where the attributes of a type stand.
    pub const fn of(input: &DeriveInput) -> &'static Self {
        match &input.data {
            Data::Enum(_) => &Self::ENUM,
            Data::Struct(data) => match data.fields {
                Fields::Named(_) => &Self::STRUCT,
                Fields::Unnamed(_) | Fields::Unit => &Self::LIST,
            },
            Data::Union(_) => &Self::CONVERTED,
        }
    }

    pub fn reads(&self, name: &str) -> bool {
        self.read.contains(&name)
    }

    pub fn writes(&self, name: &str) -> bool {
        self.written.contains(&name)
    }

    /// The error that an attribute isn't known here.
    pub fn refusal(&self, meta: &ParseNestedMeta<'_>) -> Error {
        let path = &meta.path;
        let name = quote::quote!(#path);
        let known = self.read.iter().chain(self.written);
        let known = known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let what = self.what;
        // An enum whose variants are told by what fits is read by code that says which it tries first.
        let instead = if meta.path.is_ident("untagged") { "; implement it by hand" } else { "" };
        meta.error(format_args!(
            "FromJson doesn't know `{name}` of {what}; it knows {known} there{instead}"
        ))
    }
}
