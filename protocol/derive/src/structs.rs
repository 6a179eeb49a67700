//! Structs, and what has named members like one.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{DeriveInput, Error, Field, Fields, FieldsUnnamed, Token};

use crate::attributes::{Absent, Container, Member, allowed, is_skipped};
use crate::place::Place;
use crate::{implementing, with_bounds};

/// Implements `FromJson` for a struct, and `FromMembers` if its members have names.
pub fn implementation(
    input: &DeriveInput,
    container: &Container,
    fields: &Fields,
) -> syn::Result<TokenStream> {
    if container.transparent {
        return Ok(implementing(input, &transparent(input, fields)?));
    }
    match fields {
        Fields::Named(fields) => named(input, container, &fields.named),
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            nameless(fields)?;
            let body = quote! { json::FromJson::from_json(value).map(Self) };
            Ok(implementing(input, &body))
        }
        _ => {
            Err(Error::new_spanned(input, "FromJson reads structs with named members, and of one"))
        }
    }
}

/// The only member that isn't skipped is the whole.
fn transparent(input: &DeriveInput, fields: &Fields) -> syn::Result<TokenStream> {
    let mut read = 0;
    let mut assignments = Vec::new();
    for (field, place) in fields.iter().zip(fields.members()) {
        if is_skipped(&field.attrs)? {
            assignments.push(quote! { #place: ::core::default::Default::default() });
        } else {
            read += 1;
            assignments.push(quote! { #place: json::FromJson::from_json(value)? });
        }
    }
    if read != 1 {
        return Err(Error::new_spanned(input, "what is transparent has one member"));
    }
    Ok(quote! { ::core::result::Result::Ok(Self { #(#assignments),* }) })
}

fn named(
    input: &DeriveInput,
    container: &Container,
    fields: &Punctuated<Field, Token![,]>,
) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let expected = format!("struct {name}");
    let default = container.default.then(|| quote! { let default = Self::default(); });
    let reading = members(fields, container.default)?;
    let refusal = if container.deny_unknown_fields {
        refusal(fields)?
    } else {
        quote! {}
    };
    let from_json = implementing(
        input,
        &quote! {
            let mut members = json::Members::of(value, #expected)?;
            #refusal
            json::FromMembers::from_members(&mut members)
        },
    );
    let (generics, arguments, bounds) = with_bounds(input);
    Ok(quote! {
        #from_json
        #[automatically_derived]
        impl #generics ::latchkey_protocol::json::FromMembers for #name #arguments #bounds {
            fn from_members(
                members: &mut ::latchkey_protocol::json::Members,
            ) -> ::core::result::Result<Self, ::latchkey_protocol::json::ReadError> {
                use ::latchkey_protocol::json;
                #default
                ::core::result::Result::Ok(Self { #reading })
            }
        }
    })
}

/// The members of a struct or a variant, each read from `members`; those that flatten, which may take all that is left,
/// come last.
pub fn members(
    fields: &Punctuated<Field, Token![,]>,
    has_default: bool,
) -> syn::Result<TokenStream> {
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for field in fields {
        let said = Member::read(&field.attrs)?;
        let (place, name) = (&field.ident, name(field, &said));
        if said.flatten {
            last.push(quote! { #place: json::FromMembers::from_members(members)?, });
            continue;
        }
        let read = match said.default {
            _ if said.skip && has_default => quote! { default.#place },
            _ if said.skip => quote! { ::core::default::Default::default() },
            None if has_default => quote! { members.optional(#name)?.unwrap_or(default.#place) },
            None => quote! { members.required(#name)? },
            Some(Absent::Default) => quote! { members.or_default(#name)? },
            Some(Absent::Of(path)) => quote! { members.optional(#name)?.unwrap_or_else(#path) },
        };
        first.push(quote! { #place: #read, });
    }
    Ok(quote! { #(#first)* #(#last)* })
}

/// Members without names have their places, and no attribute changes how they are read.
pub fn nameless(fields: &FieldsUnnamed) -> syn::Result<()> {
    fields.unnamed.iter().try_for_each(|field| allowed(&field.attrs, &Place::NAMELESS))
}

/// Refuses members of other names.
fn refusal(fields: &Punctuated<Field, Token![,]>) -> syn::Result<TokenStream> {
    let mut names = Vec::new();
    for field in fields {
        let said = Member::read(&field.attrs)?;
        if said.flatten {
            let words =
                "`flatten` of a member isn't read where the struct has `deny_unknown_fields`";
            return Err(Error::new_spanned(field, words));
        }
        if !said.skip {
            names.push(name(field, &said));
        }
    }
    Ok(quote! { members.only(&[#(#names),*])?; })
}

/// The name of a member in JSON.
fn name(field: &Field, said: &Member) -> String {
    let own = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    said.rename.clone().unwrap_or_else(|| own.trim_start_matches("r#").to_owned())
}
