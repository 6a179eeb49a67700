//! Enums: the variant is told by the name alone, by the only member's name, or by a member beside the variant's own.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Fields, Ident, Variant};

use crate::attributes::{Container, renamed};
use crate::structs::{members, nameless};

/// What reads `value` as one of the variants.
pub fn body(
    name: &Ident,
    container: &Container,
    variants: &[&Variant],
) -> syn::Result<TokenStream> {
    let names = variants.iter().map(|variant| written(variant, container));
    let names: Vec<String> = names.collect::<syn::Result<_>>()?;
    let expected = format!("enum {name}");
    let is_plain = variants.iter().all(|variant| matches!(variant.fields, Fields::Unit));
    let (start, each): (_, fn(&Ident, &Variant) -> syn::Result<TokenStream>) =
        match (&container.tag, is_plain) {
            (Some(tag), _) => {
                let start = quote! {
                    let mut all = json::Members::of(value, #expected)?;
                    let members = &mut all;
                    let index = members.tag(#tag, &[#(#names),*])?;
                };
                (start, beside_the_tag)
            }
            (None, true) => {
                (quote! { let index = json::variant(value, #expected, &[#(#names),*])?; }, alone)
            }
            (None, false) => {
                let start = quote! {
                    let (index, content) = json::Content::of(value, #expected, &[#(#names),*])?;
                };
                (start, inside)
            }
        };
    let arms: Vec<TokenStream> =
        variants.iter().map(|variant| each(name, variant)).collect::<syn::Result<_>>()?;
    let Some((last, others)) = arms.split_last() else {
        return Err(Error::new_spanned(name, "an enum without variants has no value"));
    };
    // The index is of the list of names, so what isn't one of the others is the last.
    let indices = 0..others.len();
    Ok(quote! {
        #start
        ::core::result::Result::Ok(match index {
            #(#indices => #others,)*
            _ => #last,
        })
    })
}

fn written(variant: &Variant, container: &Container) -> syn::Result<String> {
    let own = variant.ident.to_string();
    Ok(renamed(&variant.attrs)?.unwrap_or_else(|| match container.rename_all {
        Some(case) => case.of_variant(&own),
        None => own,
    }))
}

/// A variant that is its name.
fn alone(_: &Ident, variant: &Variant) -> syn::Result<TokenStream> {
    let name = &variant.ident;
    Ok(quote! { Self::#name })
}

/// A variant that is a name with content.
fn inside(enumeration: &Ident, variant: &Variant) -> syn::Result<TokenStream> {
    let name = &variant.ident;
    Ok(match &variant.fields {
        Fields::Unit => quote! { { content.nothing()?; Self::#name } },
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            nameless(fields)?;
            quote! { Self::#name(content.value()?) }
        }
        Fields::Unnamed(fields) => {
            nameless(fields)?;
            let places: Vec<Ident> = (0..fields.unnamed.len())
                .map(|index| quote::format_ident!("item_{index}"))
                .collect();
            quote! { { let (#(#places),*) = content.value()?; Self::#name(#(#places),*) } }
        }
        Fields::Named(fields) => {
            let expected = format!("struct variant {enumeration}::{name}");
            let reading = members(&fields.named, false)?;
            quote! { {
                let mut all = content.members(#expected)?;
                let members = &mut all;
                Self::#name { #reading }
            } }
        }
    })
}

/// A variant whose members are beside the one that names it.
fn beside_the_tag(_: &Ident, variant: &Variant) -> syn::Result<TokenStream> {
    let name = &variant.ident;
    match &variant.fields {
        Fields::Unit => Ok(quote! { Self::#name }),
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            nameless(fields)?;
            Ok(quote! { Self::#name(members.rest()?) })
        }
        Fields::Unnamed(_) => Err(Error::new_spanned(variant, "a tag has no place beside a list")),
        Fields::Named(fields) => {
            let reading = members(&fields.named, false)?;
            Ok(quote! { Self::#name { #reading } })
        }
    }
}
