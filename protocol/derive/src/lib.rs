//! Derives `latchkey_protocol::json::FromJson`.
//!
//! serde's derive writes a visitor, an enum of names and an option for each member of each type, and that was a quarter
//! of the worker's WebAssembly. This one writes a call for each member, and what is called is there once for each type
//! that a member can have. It takes its orders from serde's own attributes, so that what is written by serde's
//! `Serialize` is read by the same names; an attribute that it doesn't know is an error, never left out.
#![deny(missing_docs)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod attributes;
mod enums;
mod place;
mod structs;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, GenericParam, parse_macro_input};

use attributes::Container;
use place::Place;

/// Implements `FromJson`, and for a struct with named members `FromMembers` too, by serde's attributes:
///
/// - on a struct: `default` and `deny_unknown_fields` where its members have names; `transparent`;
/// - on an enum: `rename_all` (`snake_case`, `lowercase`), `tag`;
/// - on both: `try_from`;
/// - on a member that has a name: `default`, `default = "path"`, `flatten`, `rename`, `skip`;
/// - on a variant: `rename`.
///
/// `into`, `skip_serializing_if` and `serialize_with` are about writing and change nothing here. Anything else, or one of
/// these at another place, is refused. An `untagged` enum is read by code of its own.
#[proc_macro_derive(FromJson, attributes(serde))]
pub fn from_json(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    implementation(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn implementation(input: &DeriveInput) -> syn::Result<TokenStream> {
    let container = Container::read(&input.attrs, Place::of(input))?;
    if let Some(source) = &container.try_from {
        let body = quote! { json::converted::<#source, Self>(value) };
        return Ok(implementing(input, &body));
    }
    match &input.data {
        Data::Struct(data) => structs::implementation(input, &container, &data.fields),
        Data::Enum(data) => {
            let variants: Vec<_> = data.variants.iter().collect();
            Ok(implementing(input, &enums::body(&input.ident, &container, &variants)?))
        }
        Data::Union(_) => Err(Error::new_spanned(input, "a union has no form in JSON")),
    }
}

/// `impl FromJson`, whose body reads `value`.
fn implementing(input: &DeriveInput, body: &TokenStream) -> TokenStream {
    let name = &input.ident;
    let (generics, arguments, bounds) = with_bounds(input);
    quote! {
        #[automatically_derived]
        impl #generics ::latchkey_protocol::json::FromJson for #name #arguments #bounds {
            fn from_json(
                value: ::latchkey_protocol::json::Value,
            ) -> ::core::result::Result<Self, ::latchkey_protocol::json::ReadError> {
                use ::latchkey_protocol::json;
                #body
            }
        }
    }
}

/// The generics of the type, each of whose parameters is read as well.
fn with_bounds(input: &DeriveInput) -> (TokenStream, TokenStream, TokenStream) {
    let (generics, arguments, _) = input.generics.split_for_impl();
    let bounds = input.generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => {
            let name = &parameter.ident;
            Some(quote! { #name: ::latchkey_protocol::json::FromJson, })
        }
        _ => None,
    });
    (quote! { #generics }, quote! { #arguments }, quote! { where #(#bounds)* })
}

#[cfg(test)]
mod tests;
