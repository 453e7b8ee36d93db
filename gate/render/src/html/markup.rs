//! Text on its way into HTML. Everything goes through here, ours as well: there is no second way in.

use std::fmt::Write;

/// `text` as the content of an element or of a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

/// `text` as prose, in which what stands between backticks is a command.
pub(super) fn prose(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    let parts: Vec<&str> = text.split('`').collect();
    // A backtick without a partner is a backtick.
    let paired = parts.len() - 1 - (parts.len() - 1) % 2;
    for (at, part) in parts.into_iter().enumerate() {
        let part = escaped(part);
        // Writing to a String cannot fail.
        let _ = match at {
            at if at > paired => write!(html, "`{part}"),
            at if at % 2 == 1 => write!(html, "<code>{part}</code>"),
            _ => write!(html, "{part}"),
        };
    }
    html
}

/// `json` as the content of a script element, where only the end tag and a comment mean something and no
/// entity is read.
pub(super) fn inside_script(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 64);
    for c in json.chars() {
        match c {
            // None of them stands outside of a JSON string, where each may be written as its number.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_opens_or_closes_a_tag() {
        for (text, expected) in [
            ("a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;"),
            ("</script>", "&lt;/script&gt;"),
            ("&lt;", "&amp;lt;"),
        ] {
            assert_eq!(escaped(text), expected);
        }
        assert_eq!(
            inside_script("\"</script><!-- &\u{2028}\""),
            "\"\\u003c/script\\u003e\\u003c!-- \\u0026\\u2028\""
        );
    }

    #[test]
    fn commands_stand_in_code() {
        for (text, expected) in [
            ("run `a <b`; then", "run <code>a &lt;b</code>; then"),
            ("`a`", "<code>a</code>"),
            ("a ` b", "a ` b"),
            ("`a` ` <", "<code>a</code> ` &lt;"),
            ("", ""),
        ] {
            assert_eq!(prose(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn embedded_json_means_the_same(text in any::<String>()) {
            let json = serde_json::to_string(&text).expect("JSON");
            let embedded = inside_script(&json);
            prop_assert!(!embedded.contains(['<', '>', '&']));
            prop_assert_eq!(serde_json::from_str::<String>(&embedded).expect("JSON"), text);
        }

        #[test]
        fn prose_keeps_every_character(text in any::<String>()) {
            let html = prose(&text).replace("<code>", "`").replace("</code>", "`");
            prop_assert_eq!(html, escaped(&text));
        }
    }
}
