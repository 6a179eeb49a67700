//! What serde would obey and this doesn't read is refused, wherever it stands.

use syn::parse_quote;

use super::*;

/// What the compiler says to the author of a type.
fn refusal(input: &DeriveInput) -> String {
    implementation(input).expect_err("not read here").to_string()
}

fn is_read(input: &DeriveInput) {
    if let Err(error) = implementation(input) {
        panic!("{error}");
    }
}

#[test]
fn what_an_enum_does_not_read_is_refused() {
    for (input, name) in [
        (
            parse_quote! { #[serde(deny_unknown_fields)] enum E { A { a: u8 } } },
            "deny_unknown_fields",
        ),
        (parse_quote! { #[serde(default)] enum E { A } }, "default"),
        (parse_quote! { #[serde(transparent)] enum E { A(u8) } }, "transparent"),
        (parse_quote! { #[serde(content = "c")] enum E { A(u8) } }, "content"),
        (
            parse_quote! { #[serde(rename_all_fields = "camelCase")] enum E { A } },
            "rename_all_fields",
        ),
        (
            parse_quote! { #[serde(tag = "t", deny_unknown_fields)] enum E { A } },
            "deny_unknown_fields",
        ),
    ] {
        let expected = format!(
            "FromJson doesn't know `{name}` of an enum; it knows `rename_all`, `tag`, `try_from`, `into` there"
        );
        assert_eq!(refusal(&input), expected);
    }
    let untagged = refusal(&parse_quote! { #[serde(untagged)] enum E { A(u8) } });
    assert!(untagged.starts_with("FromJson doesn't know `untagged` of an enum"), "{untagged}");
    assert!(untagged.ends_with("; implement it by hand"), "{untagged}");
}

#[test]
fn what_a_struct_does_not_read_is_refused() {
    let known = "`default`, `deny_unknown_fields`, `transparent`, `try_from`, `into`";
    for (input, name) in [
        (parse_quote! { #[serde(rename_all = "snake_case")] struct S { a: u8 } }, "rename_all"),
        (parse_quote! { #[serde(tag = "kind")] struct S { a: u8 } }, "tag"),
        (parse_quote! { #[serde(from = "u8")] struct S { a: u8 } }, "from"),
        (parse_quote! { #[serde(some::path)] struct S { a: u8 } }, "some :: path"),
    ] {
        let expected = format!(
            "FromJson doesn't know `{name}` of a struct with named members; it knows {known} there"
        );
        assert_eq!(refusal(&input), expected);
    }
    for (input, name) in [
        (parse_quote! { #[serde(default)] struct S(u8); }, "default"),
        (parse_quote! { #[serde(deny_unknown_fields)] struct S(u8); }, "deny_unknown_fields"),
        (parse_quote! { #[serde(rename_all = "lowercase")] struct S(u8); }, "rename_all"),
    ] {
        let expected = format!(
            "FromJson doesn't know `{name}` of a struct without named members; it knows `transparent`, `try_from`, \
             `into` there"
        );
        assert_eq!(refusal(&input), expected);
    }
    let by_path = refusal(&parse_quote! { #[serde(default = "make")] struct S { a: u8 } });
    assert_eq!(
        by_path,
        "FromJson doesn't know `default = …` of a struct; it knows `default` there"
    );
}

#[test]
fn beside_what_makes_the_type_another_one_nothing_else_is_read() {
    for (input, name) in [
        (parse_quote! { #[serde(try_from = "u8", default)] struct S { a: u8 } }, "default"),
        (parse_quote! { #[serde(transparent, try_from = "u8")] struct S { a: u8 } }, "transparent"),
        (
            parse_quote! { #[serde(rename_all = "lowercase", try_from = "u8")] enum E { A } },
            "rename_all",
        ),
    ] {
        let expected = format!(
            "FromJson doesn't know `{name}` of a type with `try_from`; it knows `try_from`, `into` there"
        );
        assert_eq!(refusal(&input), expected);
    }
    let input = parse_quote! { #[serde(transparent, deny_unknown_fields)] struct S { a: u8 } };
    assert_eq!(
        refusal(&input),
        "FromJson doesn't know `deny_unknown_fields` of a type that is `transparent`; it knows `transparent`, `into` there"
    );
}

#[test]
fn what_a_variant_does_not_read_is_refused() {
    for (input, name) in [
        (parse_quote! { enum E { #[serde(skip)] A, B } }, "skip"),
        (parse_quote! { enum E { #[serde(default)] A, B(u8) } }, "default"),
        (parse_quote! { enum E { #[serde(flatten)] A { a: u8 } } }, "flatten"),
        (parse_quote! { enum E { #[serde(rename_all = "lowercase")] A { a: u8 } } }, "rename_all"),
        (parse_quote! { enum E { #[serde(other)] A } }, "other"),
        (parse_quote! { enum E { #[serde(alias = "b")] A } }, "alias"),
        (
            parse_quote! { enum E { #[serde(skip_serializing_if = "f")] A(u8) } },
            "skip_serializing_if",
        ),
        (
            parse_quote! { #[serde(tag = "t")] enum E { #[serde(untagged)] A { a: u8 } } },
            "untagged",
        ),
    ] {
        let expected = format!(
            "FromJson doesn't know `{name}` of a variant; it knows `rename`, `serialize_with` there"
        );
        assert_eq!(refusal(&input).trim_end_matches("; implement it by hand"), expected);
    }
}

#[test]
fn what_a_member_does_not_read_is_refused() {
    let named = "`default`, `flatten`, `rename`, `skip`, `serialize_with`, `skip_serializing_if`";
    for (input, name) in [
        (parse_quote! { struct S { #[serde(rename_all = "lowercase")] a: u8 } }, "rename_all"),
        (parse_quote! { struct S { #[serde(deny_unknown_fields)] a: u8 } }, "deny_unknown_fields"),
        (parse_quote! { struct S { #[serde(alias = "b")] a: u8 } }, "alias"),
        (parse_quote! { struct S { #[serde(with = "m")] a: u8 } }, "with"),
        (
            parse_quote! { enum E { A { #[serde(deserialize_with = "f")] a: u8 } } },
            "deserialize_with",
        ),
        (
            parse_quote! { #[serde(tag = "t")] enum E { A { #[serde(skip_deserializing)] a: u8 } } },
            "skip_deserializing",
        ),
    ] {
        let expected =
            format!("FromJson doesn't know `{name}` of a named member; it knows {named} there");
        assert_eq!(refusal(&input), expected);
    }
    for input in [
        parse_quote! { struct S(#[serde(default)] u8); },
        parse_quote! { enum E { A(#[serde(default)] u8) } },
        parse_quote! { enum E { A(u8, #[serde(default)] u8) } },
        parse_quote! { #[serde(tag = "t")] enum E { A(#[serde(default)] B) } },
    ] {
        assert_eq!(
            refusal(&input),
            "FromJson doesn't know `default` of a member without a name; it knows `serialize_with`, \
             `skip_serializing_if` there"
        );
    }
    for (input, what) in [
        (
            parse_quote! { struct S { #[serde(flatten, default)] a: A } },
            "`default` of a member with `flatten`",
        ),
        (
            parse_quote! { struct S { #[serde(rename = "b", flatten)] a: A } },
            "`rename` of a member with `flatten`",
        ),
        (
            parse_quote! { struct S { #[serde(skip, default = "f")] a: A } },
            "`default` of a member with `skip`",
        ),
        (
            parse_quote! { struct S { #[serde(skip, flatten)] a: A } },
            "`flatten` of a member with `skip`",
        ),
        (
            parse_quote! { #[serde(transparent)] struct S { #[serde(rename = "b")] a: A } },
            "`rename` of a member of what is `transparent`",
        ),
        (
            parse_quote! { #[serde(transparent)] struct S(#[serde(flatten)] A); },
            "`flatten` of a member of what is `transparent`",
        ),
    ] {
        let said = refusal(&input);
        assert!(said.starts_with(&format!("FromJson doesn't know {what}; it knows ")), "{said}");
    }
    let input = parse_quote! { #[serde(deny_unknown_fields)] struct S { #[serde(flatten)] a: A } };
    assert_eq!(
        refusal(&input),
        "`flatten` of a member isn't read where the struct has `deny_unknown_fields`"
    );
}

#[test]
fn what_is_read_and_what_is_about_writing_is_allowed_where_it_belongs() {
    is_read(&parse_quote! {
        #[derive(Debug)]
        #[serde(default, deny_unknown_fields)]
        struct S {
            #[serde(default, rename = "b", skip_serializing_if = "Option::is_none")] a: u8,
            #[serde(default = "path::to", serialize_with = "f")] c: u8,
            #[serde(skip)] #[other(attribute)] d: u8,
        }
    });
    is_read(
        &parse_quote! { struct S { #[serde(flatten, skip_serializing_if = "Option::is_none")] a: A } },
    );
    is_read(&parse_quote! { #[serde(transparent)] struct S { a: u8, #[serde(skip)] b: u8 } });
    is_read(&parse_quote! { #[serde(try_from = "u8", into = "u8")] struct S(u8); });
    is_read(
        &parse_quote! { #[serde(tag = "t", rename_all = "snake_case")] enum E { #[serde(rename = "b")] A { a: u8 } } },
    );
    // What is made of another type has members for writing alone.
    is_read(&parse_quote! { #[serde(try_from = "T")] struct S { #[serde(rename = "b")] a: u8 } });
}
